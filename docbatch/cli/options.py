"""Options that several commands share."""

import os
from collections.abc import Callable, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from docbatch.cli import chosen_project, completion
from docbatch.core.outside_text import whole

if TYPE_CHECKING:
    from docbatch import Selectors


def _start_in(_context: click.Context, _option: click.Parameter, folders: tuple[str, ...]) -> None:
    for folder in folders:
        try:
            os.chdir(folder)
        except OSError as error:
            raise click.BadParameter(f"docbatch cannot start in '{folder}': {error.strerror}") from error


# Comes first, so that what the other options and arguments name is looked for in that folder.
start_in = click.Option(
    ["-C", "folders"],
    multiple=True,
    metavar="DIR",
    is_eager=True,
    expose_value=False,
    callback=_start_in,
    shell_complete=completion.folders,
    help="Act as if started in this folder: the project is looked for there, and paths are relative to it.",
)


class Words(click.types.StringParamType):
    """Text that names something in the state or at a vendor. The name of a document is none: it is bytes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found: str = super().convert(value, param, ctx)
        if whole(found) != found:
            self.fail("it is no text in UTF-8", param, ctx)
        return found


NAMES_OF_FILES = frozenset({"document", "globs", "path", "run"})


def take_folder(command: click.Command) -> None:
    """Let a command, and all below it, take -C, and words that are words."""
    for taken in command.params:
        if type(taken.type) is click.types.StringParamType and taken.name not in NAMES_OF_FILES:
            taken.type = Words()
    if start_in not in command.params:
        command.params.append(start_in)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            take_folder(each)


def duration(option: str, text: str) -> float:
    """Return the seconds that an option says. Raises BadParameter."""
    import re

    from docbatch.fields import DURATION, seconds

    if not re.match(DURATION, text):
        raise click.BadParameter(f"'{text}' is no duration; write 90s, 30m, 6h or 2d", param_hint=option)
    return seconds(text)


UNTRUSTED = "DOCBATCH_UNTRUSTED"


def untrusted_by_variable(context: click.Context) -> bool:
    """Say whether the environment asks that projects be looked at only. Raises BadParameter."""
    value = os.environ.get(UNTRUSTED)
    return bool(value) and bool(click.BOOL.convert(value, None, context))


untrusted = click.option(
    "--untrusted",
    is_flag=True,
    envvar=UNTRUSTED,
    is_eager=True,
    help="Look at nothing but the project's own files, as for a pull request from a fork: no state, no variables but DOCBATCH_VAR_….",
)


def _take_hosts(_context: click.Context, _option: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Let the state be reached there, too: it is looked for before a command says what else it allows."""
    chosen_project.allow_hosts(names)
    return names


allow_host = click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    envvar="DOCBATCH_ALLOW_HOSTS",
    callback=_take_hosts,
    help="Let this connection or store send its key to a host that is not the vendor's own.",
)


offline = click.option(
    "--offline",
    is_flag=True,
    help="Look at no bucket: documents there count as they are recorded, and what is not looked at is said.",
)


def selectors(command: Any) -> Any:
    """Give a command the options that select documents which are not well."""
    return _with(command, (_JOB, _CLASS, _PATH, _LABEL, _OLDER_THAN))


def of_standing(command: Any) -> Any:
    """Give a command the options that select documents by how they stand, beside those of `selectors`."""
    return _with(command, (_FAILED, _STATE))


def of_documents(command: Any) -> Any:
    """Give a command the options that select jobs, and documents by what is recorded of them."""
    return _with(command, (_JOB, _LABEL, _PATH, _STATE, _FAILED, _OLDER_THAN))


def _with(command: Any, taken: Sequence[Callable[[Any], Any]]) -> Any:
    """Return a command with options, which its help names in this order."""
    for option in reversed(taken):
        command = option(command)
    return command


SELECTED = ("jobs", "labels", "globs", "states", "failed", "older_than", "changed")
"""The names of what these options give, and `changed`."""

changed = click.option(
    "--changed", is_flag=True, help="Only documents that are new, or differ from what was sent."
)


def chosen(
    *,
    jobs: tuple[str, ...],
    labels: dict[str, tuple[str, ...]],
    globs: tuple[str, ...],
    states: tuple[str, ...],
    failed: bool,
    older_than: float | None,
    changed: bool = False,
) -> "Selectors | None":
    """Return what options of `of_documents` select, None where none was given."""
    if not (jobs or labels or globs or states or failed or changed) and older_than is None:
        return None
    from docbatch import Selectors

    return Selectors(
        jobs=jobs,
        labels=labels,
        paths=globs,
        states=states,
        changed=changed,
        failed=failed,
        older_than=older_than,
    )


