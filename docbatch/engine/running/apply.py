"""One apply as a whole, from the lock to the exit code."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from docbatch.core.acceptances import AcceptedDocuments
from docbatch.core.costs import CostLine, summed
from docbatch.core.errors import (
    BudgetStop,
    DocbatchError,
    GuardRefused,
    Interrupted,
    SinkError,
    gravest,
)
from docbatch.core.hindrance import Hindrance
from docbatch.core.models import Submission, SubmissionStatus
from docbatch.core.report import PlanReport
from docbatch.engine.clock import Clock, SystemClock
from docbatch.engine.planning.amounts.judge_spending import refuse_spending
from docbatch.engine.planning.plan import CountedJobs, Selection
from docbatch.engine.planning.plan_report import plan_report
from docbatch.engine.planning.plan_session import PlanSession, locked_session
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.planning.saved.plan_file import SavedPlan, left_out
from docbatch.engine.progress_notices import LimitExceeded, Observer, Trouble
from docbatch.engine.reading.result_reader_pool import ResultReaders
from docbatch.engine.running.figures.run_counts import RunCounts
from docbatch.engine.running.loop import reconcile
from docbatch.engine.running.manifest.write_manifests import write_manifests
from docbatch.engine.running.replan_changed_document import replan
from docbatch.engine.running.rounds import try_again
from docbatch.engine.running.rounds.failed_states import telling_what_was_sent
from docbatch.engine.running.rounds.interruption import Interruption
from docbatch.engine.running.rounds.leave_unseen_sinks import HeldBack, held_back, jobs_left, leave_unseen
from docbatch.engine.running.rounds.try_again import ComingTries
from docbatch.engine.running.run_context import Run
from docbatch.engine.spending.run_failures import RunFailures
from docbatch.naming.pathtext import escape
from docbatch.state.costs import CostScope
from docbatch.state.deadlines import Stuck
from docbatch.state.looks import RecordedLooks
from docbatch.state.selected_items import count_unselected, let_go

UNDONE = ("live", "held")


@dataclass(frozen=True, slots=True)
class Assignment(Selection):
    """What to apply and how far.

    `timeout` (seconds) bounds all of it, `max_new` the documents newly sent; `plan` is what was reviewed, `approved` the
    digest of what a person agreed to pay; `shown` is how many examples a plan lists. `stop` asks it to end soon.
    """

    wait: bool = True
    timeout: float | None = None
    max_new: int | None = None
    plan: SavedPlan | None = None
    shown: int = 10
    counted: CountedJobs = CountedJobs.CHARGED
    approved: str | None = None
    stop: Interruption | None = None

    @property
    def keeps_empty(self) -> bool:
        # What was paid must not wait for a folder that is not there.
        return self.max_new == 0


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job stands: its documents, how many are anything but succeeded, by status, the first of the failures.

    `undelivered` counts documents with an output that could not be written in this run. `warned` counts documents with
    warnings by the kinds of these, `warnings` are those of the first of them, by path, and `noted` counts those of which
    more is to be said than what was lost. `expired` counts documents whose results are neither here nor at the vendor any more.
    `charges` says that another try of a document costs money. `accepted` says which of the failures do not count, and
    `failures` leaves those out. `later` is what is tried again by itself, and when. `unselected` counts documents that wait to be
    sent and that selectors left alone.
    """

    job: str
    documents: int
    standing: dict[str, int]
    undelivered: int = 0
    failures: tuple[tuple[str, str, str, str], ...] = ()
    warned: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    noted: int = 0
    expired: int = 0
    charges: bool = False
    accepted: AcceptedDocuments = field(default_factory=AcceptedDocuments)
    later: ComingTries | None = None
    unselected: int = 0

    @property
    def unsent(self) -> int:
        """How many documents wait to be sent that were to be."""
        return self.standing.get("pending", 0) - self.unselected


