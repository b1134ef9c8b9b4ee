"""Showing what goes on, on stderr: a bar on a terminal, calm lines elsewhere, JSON lines on stdout when asked for."""

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol

import docbatch
from docbatch import Notice
from docbatch.cli.output import say, say_json

if TYPE_CHECKING:
    from rich.status import Status

INTERVAL = 10.0
STOPPING = "stopping: nothing more is sent, and what is under way is recorded; Ctrl-C once more ends at once"


class Watcher(Protocol):
    """What is told of a run."""

    def __call__(self, notice: Notice) -> None: ...

    def expect(self, documents: int) -> None:
        """Learn, before the first notice, how many documents are to end in this run."""

    @property
    def told(self) -> Collection[str]:
        """The messages of trouble that a person has read last, with nothing else after them."""


@contextmanager
def watcher(*, as_json: bool) -> Iterator[Watcher]:
    """Yield what shows the run, and clear away at its end what was there for the moment only."""
    if as_json:
        yield JsonLines()
    elif sys.stderr.isatty():
        with contextlib.closing(Bar()) as bar:
            yield bar
    else:
        yield Lines()


class JsonLines:
    """Every notice as a line, which is not for a person."""

    told: Collection[str] = ()

    def expect(self, documents: int) -> None:
        """The plan has told it."""

    def __call__(self, notice: Notice) -> None:
        name = type(notice).__name__.lower()
        say_json({"version": "docbatch/apply/v1", "type": name, **asdict(notice)})


class CountingStatus:
    """Shows on a terminal how far counting came, as long as it goes on."""

    def __init__(self) -> None:
        self._status: Status | None = None

    def __call__(self, notice: Notice) -> None:
        if not isinstance(notice, docbatch.Counting) or not sys.stderr.isatty():
            return
        if self._status is None:
            from rich.console import Console
            from rich.status import Status

            self._status = Status("", console=Console(stderr=True))
            self._status.start()
        self._status.update(counting(notice))

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def counting(notice: docbatch.Counting) -> str:
    return f"counting pages: {notice.documents:,} of {notice.total:,} documents"


class Counts:
    """What the notices add up to."""

    def __init__(self) -> None:
        self.expected = self.ended = self.failed = self.delivered = 0
        self.by_jobs: Counter[str] = Counter()
        self.told: set[str] = set()
        self._looking: set[str] = set()

    def add(self, notice: Notice) -> None:
        match notice:
            case docbatch.Ended():
                self.ended += notice.documents
                self.by_jobs[", ".join(notice.jobs)] += notice.documents
                self.failed += notice.failed
            case docbatch.Delivered():
                self.delivered += notice.documents

    def line(self, notice: Notice) -> str | None:
        """Return the line for what a user must hear about at once; of looks that go on the first is told."""
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

    def __str__(self) -> str:
        failed = f", {self.failed:,} of them failed" if self.failed else ""
        several = len(self.by_jobs) > 1
        jobs = [f"{count:,} of {jobs}" for jobs, count in sorted(self.by_jobs.items()) if jobs and several]
        which = f" ({'; '.join(jobs)})" if jobs else ""
        return f"{self.ended:,} of {self.expected:,} documents ended{which}{failed}, {self.delivered:,} outputs written"


def trouble(notice: Notice) -> str | None:
    """Return the line for what a user must hear about at once; None for the rest."""
    from docbatch.core.report import visible

    text = STOPPING if isinstance(notice, docbatch.Stopping) else _trouble(notice)
    return None if text is None else visible(text)


def _trouble(notice: Notice) -> str | None:
    text = None
    match notice:
        case docbatch.Trouble():
            subject = "" if notice.message.startswith(notice.subject) else f"{notice.subject}: "
            text = f"{subject}{notice.message}" + (f" ({notice.hint})" if notice.hint else "")
        case docbatch.Hindered():
            text = _hindered(notice)
        case docbatch.Relieved(answered=True):
            text = _relieved(notice)
        case docbatch.Looked():
            text = f"job '{notice.job}': {notice.links:,} of {notice.total:,} links looked at"
        case docbatch.ResultsLost():
            text = f"job '{notice.job}': {_lost(notice)}"
        case docbatch.ResultsMoved():
            text = _moved(notice)
        case docbatch.LimitExceeded():
            text = f"more than the limit of {notice.limit}: {notice.counted} counted"
        case docbatch.Replanned():
            text = f"{notice.document}: {notice.reason}; planned again"
        case docbatch.Answered() | docbatch.Looking() | docbatch.Remark() | docbatch.SentOutside():
            text = _of_submission(notice)
    return text


def _of_submission(
    notice: docbatch.Answered | docbatch.Looking | docbatch.Remark | docbatch.SentOutside,
) -> str | None:
    from docbatch.core.report import looking, plural, span

    text = None
    match notice:
        case docbatch.Answered(outcome="unanswered"):
            text = f"submission {notice.submission}: {notice.reason}; it is looked for before anything is sent again"
        case docbatch.Answered(outcome="held"):
            text = f"submission {notice.submission} is held: {notice.reason}; 'docbatch status' names what to decide"
        case docbatch.Looking():
            subject = notice.subject if " " in notice.subject else f"submission {notice.subject}"
            text = f"{subject}: {looking(notice.count, notice.needed, notice.until)}"
        case docbatch.Remark():
            text = f"submission {notice.submission}: {notice.text}"
        case docbatch.SentOutside():
            are = "is" if notice.documents == 1 else "are"
            text = (
                f"submission {notice.submission}: {plural(notice.documents, 'document')} of job '{notice.job}' {are} sent"
                f" outside its window ({notice.window}), after the deadline of {span(notice.deadline)}"
            )
    return text


