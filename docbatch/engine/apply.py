"""One apply, from the lock to the exit code."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from docbatch.engine.adopt import adopt, replan, retire
from docbatch.engine.build import lines, targets
from docbatch.engine.clock import Clock, SystemClock
from docbatch.engine.connections import Connections
from docbatch.engine.desk import Desk
from docbatch.engine.forecast import forecast
from docbatch.engine.notices import Observer
from docbatch.engine.planfile import SavedPlan
from docbatch.engine.reconcile import reconcile
from docbatch.engine.run import Run
from docbatch.engine.survey import survey, undeclared
from docbatch.engine.target import Target
from docbatch.errors import CredentialsError, DocbatchError, ProviderError
from docbatch.providers import REGISTRY
from docbatch.report import PlanReport
from docbatch.sources.statcache import StatCache
from docbatch.spec.values import Connection, Job
from docbatch.spool import Spool
from docbatch.state import files, lock
from docbatch.state.store import Store

RANK = (1, 12, 6, 5, 4, 3, 0)
UNDONE = ("live", "held")
WRONG = ("failed", "partial", "problem")


@dataclass(frozen=True, slots=True)
class Assignment:
    """What to apply and how far.

    `folder` is the state folder. `is_all` says that `jobs` are all there are, so that others count as removed.
    `connections` are those whose open work is followed although no job uses them any
    more: what was paid is collected. `timeout` (seconds) bounds the waiting, `max_new` the documents newly sent; `plan` is
    what was approved; `shown` is how many examples a plan lists.
    """

    jobs: Sequence[Job]
    folder: Path
    project: str
    is_all: bool = False
    connections: tuple[Connection, ...] = ()
    wait: bool = True
    timeout: float | None = None
    max_new: int | None = None
    upgrade: frozenset[str] = frozenset()
    allowed_hosts: frozenset[str] = frozenset()
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
    jobs: tuple[JobOutcome, ...]
    errors: tuple[DocbatchError, ...] = field(default=())
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
        return next((code for code in RANK if code in codes), 0 if not codes else 1)


def apply(work: Assignment, observe: Observer, announce: Callable[[PlanReport], bool]) -> Outcome:
    """Make the jobs so. `announce` is shown the plan before anything is done and may decline it.

    Raises StateError, StateLocked, GuardRefused, UsageError, StalePlan: nothing was sent then.
    """
    folder = work.folder
    files.prepare(folder)
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock.hold(folder / "lock"))
        store = stack.enter_context(Store.writable(folder))
        desk = stack.enter_context(Desk())
        cache = stack.enter_context(contextlib.closing(StatCache(folder / "cache.db")))
        spool = Spool(folder / "spool")
        spool.sweep()
        clock = SystemClock()
        connections = _connections(work, store, spool, clock)
        stack.callback(connections.close)
        wanted = list(targets(work.jobs, store, folder, work.upgrade, partial(_ask, connections)))
        gone = undeclared(wanted, store) if work.is_all else set()
        findings = survey(wanted, store, cache, desk, gone)
        if work.plan is not None:
            work.plan.check(store, desk)
        if not announce(forecast(findings, desk, store, work.shown)):
            return Outcome((), declined=True)
        if work.plan is not None:
            work.plan.start(store)
        retire(store, gone)
        for target in wanted:
            adopt(store, target, desk)
        run = Run(
            store=store,
            spool=spool,
            connections=connections,
            targets={target.name: target for target in wanted},
            clock=clock,
            observe=observe,
            project=work.project,
            replan=replan,
            allowance=work.max_new,
        )
        deadline = None if work.timeout is None else clock.monotonic() + work.timeout
        reconcile(run, wait=work.wait or _is_in_process(run), deadline=deadline)
        return _outcome(store, run, wanted, work.shown)


def _is_in_process(run: Run) -> bool:
    """Work in this process ends with it, so there is nothing to leave running."""
    return all(run.connections.traits(target.connection).in_process for target in run.targets.values())


def _connections(work: Assignment, store: Store, spool: Spool, clock: Clock) -> Connections:
    """Return the connections of the jobs, and those that still have work of jobs that are gone."""
    used = {job.connection.name: job.connection for job in work.jobs}
    busy = {submission.connection for submission in store.submissions.open()}
    left = {each.name: each for each in work.connections if each.name in busy and each.type in REGISTRY}
    wanted = {**left, **used}.values()
    return Connections(lines(wanted, work.folder.parent, spool.incoming, clock.wake, work.allowed_hosts))


def _ask(connections: Connections, job: Job) -> Mapping[str, str] | None:
    """Ask the vendor for versions; one connection's trouble does not stop the others."""
    name = job.connection.name
    try:
        return connections.provider(name).pins(job.operation, job.config)
    except (CredentialsError, ProviderError) as error:
        connections.cut(name, error)
        return None


def _outcome(store: Store, run: Run, wanted: Sequence[Target], shown: int) -> Outcome:
    outcomes = []
    for target in wanted:
        standing = store.documents.standing(target.name)
        found = store.documents.failures(target.name, shown) if standing else iter(())
        failures = tuple((path, status, str(why.kind), why.message) for path, status, why in found)
        undelivered = store.deliveries.undelivered(target.name)
        documents = store.documents.count(target.name)
        outcomes.append(JobOutcome(target.name, documents, standing, undelivered, failures))
    return Outcome(tuple(outcomes), (*run.errors, *run.connections.troubles.values()))
