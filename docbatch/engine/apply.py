"""One apply, from the lock to the exit code."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from docbatch.engine.adopt import replan
from docbatch.engine.clock import Clock, SystemClock
from docbatch.engine.forecast import forecast
from docbatch.engine.intake import Intake, Selection, locked_intake
from docbatch.engine.notices import Observer
from docbatch.engine.planfile import SavedPlan
from docbatch.engine.readers import Readers
from docbatch.engine.reconcile import reconcile
from docbatch.engine.run import Run
from docbatch.engine.target import Target
from docbatch.errors import DocbatchError, gravest
from docbatch.report import PlanReport
from docbatch.state.deadlines import Stuck
from docbatch.state.store import Store

UNDONE = ("live", "held")
WRONG = ("failed", "partial", "problem")


@dataclass(frozen=True, slots=True)
class Assignment(Selection):
    """What to apply and how far.

    `timeout` (seconds) bounds the waiting, `max_new` the documents newly sent; `plan` is what was approved; `shown` is
    how many examples a plan lists.
    """

    wait: bool = True
    timeout: float | None = None
    max_new: int | None = None
    plan: SavedPlan | None = None
    shown: int = 10


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job stands: its documents, how many are anything but succeeded, by status, the first of the failures.

    `undelivered` counts documents with an output that could not be written in this run.
    """

    job: str
    documents: int
    standing: dict[str, int]
    undelivered: int = 0
    failures: tuple[tuple[bytes, str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """`stuck` is what is with a vendor for longer than its jobs allow."""

    jobs: tuple[JobOutcome, ...]
    errors: tuple[DocbatchError, ...] = field(default=())
    stuck: tuple[Stuck, ...] = ()
    declined: bool = False

    @property
    def exit_code(self) -> int:
        """The published code; where several apply, the gravest."""
        codes = {error.exit_code for error in self.errors}
        for job in self.jobs:
            if any(job.standing.get(status) for status in (*UNDONE, "pending")):
                codes.add(4)
            if any(job.standing.get(status) for status in WRONG):
                codes.add(3)
        return gravest(codes)


def apply(work: Assignment, observe: Observer, announce: Callable[[PlanReport], bool]) -> Outcome:
    """Make the jobs so. `announce` is shown the plan before anything is done and may decline it.

    Raises StateError, StateLocked, GuardRefused, UsageError, StalePlan: nothing was sent then.
    """
    clock = SystemClock()
    with locked_intake(work, clock, observe=observe) as intake:
        store = intake.store
        if work.plan is not None:
            work.plan.check(store, intake.desk)
        if not announce(forecast(intake.findings, intake.desk, store, work.shown)):
            return Outcome((), declined=True)
        if work.plan is not None:
            work.plan.start(store)
        intake.take_up()
        deadline = None if work.timeout is None else clock.monotonic() + work.timeout
        with closing(Readers(intake.spool.root)) as readers:
            run = _run(work, intake, clock, observe, readers)
            reconcile(run, wait=work.wait or _is_in_process(run), deadline=deadline)
        return _outcome(run, work.shown)


def _run(work: Assignment, intake: Intake, clock: Clock, observe: Observer, readers: Readers) -> Run:
    return Run(
        store=intake.store,
        spool=intake.spool,
        connections=intake.connections,
        targets=intake.targets,
        clock=clock,
        observe=observe,
        project=work.project,
        replan=replan,
        allowance=work.max_new,
        readers=readers,
    )


def _is_in_process(run: Run) -> bool:
    """Work in this process ends with it, so there is nothing to leave running."""
    return all(run.connections.traits(target.connection).in_process for target in run.targets.values())


def _outcome(run: Run, shown: int) -> Outcome:
    jobs = tuple(_job(run.store, target, shown) for target in run.targets.values())
    passed = run.store.deadlines.passed(run.clock.wall())
    stuck = tuple(each for each in passed if run.targets.keys() & each.jobs)
    return Outcome(jobs, (*run.errors, *run.connections.troubles.values()), stuck)


def _job(store: Store, target: Target, shown: int) -> JobOutcome:
    standing = store.documents.standing(target.name)
    found = store.documents.failures(target.name, shown) if standing else iter(())
    failures = tuple((path, status, str(why.kind), why.message) for path, status, why in found)
    undelivered = store.deliveries.undelivered(target.name)
    return JobOutcome(target.name, store.documents.count(target.name), standing, undelivered, failures)
