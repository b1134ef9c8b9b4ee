"""What a report says, read from the state at one moment."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from docbatch.core.costs import CostLine, summed
from docbatch.core.errors import NoState
from docbatch.core.models import SubmissionStatus
from docbatch.core.run_reports.values import (
    DocumentStatus,
    HeldWork,
    ReportedDocument,
    ReportedJob,
    RunReport,
    WarnedDocument,
)
from docbatch.naming.pathtext import escape
from docbatch.state.costs import CostScope
from docbatch.state.home import Home
from docbatch.state.store import Store
from docbatch.state.unwell_documents import UnwellDocument

if TYPE_CHECKING:
    from docbatch.specs.values import Job

MOST_PASSED = 10_000
"""Documents that succeeded which are named, of all jobs together."""


@dataclass(frozen=True, slots=True)
class ReportedScope:
    """Which jobs a report is of: those named, or with `jobs` None all that are recorded; and what specs say of them.

    `after` is the last event before the run, None where there was none. `late` says of how many documents of a job the run could
    not write an output. The run was of what was `selected`, empty where that was all.
    """

    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    connections: Mapping[str, str] = field(default_factory=dict)
    jobs: Collection[str] | None = None
    after: int | None = None
    late: Mapping[str, int] = field(default_factory=dict)
    selected: str = ""


def scope_of(declared: "Iterable[Job]", only: Collection[str] | None) -> ReportedScope:
    """Return the scope of jobs, given what is declared."""
    jobs = {job.name: job for job in declared}
    labels = {name: job.labels for name, job in jobs.items()}
    return ReportedScope(labels, {name: job.connection.name for name, job in jobs.items()}, only)


def last_event(folder: Path) -> int:
    """Return the last event that is recorded, 0 where there is no state. Raises StateError."""
    try:
        with Home.at(folder).readable() as store:
            return store.events.last()
    except NoState:
        return 0


def read_report(folder: Path, scope: ReportedScope, blank: RunReport) -> RunReport:
    """Fill in how jobs stand; where there is no state, nothing is known of their documents. Raises StateError."""
    try:
        with Home.at(folder).readable() as store, store.database.still():
            return _filled(store, scope, blank)
    except NoState:
        return replace(blank, jobs=tuple(_bare(name, scope) for name in sorted(scope.jobs or ())))


def _filled(store: Store, scope: ReportedScope, blank: RunReport) -> RunReport:
    recorded = {job.name: job.connection for job in store.documents.jobs()}
    costs = {line.by["job"]: line for line in summed(store.costs.rows(CostScope()), ("job",)).lines}
    jobs: list[ReportedJob] = []
    room = MOST_PASSED
    for name in sorted(recorded if scope.jobs is None else scope.jobs):
        job = _bare(name, scope)
        if name in recorded:
            job = _read(store, replace(job, connection=recorded[name], cost=costs.get(name)), scope, room)
        room -= len(job.passed)
        if job.documents or name in scope.labels:
            jobs.append(job)
    names = [job.job for job in jobs if job.job in recorded]
    unwell = tuple(each for name in names for each in _unwell(store, name))
    accepted = Counter(each.job for each in unwell if each.accepted)
    return replace(
        blank,
        jobs=tuple(replace(job, accepted=accepted[job.job]) for job in jobs),
        selected=scope.selected,
        unwell=unwell,
        warned=tuple(each for name in names for each in _warned(store, name)),
        held=tuple(_held(store, {job.job for job in jobs})),
        spent=() if scope.after is None else _spent(store, scope.after),
    )


def _bare(name: str, scope: ReportedScope) -> ReportedJob:
    return ReportedJob(name, scope.connections.get(name, ""), scope.labels.get(name, {}))


def _read(store: Store, job: ReportedJob, scope: ReportedScope, room: int) -> ReportedJob:
    name = job.job
    return replace(
        job,
        counts=store.documents.tally(name),
        undelivered=scope.late[name] if name in scope.late else store.deliveries.undelivered(name),
        warned=store.warned.counts(name),
        passed=tuple(map(escape, store.reported.passed(name, room))),
    )


def _unwell(store: Store, job: str) -> Iterator[ReportedDocument]:
    now = time.time()
    for each in store.unwell.of(job):
        why, status = each.why, cast("DocumentStatus", each.status)
        yield ReportedDocument(
            job,
            escape(each.path),
            status,
            str(why.kind),
            why.message,
            why.code,
            each.attempts,
            _accepted(each, now),
        )


def _accepted(document: UnwellDocument, now: float) -> str:
    if not document.is_accepted(now):
        return ""
    if document.acceptance is None or document.acceptance.is_over(now):
        return "accepted by its job (on_partial: accept)"
    return document.acceptance.text(now)


def _warned(store: Store, job: str) -> Iterator[WarnedDocument]:
    for path, told in store.warned.first(job):
        yield WarnedDocument(job, escape(path), told)


def _held(store: Store, jobs: Collection[str]) -> Iterator[HeldWork]:
    for each in store.submissions.open():
        if each.status is SubmissionStatus.HELD and not set(store.submissions.wanted_by(each.id)).isdisjoint(
            jobs
        ):
            yield HeldWork(each.id, each.connection, each.running)


def _spent(store: Store, after: int) -> tuple[CostLine, ...]:
    return summed(store.costs.rows(CostScope(after=after)), ("connection",)).lines