def _labels(
    _context: click.Context, _option: click.Parameter, written: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, equals, value in (text.partition("=") for text in written):
        if not name or not equals:
            raise click.BadParameter("write it as NAME=VALUE, such as team=finance")
        found[name] = (*found.get(name, ()), value)
    return found


def _seconds(_context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    return None if text is None else duration(option.opts[0], text)


_JOB = click.option(
    "--job",
    "jobs",
    multiple=True,
    metavar="JOB",
    shell_complete=completion.jobs,
    help="Only documents of this job.",
)
_CLASS = click.option(
    "--class",
    "classes",
    multiple=True,
    metavar="CLASS",
    shell_complete=completion.classes,
    help="Only documents of this class, such as timeout; lost means the partial ones, held those that may have been sent.",
)
_PATH = click.option(
    "--path",
    "globs",
    multiple=True,
    metavar="GLOB",
    help="Only documents whose path, from the source's root on, matches this pattern.",
)
_LABEL = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_labels,
    help="Only documents of jobs with this label.",
)
_STATE = click.option(
    "--state",
    "states",
    multiple=True,
    metavar="STATE",
    shell_complete=completion.states,
    help="Only documents that stand so: new, pending, live, succeeded, partial, failed, problem or held.",
)
_FAILED = click.option(
    "--failed",
    is_flag=True,
    help="Only documents that failed or are partial, and for which the exit code is 3: accepted ones are left out.",
)
_OLDER_THAN = click.option(
    "--older-than",
    metavar="DURATION",
    callback=_seconds,
    help="Only documents of which something became last longer ago than this, such as 2d.",
)


def _words(_context: click.Context, _option: click.Parameter, written: tuple[str, ...]) -> tuple[str, ...]:
    from docbatch.core.guard import Permission

    words = [word.strip() for text in written for word in text.split(",")]
    for word in words:
        if word not in set(Permission):
            raise click.BadParameter(
                f"'{word}' is nothing that can be allowed; there is {', '.join(Permission)}"
            )
    return tuple(words)


allow = click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="WORDS",
    callback=_words,
    help="Let guards pass this once: overwritten (files that it does not know as its own), shared (folders of other projects), changed, new, resent (documents to be paid), money (what they cost), failed (how many fail).",
)

metrics = click.option(
    "--metrics",
    "metrics_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write numbers for Prometheus' node exporter into this file, such as docbatch.prom.",
)

report = click.option(
    "--report",
    "report_folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    shell_complete=completion.folders,
    help="Write how the jobs stand into this folder: report.json, report.xml (JUnit), report.md and report.html.",
)

WAITING_COMMANDS: Final = frozenset(
    {
        "accept",
        "adopt",
        "apply",
        "cancel",
        "collect",
        "prune",
        "recover",
        "resolve",
        "retry",
        "state check",
        "state compact",
        "state load",
        "state mv connection",
        "state mv document",
        "state mv job",
        "state restore",
        "state rm",
        "waive",
    }
)
_LOCK_SECONDS = "docbatch.lock_timeout"


def take_lock_timeout(command: click.Command, name: str) -> None:
    """Let a command, and all below it, wait for another run."""
    if isinstance(command, click.Group):
        for below, each in command.commands.items():
            take_lock_timeout(each, f"{name} {below}")
    elif name in WAITING_COMMANDS and command.callback is not None and not _takes_lock_timeout(command):
        command.params.append(
            click.Option(
                ["--lock-timeout"],
                metavar="DURATION",
                expose_value=False,
                callback=_keep_seconds,
                help="Wait this long for another run to end, such as 10m, and look at specs and documents only then.",
            )
        )
        command.callback = _waiting(command.callback)


def _takes_lock_timeout(command: click.Command) -> bool:
    return any("--lock-timeout" in each.opts for each in command.params)


def _keep_seconds(context: click.Context, option: click.Parameter, written: str | None) -> None:
    context.meta[_LOCK_SECONDS] = 0.0 if written is None else duration(option.opts[0], written)


def _waiting(callback: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(callback)
    def called(*args: Any, **given: Any) -> Any:
        seconds = click.get_current_context().meta.get(_LOCK_SECONDS, 0.0)
        if not seconds:
            return callback(*args, **given)
        from docbatch.cli.lock_timeout import wait_for

        return wait_for(seconds, partial(callback, *args, **given), quiet=bool(given.get("quiet")))

    return called
