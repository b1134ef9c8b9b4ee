"""What a project does about documents that are not well: the part of `Project` for the person on duty."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.api.documented_errors import documented
from docbatch.api.project_records import ProjectRecords
from docbatch.core.errors import DocbatchError, UsageError
from docbatch.core.outside_text import whole
from docbatch.invocation import called, who
from docbatch.specs.values import Job

if TYPE_CHECKING:
    from docbatch.core.selectors import Labels
    from docbatch.engine.administration.failures.accept_failures import AcceptedDocument
    from docbatch.engine.administration.failures.list_failures import FailureList
    from docbatch.engine.administration.failures.retry_failures import QueuedDocuments
    from docbatch.engine.administration.failures.select_failures import FailureSelectors
    from docbatch.engine.administration.failures.take_back_retries import TakenBack

_DAY = 86_400.0
Moment = datetime | date | str | None
"""When something ends: a moment with its time zone, or a day (UTC), also as text, at whose end it does."""


class FailureCalls(ProjectRecords):
    """`Project` has all of this. Documents are selected by jobs, classes, patterns over their paths, labels of jobs, how they
    stand, and by the seconds since they failed last; what is selected by several of these has to have all of it.
    """  # noqa: D205 - one sentence on what follows

    _jobs: Callable[[Sequence[Path]], tuple[Job, ...]]

    @documented()
    def failures(
        self,
        *,
        jobs: Collection[str] = (),
        classes: Collection[str] = (),
        paths: Sequence[str] = (),
        labels: "Labels | None" = None,
        states: Collection[str] = (),
        failed: bool = False,
        older_than: float | None = None,
    ) -> "FailureList":
        """Return the documents that failed, are partial, held, or cannot be sent: why, what was tried when, and what to do next.

        Those that `failed` make the exit code 3. Reads the state alone, also while a run goes on. Raises NoState.
        """
        from docbatch.engine.administration.failures.list_failures import list_failures
        from docbatch.state.home import Home

        self._refuse_untrusted()
        with Home.at(self._folder).readable() as store, store.database.still():
            chosen = self._selectors(jobs, classes, paths, labels, older_than, states=states, failed=failed)
            return list_failures(store, chosen, time.time())

    @documented()
    @called("retry")
    def retry(
        self,
        job: str | None = None,
        *,
        jobs: Collection[str] = (),
        classes: Collection[str] = (),
        paths: Sequence[str] = (),
        labels: "Labels | None" = None,
        states: Collection[str] = (),
        failed: bool = False,
        older_than: float | None = None,
        every: bool = False,
        dry_run: bool = False,
    ) -> "QueuedDocuments":
        """Queue failed and partial documents again, of one job or of all, or of those selected; return them.

        The class `lost` means partial documents. What was read of them is their result until another try gives more, and
        stays so, with a warning, where that fails. What has a full result is left alone, and so is what is accepted, unless
        `every` one is wanted. The class `held` means documents that may have been sent and of which the provider shows no
        trace: they are queued only where it is named.
        The next `apply` sends them, which a paid provider charges again: there, what would end in the same way, such as
        `corrupt` and `lost`, is left out, and counted by class in `left_out` of what is returned, unless its class is named
        or `every` one is wanted. With `dry_run` nothing is changed. Raises NoState, StateLocked.
        """
        from docbatch.engine.administration.failures.retry_failures import Wish, retry

        self._refuse_untrusted()
        named = (*jobs, *([] if job is None else [job]))
        chosen = self._selectors(named, classes, paths, labels, older_than, states=states, failed=failed)
        return retry(self._folder, Wish(chosen, every, self._opening), time.time(), dry_run=dry_run)

    @documented()
    @called("retry --undo")
    def take_back(
        self,
        *,
        jobs: Collection[str] = (),
        classes: Collection[str] = (),
        paths: Sequence[str] = (),
        labels: "Labels | None" = None,
        older_than: float | None = None,
        dry_run: bool = False,
    ) -> "TakenBack":
        """Undo `retry` for documents that were not sent since, of all jobs or of those selected: they stand as they did before.

        They fail for the reason for which they did, and what was said of that holds again. What was sent since is `left`. With
        `dry_run` nothing is changed. Raises NoState, StateLocked.
        """
        from docbatch.engine.administration.failures.take_back_retries import take_back

        self._refuse_untrusted()
        chosen = self._selectors(jobs, classes, paths, labels, older_than)
        return take_back(self._folder, chosen, time.time(), dry_run=dry_run)

    @documented()
    @called("accept")
    def accept(
        self,
        reason: str,
        *,
        until: Moment = None,
        jobs: Collection[str] = (),
        classes: Collection[str] = (),
        paths: Sequence[str] = (),
        labels: "Labels | None" = None,
        older_than: float | None = None,
        every: bool = False,
        dry_run: bool = False,
    ) -> "tuple[AcceptedDocument, ...]":
        """Let failures stand, for good or `until` a moment: `apply` does not end with 3 for them any more.

        That is said of this failure of these bytes: with other bytes, another class or another config it counts again. With
        `dry_run` nothing is changed. Raises UsageError where nothing is selected, NoState, StateLocked.
        """
        from docbatch.core.acceptances import Acceptance
        from docbatch.engine.administration.failures.accept_failures import accept

        chosen = self._some(self._selectors(jobs, classes, paths, labels, older_than), every=every)
        said = Acceptance(whole(reason), who(), time.time(), _end(until))
        return accept(self._folder, chosen, said, dry_run=dry_run)

    @documented()
    @called("accept --withdraw")
    def withdraw(
        self,
        *,
        jobs: Collection[str] = (),
        classes: Collection[str] = (),
        paths: Sequence[str] = (),
        labels: "Labels | None" = None,
        older_than: float | None = None,
        every: bool = False,
        dry_run: bool = False,
    ) -> "tuple[AcceptedDocument, ...]":
        """Let failures count again that were accepted, for good or until a moment, whatever was said before; return them."""
        from docbatch.engine.administration.failures.accept_failures import withdraw

        chosen = self._some(self._selectors(jobs, classes, paths, labels, older_than), every=every)
        return withdraw(self._folder, chosen, time.time(), who=who(), dry_run=dry_run)

    @documented()
    @called("accept --undo")
    def undo_accept(
        self,
        *,
        jobs: Collection[str] = (),
        classes: Collection[str] = (),
        paths: Sequence[str] = (),
        labels: "Labels | None" = None,
        older_than: float | None = None,
        every: bool = False,
        dry_run: bool = False,
    ) -> "tuple[AcceptedDocument, ...]":
        """Take back what `accept` said last of failures: what was said before holds again, `after` in what is returned.

        Where nothing was said before, they count again. Unlike `withdraw`, which ends all that was said.
        """
        from docbatch.engine.administration.failures.accept_failures import undo

        chosen = self._some(self._selectors(jobs, classes, paths, labels, older_than), every=every)
        return undo(self._folder, chosen, time.time(), dry_run=dry_run)

    def _selectors(
        self,
        jobs: Collection[str],
        classes: Collection[str],
        paths: Sequence[str],
        labels: "Labels | None",
        older_than: float | None,
        *,
        states: Collection[str] = (),
        failed: bool = False,
    ) -> "FailureSelectors":
        from docbatch.engine.administration.failures.select_failures import FailureSelectors

        return FailureSelectors(
            jobs=jobs,
            classes=classes,
            paths=paths,
            labels=labels or {},
            states=states,
            failed=failed,
            older_than=older_than,
            labels_of=self._labels,
        )

    def _some(self, selectors: "FailureSelectors", *, every: bool) -> "FailureSelectors":
        self._refuse_untrusted()
        if not every and not selectors.is_any:
            raise UsageError(
                "which documents are meant is not said",
                hint="select them by --job, --class, --path, --label or --older-than, or say --all; nothing was changed",
            )
        return selectors

    def _labels(self) -> dict[str, Mapping[str, str]]:
        return {job.name: job.labels for job in self._jobs(())}

    def _opening(self) -> frozenset[str]:
        """Return the jobs that have passwords, as far as specs can be read."""
        try:
            return frozenset(job.name for job in self._jobs(()) if job.passwords is not None)
        except DocbatchError:
            return frozenset()


def _end(until: Moment) -> float | None:
    """Return the moment at which something ends, in wall time; a day is a whole one. Raises UsageError."""
    if isinstance(until, str):
        try:
            until = date.fromisoformat(until)
        except ValueError as error:
            raise UsageError(f"'{until}' is no day", hint="write it as 2026-12-31") from error
    if until is None or isinstance(until, datetime):
        return None if until is None else until.timestamp()
    return datetime(until.year, until.month, until.day, tzinfo=UTC).timestamp() + _DAY