@dataclass(frozen=True, slots=True)
class ApplyOutcome:
    """`stuck` is what is with a vendor for longer than its jobs allow; `looking` what may or may not be there.

    `hindrances` are what stopped or slowed connections when the run ended, `held` the submissions that a person has to
    decide about. `goes_on` says whether something is left that the same command goes on with. `spent` is what the documents came
    to that this run sent and that cost something, by connection.
    `interrupted` says that it was asked to end, `remaining` what is with vendors then: documents, by connection.
    `held_back` are jobs of which a sink could not be used.
    """

    jobs: tuple[JobOutcome, ...]
    errors: tuple[DocbatchError, ...] = field(default=())
    stuck: tuple[Stuck, ...] = ()
    looking: tuple[RecordedLooks, ...] = ()
    declined: bool = False
    hindrances: tuple[Hindrance, ...] = ()
    held: tuple[Submission, ...] = ()
    goes_on: bool = False
    spent: tuple[CostLine, ...] = ()
    interrupted: bool = False
    remaining: Mapping[str, int] = field(default_factory=dict)
    held_back: tuple[HeldBack, ...] = ()

    @property
    def exit_code(self) -> int:
        """The published code; where several apply, the gravest."""
        if self.interrupted:
            return Interrupted.exit_code
        codes = {error.exit_code for error in self.errors}
        for job in self.jobs:
            if any(job.standing.get(status) for status in UNDONE) or job.unsent:
                codes.add(4)
            if job.accepted.counted(job.standing):
                codes.add(3)
            if job.undelivered or job.later is not None:
                codes.add(4)
        return gravest(codes)

    def figures(self, counts: RunCounts) -> dict[str, Any]:
        """Return what the record of runs keeps: how each job stands and what was written of it, and what was sent and spent."""
        jobs = [
            {
                "job": job.job,
                "documents": job.documents,
                "standing": dict(job.standing),
                "written": counts.written[job.job],
            }
            for job in self.jobs
        ]
        spent = [{"connection": each.by["connection"], **each.all.values()} for each in self.spent]
        return {"jobs": jobs, "sent": dict(counts.sent), "spent": spent}


def apply(work: Assignment, observe: Observer, announce: Callable[[PlanReport], bool]) -> ApplyOutcome:
    """Make the jobs so. `announce` is shown the plan before anything is done and may decline it.

    Raises StateError, StateLocked, GuardRefused, UsageError, StalePlan, TimeUp: nothing was sent then.
    """
    clock = SystemClock()
    deadline = float("inf") if work.timeout is None else clock.monotonic() + work.timeout
    sending = threading.Event()
    observe = counts = RunCounts(observe)
    with (
        telling_what_was_sent(sending),
        locked_session(work, clock, observe=observe, deadline=deadline) as session,
    ):
        store = session.store
        waiting = held_back(session, jobs_left(session))
        left = frozenset() if work.plan is None else work.plan.check(store, session.plan)
        if work.max_new != 0:  # Nothing is spent then, and what was paid must not wait for anybody's word.
            refuse_spending(session.plan, work, work.approved)
        asked = clock.monotonic()
        if not announce(plan_report(session.plan, session.spool, work.shown)):
            return ApplyOutcome((), declined=True)
        # Who is asked may take a while to agree.
        deadline += clock.monotonic() - asked
        if work.plan is not None:
            work.plan.start(store)
        with closing(ResultReaders(session.spool.root)) as readers:
            # Processes start while what they are for is recorded.
            readers.expect(_outputs_due(session))
            session.record()
            before = store.events.last()
            counts.watch(store, clock)
            run = _run(work, session, clock, observe, readers)
            leave_unseen(run, session.plan.unseen)
            if left:
                observe(left_out(left, session.plan.differences))
                run.queues.set_aside(left)
            sending.set()
            with run.stop.heeded(clock.wake):
                _tell_unserved(run, session.plan.unserved)
                reconcile(run, wait=work.wait or _is_in_process(run), deadline=deadline)
                write_manifests(run)
                counts.end()
                outcome = _outcome(run, work.shown, may_send=work.max_new != 0)
                let_go(store.database)
            for limit, spent in run.budget.passed():
                observe(LimitExceeded(limit.shown, limit.measure.shown(spent)))
        sent = summed(store.costs.rows(CostScope(after=before)), ("connection",))
        outcome = replace(outcome, spent=sent.lines, held_back=waiting)
        store.runs.note(outcome.exit_code, outcome.figures(counts))
        return outcome


def _tell_unserved(run: Run, unserved: Sequence[tuple[str, SinkError]]) -> None:
    """Say of which jobs nobody knows whether their rows are as they were left; all else goes on."""
    for job, error in unserved:
        run.errors.append(error)
        run.observe(Trouble(f"job {job}", error.message, error.hint))


def _run(
    work: Assignment, session: PlanSession, clock: Clock, observe: Observer, readers: ResultReaders
) -> Run:
    return Run(
        store=session.store,
        spool=session.spool,
        connections=session.connections,
        targets=jobs_left(session),
        clock=clock,
        observe=observe,
        project=work.project,
        replan=replan,
        allowance=work.max_new,
        cost=session.plan.cost,
        readers=readers,
        failures=RunFailures(session.store, work.guards.max_failed, work.allowed),
        tries_again=work.plan is None,
        stop=work.stop or Interruption(),
        kept=session.kept,
        under="" if session.plan.narrowed is None else session.plan.narrowed.options,
    )


