"""Showing what goes on, on stderr: bars on a terminal, calm lines elsewhere, JSON lines on stdout when asked for."""

import contextlib
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

import docbatch
from docbatch import Looking, Notice
from docbatch.cli import log_options
from docbatch.cli.counting_status import CountingStatus, before_the_plan
from docbatch.cli.job_progress import ExpectedDocuments, JobCounts, RunProgress
from docbatch.cli.notice_words import trouble, waiting_text
from docbatch.cli.output import say, say_json
from docbatch.core.moments import iso_moment

if TYPE_CHECKING:
    from rich.console import RenderableType

INTERVAL = 30.0
LONGEST_INTERVAL = 300.0
"""Seconds between lines, the longer a run goes on the more of them: some services end what says nothing for ten minutes."""
SHARE = 20
MOST_JOBS = 8
LONG_WAIT = 10.0


class Watcher(Protocol):
    """What is told of a run."""

    def __call__(self, notice: Notice) -> None: ...

    def expect(self, documents: ExpectedDocuments) -> None:
        """Learn, before the first notice, how many documents are to end in this run."""

    @property
    def told(self) -> Collection[str]:
        """The messages of trouble that a person has read last, with nothing else after them."""


@contextmanager
def watcher(*, as_json: bool, quiet: bool = False) -> Iterator[Watcher]:
    """Yield what shows the run, and clear away at its end what was there for the moment only."""
    if quiet:
        yield Silence()
    elif as_json:
        yield JsonLines()
    elif sys.stderr.isatty() and not log_options.is_shown():
        with contextlib.closing(Bar()) as bar:
            yield bar
    else:
        yield Lines()


class Silence:
    """Nothing: what went wrong is said at the end."""

    told: Collection[str] = ()

    def expect(self, documents: ExpectedDocuments) -> None:
        """Nobody is told."""

    def __call__(self, notice: Notice) -> None:
        """Nobody is told."""


class JsonLines:
    """Every notice as a line, which is not for a person."""

    told: Collection[str] = ()

    def expect(self, documents: ExpectedDocuments) -> None:
        """The plan has told it."""

    def __call__(self, notice: Notice) -> None:
        name = type(notice).__name__.lower()
        values = asdict(notice)
        if isinstance(notice, Looking):
            values["until"] = iso_moment(notice.until)
        say_json({"version": "docbatch/apply/v1", "type": name, **values})


class Causes:
    """What stops or slows connections at this moment, in a line for each."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str, str], float] = {}

    def add(self, notice: Notice) -> None:
        match notice:
            case docbatch.Hindered():
                began = time.monotonic() - notice.seconds
                self._since[notice.connection, notice.call, notice.cause] = began
            case docbatch.Relieved():
                self._since.pop((notice.connection, notice.call, notice.cause), None)

    def lines(self) -> Iterator[str]:
        from docbatch.core.hindrance import cause_text, lasting_text
        from docbatch.core.report import visible

        now = time.monotonic()
        for (connection, call, cause), since in self._since.items():
            yield visible(f"{connection}: {cause_text(call, cause)}") + lasting_text(now - since)


class Urgent:
    """The lines for what a user must hear about at once; of looks that go on the first is told."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        self._looking: set[str] = set()

    def line(self, notice: Notice) -> str | None:
        if isinstance(notice, docbatch.Looking):
            if notice.subject in self._looking:
                return None
            self._looking.add(notice.subject)
        text = trouble(notice)
        if isinstance(notice, docbatch.Trouble):
            self.told.add(notice.message)
        elif text is not None:
            self.told.clear()
        return text


