"""Showing what goes on, on stderr: bars on a terminal, calm lines elsewhere, JSON lines on stdout when asked for."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from docbatch.cli.outlet import say
from docbatch.engine import notices
from docbatch.engine.notices import Notice, Observer

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

INTERVAL = 10.0


@contextmanager
def observer(*, as_json: bool) -> Iterator[Observer]:
    """Yield what the engine shall tell its notices to."""
    if as_json:
        yield _json_line
    elif sys.stderr.isatty():
        with _bars() as show:
            yield show
    else:
        yield Lines()


def _json_line(notice: Notice) -> None:
    name = type(notice).__name__.lower()
    say(json.dumps({"version": "docbatch/apply/v1", "type": name, **asdict(notice)}))


class Counts:
    """What the notices add up to."""

    def __init__(self) -> None:
        self.sent = self.ended = self.failed = self.delivered = 0

    def add(self, notice: Notice) -> None:
        match notice:
            case notices.Intended():
                self.sent += notice.documents
            case notices.Ended():
                self.ended += notice.documents
                self.failed += notice.failed
            case notices.Delivered():
                self.delivered += notice.documents

    def __str__(self) -> str:
        failed = f", {self.failed:,} failed" if self.failed else ""
        return f"{self.sent:,} sent, {self.ended:,} ended{failed}, {self.delivered:,} outputs written"


def trouble(notice: Notice) -> str | None:
    """Return the line for what a user must hear about at once; None for the rest."""
    from docbatch.report import visible

    text = _trouble(notice)
    return None if text is None else visible(text)


def _trouble(notice: Notice) -> str | None:
    match notice:
        case notices.Trouble():
            return f"{notice.subject}: {notice.message}" + (f" ({notice.hint})" if notice.hint else "")
        case notices.Replanned():
            return f"{notice.document}: {notice.reason}; planned again"
        case notices.Answered(outcome="unanswered"):
            return f"submission {notice.submission}: {notice.reason}; looking for it before anything is sent again"
        case notices.Answered(outcome="held"):
            return f"submission {notice.submission} is held: {notice.reason}"
    return None


class Lines:
    """A line every few seconds, and at once what matters."""

    def __init__(self) -> None:
        self._counts = Counts()
        self._next = time.monotonic() + INTERVAL

    def __call__(self, notice: Notice) -> None:
        self._counts.add(notice)
        text = trouble(notice)
        if text is not None:
            say(text, err=True)
        if isinstance(notice, notices.Waiting) and notice.seconds >= INTERVAL:
            say(f"{self._counts}; next look in {notice.seconds:.0f} s: {notice.reason}", err=True)
            self._next = time.monotonic() + INTERVAL
        elif time.monotonic() >= self._next:
            say(str(self._counts), err=True)
            self._next = time.monotonic() + INTERVAL


@contextmanager
def _bars() -> Iterator[Observer]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bars(progress)


class Bars:
    """A bar for each connection: documents ended of those sent, their rate, and the time left."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._connections: dict[str, str] = {}
        self._counts = Counts()
        self._began = time.monotonic()

    def __call__(self, notice: Notice) -> None:
        self._counts.add(notice)
        text = trouble(notice)
        if text is not None:
            self._progress.console.print(text, markup=False, highlight=False)
        if isinstance(notice, notices.Intended):
            self._connections[notice.submission] = notice.connection
            self._advance(notice.connection, total=notice.documents)
        elif isinstance(notice, notices.Ended):
            self._advance(self._connections.get(notice.submission, "earlier work"), done=notice.documents)

    def _advance(self, name: str, *, total: int = 0, done: int = 0) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=0, rate="")
        task = self._tasks[name]
        known: Any = self._progress.tasks[self._progress.task_ids.index(task)]
        rate = self._counts.ended / max(time.monotonic() - self._began, 0.001)
        self._progress.update(
            task, total=max(known.total + total, known.completed + done), advance=done, rate=f"{rate:.1f}/s"
        )