def _outputs_due(session: PlanSession) -> int:
    """Count outputs to be made of results that are kept, as far as other processes can make them."""
    ahead = {
        name for name, job in session.targets.items() if any(sink.form is not None for sink in job.sinks)
    }
    return sum(count for job, _, count in session.plan.differences.outputs_due_alone() if job in ahead)


def _is_in_process(run: Run) -> bool:
    """Work in this process ends with it, so there is nothing to leave running."""
    return all(run.connections[target.connection].traits.in_process for target in run.targets.values())


def _outcome(run: Run, shown: int, *, may_send: bool) -> ApplyOutcome:
    jobs = tuple(_job(run, target, shown) for target in run.targets.values())
    passed = run.store.deadlines.passed(run.clock.wall())
    stuck = tuple(
        replace(each, stops=connection.traits.stops)
        if (connection := run.connections.get(each.connection)) is not None
        else each
        for each in passed
        if run.targets.keys() & each.jobs
    )
    errors = (*run.errors, *run.connections.troubles.values(), *_stops(run))
    looking = tuple(run.store.looks.open().values())
    ours = [each for each in run.store.submissions.open() if _is_wanted(run, each)]
    held = tuple(each for each in ours if each.status is SubmissionStatus.HELD)
    is_running = any(job.standing.get("live") for job in jobs)
    unsent = may_send and sum(job.unsent for job in jobs) > run.queues.aside and not _is_refused(errors)
    return ApplyOutcome(
        jobs,
        errors,
        stuck,
        looking,
        hindrances=_hindrances(run),
        held=held,
        goes_on=unsent
        or any(job.later for job in jobs)
        or (is_running and not (held and len(held) == len(ours))),
        interrupted=run.stop.is_asked,
        remaining=_remaining(run) if run.stop.is_asked else {},
    )


def _stops(run: Run) -> Iterator[DocbatchError]:
    """Yield what the run itself kept from being sent."""
    yield from run.budget.errors()
    yield from run.failures.errors(run.targets.values())


def _remaining(run: Run) -> Counter[str]:
    """Count what is with vendors, or may be, by connection. Work of this process ends with it."""
    found = Counter[str]()
    for each in run.store.submissions.open():
        found[each.connection] += each.running + each.ready
    return +found


def _is_wanted(run: Run, submission: Submission) -> bool:
    return bool(run.targets.keys() & set(run.store.submissions.wanted_by(submission.id)))


def _is_refused(errors: Collection[DocbatchError]) -> bool:
    """Say whether guards and limits alone stop what is left: they would do so again."""
    return bool(errors) and all(isinstance(each, GuardRefused | BudgetStop) for each in errors)


def _hindrances(run: Run) -> tuple[Hindrance, ...]:
    """Return what is not told by the errors of the run already."""
    return tuple(
        replace(found, next=None)
        for connection in run.connections.values()
        for found in connection.hindrances.current
        if connection.trouble is None or found.what not in connection.trouble.message
    )


def _job(run: Run, target: ResolvedJob, shown: int) -> JobOutcome:
    store = run.store
    standing = store.documents.standing(target.name)
    now = run.clock.wall()
    found = store.unwell.of(target.name, shown, counted_at=now) if standing else iter(())
    failures = tuple((escape(each.path), each.status, str(each.why.kind), each.why.message) for each in found)
    warned = store.warned.counts(target.name)
    warnings = store.warned.first(target.name, shown) if warned else iter(())
    as_recorded = run.sinks.unseen - {sink for _, sink in store.deliveries.stale([target.name])}
    sinks = {sink.row for sink in store.deliveries.sinks(target.name)} - as_recorded
    lacking = (run.sinks.unwritten.get(sink, 0) for sink in sinks)
    undelivered = max([store.deliveries.undelivered(target.name), *lacking])
    return JobOutcome(
        job=target.name,
        documents=store.documents.count(target.name),
        standing=standing,
        undelivered=undelivered,
        failures=failures,
        warned=warned,
        warnings=tuple((escape(path), told) for path, told in warnings),
        noted=store.warned.noted(target.name) if warned else 0,
        expired=store.documents.count_expired(target.name) if standing.get("failed") else 0,
        charges=not target.traits.free,
        accepted=store.unwell.accepted(target.name, now) if standing else AcceptedDocuments(),
        later=try_again.coming(run, target),
        unselected=count_unselected(store.database, run.under, target.name) if run.under else 0,
    )