class Lines:
    """A line now and then, at the first wait, and at once what matters: a long run fills no log."""

    def __init__(self) -> None:
        self._progress = RunProgress()
        self._urgent = Urgent()
        self._began = time.monotonic()
        self._next = self._began + INTERVAL
        self._waited = False

    @property
    def told(self) -> Collection[str]:
        return self._urgent.told

    def expect(self, documents: ExpectedDocuments) -> None:
        self._progress.expect(documents)

    def __call__(self, notice: Notice) -> None:
        early = before_the_plan(notice)
        if early is not None:
            if self._is_time():
                self._say(early)
            return
        self._progress.add(notice)
        text = self._urgent.line(notice)
        if text is not None:
            say(text, err=True)
        if isinstance(notice, docbatch.Waiting):
            is_first = not self._waited and notice.seconds >= LONG_WAIT
            if is_first or self._is_time():
                self._waited = True
                self._say(f"{self._line()}; {waiting_text(notice)}")
        elif self._is_time():
            self._say(self._line())

    def _line(self) -> str:
        from docbatch.core.time_left import left_text

        left = self._progress.seconds_left()
        rest = "" if left is None else left_text(left)
        return ", ".join(filter(None, [str(self._progress), self._progress.money(), rest]))

    def _is_time(self) -> bool:
        return time.monotonic() >= self._next

    def _say(self, text: str) -> None:
        say(text, err=True)
        now = time.monotonic()
        self._next = now + min(LONGEST_INTERVAL, max(INTERVAL, (now - self._began) / SHARE))


class Bar:
    """A bar for each job, what its documents are at, and below that what is known of the run as a whole.

    Last stands what stops or slows connections, as long as it does.
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._progress = RunProgress()
        self._urgent = Urgent()
        self._causes = Causes()
        self._moment = CountingStatus()
        self._lock = threading.Lock()
        self._live = Live(
            get_renderable=self.shown, console=Console(stderr=True), transient=True, refresh_per_second=4
        )

    @property
    def told(self) -> Collection[str]:
        return self._urgent.told

    def expect(self, documents: ExpectedDocuments) -> None:
        self._moment.close()
        self._progress.expect(documents)
        if documents.documents:
            self._live.start()

    def __call__(self, notice: Notice) -> None:
        self._moment(notice)
        with self._lock:
            self._progress.add(notice)
            self._causes.add(notice)
        text = self._urgent.line(notice)
        if text is not None:
            self._live.console.print(text, markup=False, highlight=False)

    def shown(self) -> "RenderableType":
        """Return what stands on the terminal at this moment."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            grid = Table.grid(padding=(0, 2))
            for name, counts in _busiest(self._progress.jobs):
                grid.add_row(*_row(name, counts))
            left_out = len(self._progress.jobs) - grid.row_count
            total = max(self._progress.expected, self._progress.ended)
            below = [f"{self._progress.ended:,} of {total:,} documents", *self._progress.facts()]
            lines = [f"and {left_out:,} more jobs"] if left_out else []
            lines += [" · ".join(below), *self._causes.lines()]
        return Group(grid, *(Text(line, overflow="ellipsis", no_wrap=True) for line in lines))

    def close(self) -> None:
        self._moment.close()
        self._live.stop()


def _busiest(jobs: dict[str, JobCounts]) -> list[tuple[str, JobCounts]]:
    """Return the jobs for which there is room: those with something under way first."""
    named = sorted(name for name in jobs if name)
    named.sort(key=lambda name: jobs[name].ended >= (jobs[name].total or 0))
    return [(name, jobs[name]) for name in sorted(named[:MOST_JOBS])]


def _row(name: str, counts: JobCounts) -> "Iterator[RenderableType]":
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    from docbatch.core.report import visible

    total = None if counts.total is None else max(counts.total, counts.ended)
    of = "" if total is None else f" of {total:,}"
    yield Text(visible(name), overflow="ellipsis", no_wrap=True)
    yield ProgressBar(total=total or 1, completed=counts.ended if total else 0, width=16)
    yield Text(f"{counts.ended:,}{of}", no_wrap=True)
    yield Text(str(counts), overflow="ellipsis", no_wrap=True)
