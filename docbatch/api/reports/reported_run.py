"""A run that is reported of, whatever ends it."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.api.reports.read_report import ReportedScope, last_event, read_report
from docbatch.api.reports.report_folder import ReportFolder
from docbatch.core.errors import DocbatchError, ReportUnwritten, StateError
from docbatch.core.moments import iso_moment
from docbatch.core.run_reports.values import ReportedError, RunReport
from docbatch.engine.progress_notices import Answered, Intended, Notice, Trouble
from docbatch.naming.state_folders import environment_of

if TYPE_CHECKING:
    from docbatch.engine.running.apply import ApplyOutcome

INTERRUPTED = 130
_NOTHING_SENT = frozenset({"not_sent", "refused"})


class SentDocuments:
    """Counts documents that were sent, by the notices of a run, and hands these on."""

    def __init__(self, on_event: Callable[[Notice], object] | None) -> None:
        self._on_event = on_event
        self._sent: dict[str, int] = {}

    @property
    def count(self) -> int:
        return sum(self._sent.values())

    def __call__(self, notice: Notice) -> None:
        if isinstance(notice, Intended):
            self._sent[notice.submission] = notice.documents
        elif isinstance(notice, Answered) and notice.outcome in _NOTHING_SENT:
            self._sent.pop(notice.submission, None)
        if self._on_event is not None:
            self._on_event(notice)


class ReportedRun:
    """Writes a report of a run once it has ended. `state` is the folder of the state."""

    def __init__(
        self,
        state: Path,
        folder: ReportFolder,
        scope: ReportedScope,
        on_event: Callable[[Notice], object] | None,
    ) -> None:
        self._state = state
        self._folder = folder
        self._scope = scope
        self._watch = SentDocuments(on_event)

    def run(self, work: "Callable[[Callable[[Notice], object]], ApplyOutcome]") -> "ApplyOutcome":
        """Do the work and report of it, also where it raises. What kept the report from being written is an error of the outcome."""
        began = time.monotonic()
        self._scope = replace(self._scope, after=self._last_event())
        try:
            outcome = work(self._watch)
        except BaseException as error:
            with suppress(DocbatchError):
                self._write(_of(error), time.monotonic() - began)
            raise
        late = {job.job: job.undelivered for job in outcome.jobs}
        self._scope = replace(self._scope, late=late)
        told = [ReportedError(each.message, each.hint) for each in outcome.errors]
        try:
            self._write((outcome.exit_code, told), time.monotonic() - began)
        except (ReportUnwritten, StateError) as error:
            return replace(outcome, errors=(*outcome.errors, error))
        return outcome

    def _last_event(self) -> int | None:
        """Return where the run begins; None where the state cannot be read, which the run itself tells."""
        try:
            return last_event(self._state)
        except DocbatchError:
            return None

    def _write(self, ended: tuple[int, list[ReportedError]], seconds: float) -> None:
        code, errors = ended
        blank = RunReport(
            "apply", iso_moment(time.time()), (), errors=tuple(errors), exit_code=code, seconds=round(seconds, 3),
            sent=self._watch.count, environment=environment_of(self._state),
        )  # fmt: skip
        try:
            report = read_report(self._state, self._scope, blank)
        except StateError as error:
            report = replace(blank, errors=(*blank.errors, ReportedError(error.message, error.hint)))
        try:
            self._folder.write(report)
        except ReportUnwritten as error:
            self._watch(Trouble("report", error.message, error.hint))
            raise


def _of(error: BaseException) -> tuple[int, list[ReportedError]]:
    """Return the exit code of a run that something ended, and what is to be told of that."""
    match error:
        case DocbatchError():
            return error.exit_code, [ReportedError(error.message, error.hint)]
        case KeyboardInterrupt():
            return INTERRUPTED, []
        case _:
            return 1, [ReportedError(f"something that is not expected ended the run: {type(error).__name__}")]
