"""What `watch` says while it waits."""

from docbatch.api.watched_rounds import (
    RoundRefused,
    SettlingFiles,
    StillChanging,
    Watching,
    WatchNotice,
)
from docbatch.cli.error_words import show_error
from docbatch.cli.output import say, tell
from docbatch.core.errors import SpecError
from docbatch.core.report import plural, span, visible


def tell_notice(notice: WatchNotice) -> None:
    """Say it on standard error, and where the command prints JSON, as a line."""
    match notice:
        case Watching():
            _tell_watching(notice)
        case SettlingFiles():
            are = "is" if notice.files == 1 else "are"
            text = (
                f"{plural(notice.files, 'file')} may still be written, such as {notice.first}:"
                f" {are} looked at again in {span(notice.seconds)}"
            )
            _say(text, "settling", files=notice.files, first=notice.first, seconds=notice.seconds)
        case StillChanging():
            text = f"{notice.path} has been changing for {span(notice.seconds)}; it is not sent"
            _say(text, "changing", path=notice.path, seconds=notice.seconds)
        case RoundRefused():
            _tell_refused(notice)


def _say(text: str, kind: str, **values: object) -> None:
    say(visible(text), err=True)
    tell(kind, None, **values)


def _tell_watching(notice: Watching) -> None:
    heard = notice.folders - len(notice.unheard)
    parts = [f"watching {plural(heard, 'folder')}"] if heard or not notice.others else []
    counted = [f"{plural(count, what)}" for what, count in sorted(notice.others.items())]
    if counted:
        parts.append(f"looking at {', '.join(counted)} every {span(notice.every)}")
    text = f"{' and '.join(parts)}; a file is taken once it was the same for {span(notice.settle)}"
    unheard = [{"folder": folder, "reason": reason} for folder, reason in notice.unheard]
    _say(
        text,
        "watching",
        folders=heard,
        unheard=unheard,
        others=notice.others,
        every=notice.every,
        settle=notice.settle,
    )
    for folder, reason in notice.unheard:
        say(visible(f"{folder}: {reason}; it is looked at every {span(notice.often)}"), err=True)


def _tell_refused(notice: RoundRefused) -> None:
    error = notice.error
    show_error(error)
    if isinstance(error, SpecError):
        say("the specs have problems; nothing is done until they are mended", err=True)
        return
    say(f"waiting for changes, or {span(notice.every)}", err=True)