def _lost(notice: docbatch.ResultsLost) -> str:
    from docbatch.core.report import plural

    kept = "a stored result is" if notice.documents == 1 else f"{notice.documents:,} stored results are"
    ways = {
        "to be read again, free of charge": notice.read_again,
        "asked for again, free of charge, as far as the provider has them": notice.fetched_again,
    }
    told = [f"{count:,} {way}" for way, count in ways.items() if count]
    beyond = notice.documents - notice.read_again - notice.fetched_again
    expired = [f"{plural(beyond, 'document')} can only be had again by paying"] if beyond else []
    return f"{kept} missing or damaged; {'; '.join((*told, *expired))}"


def _moved(notice: docbatch.ResultsMoved) -> str:
    from docbatch.core.report import plural

    left = f"; {notice.left:,} more are left for the next apply" if notice.left else ""
    return f"{plural(notice.results, 'stored result')} of an older version moved into packs{left}"


def _hindered(notice: docbatch.Hindered) -> str:
    from docbatch.core.hindrance import cause_text, coming_text, lasting_text, said_text

    what = cause_text(notice.call, notice.cause) + lasting_text(notice.seconds)
    said = said_text(notice.call, notice.cause, notice.message)
    return f"{notice.connection}: {what}{coming_text(notice.next_try)}{said}"


def _relieved(notice: docbatch.Relieved) -> str:
    from docbatch.core.hindrance import cause_text
    from docbatch.core.report import span

    who = f": {notice.call} goes well" if notice.call else " answers"
    what = cause_text(notice.call, notice.cause)
    return f"{notice.connection}{who} again after {span(notice.seconds)} ({what})"


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


class Lines:
    """A line every few seconds, and at once what matters."""

    def __init__(self) -> None:
        self._counts = Counts()
        self._next = time.monotonic() + INTERVAL

    @property
    def told(self) -> Collection[str]:
        return self._counts.told

    def expect(self, documents: int) -> None:
        self._counts.expected = documents

    def __call__(self, notice: Notice) -> None:
        if isinstance(notice, docbatch.Counting):
            if time.monotonic() >= self._next:
                say(counting(notice), err=True)
                self._next = time.monotonic() + INTERVAL
            return
        self._counts.add(notice)
        text = self._counts.line(notice)
        if text is not None:
            say(text, err=True)
        if isinstance(notice, docbatch.Waiting) and notice.seconds >= INTERVAL:
            say(f"{self._counts}; {_waiting(notice)}", err=True)
            self._next = time.monotonic() + INTERVAL
        elif time.monotonic() >= self._next:
            say(str(self._counts), err=True)
            self._next = time.monotonic() + INTERVAL


def _waiting(notice: docbatch.Waiting) -> str:
    from docbatch.core.report import visible

    whose = f" (job {', '.join(notice.jobs)})" if notice.jobs else ""
    cause = f"; {visible(notice.cause)}" if notice.cause else ""
    return f"next look in {notice.seconds:.0f} s: {notice.reason}{whose}{cause}"


class Bar:
    """Documents ended of those expected, how many of them failed, their rate and the time left.

    Below that stands what stops or slows connections, as long as it does.
    """

    def __init__(self) -> None:
        from rich.console import Console, RenderableType
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.text import Text

        causes = self._causes = Causes()

        class Shown(Progress):
            def get_renderables(self) -> "Iterator[RenderableType]":
                yield from super().get_renderables()
                yield from (Text(line, overflow="ellipsis", no_wrap=True) for line in causes.lines())

        self._progress = Shown(
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} documents{task.fields[beside]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            transient=True,
        )
        self._counts = Counts()
        self._moment = CountingStatus()
        self._began = time.monotonic()

    @property
    def told(self) -> Collection[str]:
        return self._counts.told

    def expect(self, documents: int) -> None:
        self._moment.close()
        if documents:
            self._progress.add_task("", total=documents, beside="")
            self._progress.start()
        self._began = time.monotonic()

    def __call__(self, notice: Notice) -> None:
        self._moment(notice)
        self._counts.add(notice)
        self._causes.add(notice)
        text = self._counts.line(notice)
        if text is not None:
            self._progress.console.print(text, markup=False, highlight=False)
        for task in self._progress.tasks:
            total = max(task.total or 0, self._counts.ended)
            self._progress.update(task.id, completed=self._counts.ended, total=total, beside=self._beside())

    def _beside(self) -> str:
        failed = f", {self._counts.failed:,} failed" if self._counts.failed else ""
        passed = time.monotonic() - self._began
        return failed + (f", {self._counts.ended / passed:.1f}/s" if self._counts.ended and passed else "")

    def close(self) -> None:
        self._moment.close()
        self._progress.stop()
