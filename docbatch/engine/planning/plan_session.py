"""Holding the state while a plan is made and recorded: how every command begins that acts on specs and documents."""

import contextlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, ProviderError
from docbatch.engine.clock import Clock
from docbatch.engine.connections.accesses import accesses
from docbatch.engine.connections.contract import listed
from docbatch.engine.connections.conversations import Conversations, Talk
from docbatch.engine.connections.object_stores import ObjectStores
from docbatch.engine.connections.provider_connections import Connections, ProviderConnection
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.fetch_listed_links import fetch_listed_links
from docbatch.engine.planning.places.judge_folders import claim_folders
from docbatch.engine.planning.plan import Plan, Selection, Sight, plan
from docbatch.engine.planning.record_changes import Witness, keep_stamps, record_changes, retire
from docbatch.engine.planning.resolve_jobs import unpinned
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Observer, ResultsMoved
from docbatch.naming.state_folders import project_root
from docbatch.providers import REGISTRY
from docbatch.providers.base import Provider
from docbatch.sources.kept_content import KeptContent
from docbatch.sources.statcache import StatCache
from docbatch.specs.values import INPUTS, Job
from docbatch.spool import Spool
from docbatch.spool.moving import move_old_entries
from docbatch.state.home import Home, Publication
from docbatch.state.store import Store

PATIENCE = 10.0
"""Seconds that vendors may take to say which versions they have, or half of what a run is given: all jobs wait for it."""
MANY_RESULTS = 1000
"""Results of an older version that take a while to be moved, so that it is told."""
Versions = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class PlanSession:
    """A plan, and the state it was made from, held and still as it was."""

    store: Store
    spool: Spool
    connections: Connections
    plan: Plan
    cache: StatCache = field(default_factory=lambda: StatCache(None))
    kept: KeptContent | None = None
    claim: Callable[[], None] = lambda: None
    wall: Callable[[], float] = time.time

    @property
    def targets(self) -> Mapping[str, ResolvedJob]:
        return {target.name: target for target in self.plan.targets}

    def record(self) -> None:
        """Record what the documents are now, where their outputs belong, and which jobs are no longer declared.

        Folders outside of the project are marked as written to. Of a job with a sink that could not be looked into all stays as it was.
        """
        self.claim()
        retire(self.store, self.plan.gone)
        witness = Witness(self.targets, self.cache)
        unseen = {each.job for each in self.plan.unseen}
        for target in self.plan.targets:
            if target.name in unseen:
                # What stands where its outputs go is judged by the plan that can see it.
                continue
            self._record(target, witness)
            keep_stamps(self.store, self.plan.tallies[target.name].stamps)
            if target.source.unwrapped.is_far:
                from docbatch.engine.planning.origins.record_found_objects import record_found_objects  # noqa: PLC0415 - few jobs have stores

                record_found_objects(self.store, target, self.plan.differences, self.cache)

    def _record(self, target: ResolvedJob, witness: Witness) -> None:
        """Record a job's changes. Killed in between, what is read in parts is told for each document again."""
        size, tally = None if target.split is None else target.split.size, self.plan.tallies[target.name]
        if self.store.parts.settled(target.name) != size:
            self.store.parts.settle(target.name, None)
        under = "" if self.plan.narrowed is None else self.plan.narrowed.options
        record_changes(self.store, target, self.plan.differences, witness, self.wall(), under=under)
        if tally.is_complete and not under:
            self.store.parts.settle(target.name, size)


def busy(store: Store) -> set[str]:
    """Return the connections that have open work."""
    return {submission.connection for submission in store.submissions.open()}


@contextlib.contextmanager
def locked_session(
    work: Selection,
    clock: Clock,
    *,
    left: Callable[[Store], Collection[str]] = busy,
    rehearsal: Path | None = None,
    only: str | None = None,
    observe: Observer = lambda _notice: None,
    deadline: float = float("inf"),
    remembered: Versions | None = None,
    closed: Callable[[], object] = lambda: None,
) -> Iterator[PlanSession]:
    """Hold the state, look at what is listed, and see what is due. `left` names connections beside those of the jobs.

    With `only` no other connection is asked anything, and jobs whose versions another would have to tell are left out.
    `remembered` has versions of jobs, by name, that hold where the state has none, and no vendor is asked for these.
    `closed` is called once the state is closed, before anybody else can hold it. With `rehearsal`, a folder, a copy of the state is opened there instead: what is done is then done to the copy.
    Nobody is waited for beyond `deadline` (monotonic). Raises StateError, StateLocked, GuardRefused, UsageError, TimeUp:
    nothing was sent or recorded then.
    """
    folder = work.folder
    with contextlib.ExitStack() as stack:
        store = _held(stack, folder, rehearsal, closed)
        differences = stack.enter_context(Differences())
        cache = stack.enter_context(contextlib.closing(StatCache(folder / "cache.db")))
        spool = _swept(stack, folder, store)
        kept = stack.enter_context(contextlib.closing(KeptContent(spool.incoming)))
        if rehearsal is None:
            spool.clear_leftovers(whole=store.restored() is None)
            _move_old_results(spool, store, clock, observe)
        connections = _connections(work, left(store), spool, clock)
        stack.callback(connections.close)
        look = partial(
            fetch_listed_links,
            folder=folder / INPUTS,
            cache=cache,
            observe=observe,
            clock=clock,
            deadline=deadline,
        )
        asked = _on(only, unpinned(work.jobs, store, work.upgrade))
        versions = _versions(remembered or {}, connections, clock, deadline, jobs=asked)
        left_over = partial(_left_over, clock, deadline)
        sight = Sight(partial(_of_job, versions), look, observe=observe, patience=left_over)
        sight = replace(sight, looks=False, kept=kept)
        made = plan(work, store, cache, differences, sight)
        claim = partial(claim_folders, made.targets, work.project, folder)
        session = PlanSession(store, spool, connections, made, cache, kept)
        yield session if rehearsal else replace(session, claim=claim)


def _held(
    stack: contextlib.ExitStack, folder: Path, rehearsal: Path | None, closed: Callable[[], object]
) -> Store:
    home = Home.at(folder)
    home.prepare()
    stack.enter_context(home.hold())
    stack.callback(closed)
    opened = home if rehearsal is None else home.rehearsed(rehearsal)
    return stack.enter_context(opened.writable())


def _swept(stack: contextlib.ExitStack, folder: Path, store: Store) -> Spool:
    # A rehearsal reads what lies at home, too.
    home = Home.at(folder)
    spool = Spool(home.spool, store.results, packs=home.packs)
    stack.callback(spool.close)
    spool.sweep()
    stack.callback(spool.drop_incoming)
    return spool


def _move_old_results(spool: Spool, store: Store, clock: Clock, observe: Observer) -> None:
    publish = partial(store.publish, Publication.PACK)
    moved, left = move_old_entries(spool, clock.monotonic, publish=publish)
    if left or moved >= MANY_RESULTS:
        observe(ResultsMoved(moved, left))


def _left_over(clock: Clock, deadline: float) -> float:
    return max(0.0, deadline - clock.monotonic())


def _connections(work: Selection, left: Collection[str], spool: Spool, clock: Clock) -> Connections:
    used = {job.connection.name: job.connection for job in work.jobs}
    others = {each.name: each for each in work.connections if each.name in left and each.type in REGISTRY}
    wanted = {**others, **used}.values()
    stores = ObjectStores(work.stores, project_root(work.folder), work.allowed_hosts, offline=work.offline)
    root, pace = project_root(work.folder), work.shared_pace
    found = accesses(wanted, root, spool.incoming, clock.wake, work.allowed_hosts, stores=stores, pace=pace)
    return Connections(found, now=clock.monotonic)


def _of_job(versions: Versions, job: Job) -> Mapping[str, str] | None:
    return versions.get(job.name)


def _on(connection: str | None, jobs: Iterable[Job]) -> list[Job]:
    return [job for job in jobs if connection in {None, job.connection.name}]


def _versions(
    known: Versions, connections: Connections, clock: Clock, deadline: float, *, jobs: Iterable[Job]
) -> Versions:
    """Return the versions of jobs that nothing is recorded of: those that are known, and of the others what vendors say."""
    asked = [job for job in jobs if job.name not in known]
    return {**known, **_ask(connections, clock, deadline, asked)}


def _ask(connections: Connections, clock: Clock, deadline: float, jobs: Iterable[Job]) -> Versions:
    """Ask vendors for versions, all at once; one connection's trouble leaves out its own jobs alone."""
    patience = min(PATIENCE, max(0.0, deadline - clock.monotonic()) / 2)
    found: dict[str, Mapping[str, str]] = {}
    talks = Conversations(clock)
    by_name = attrgetter("connection.name")
    for name, wanted in groupby(sorted(jobs, key=by_name), key=by_name):
        talks.begin(name, _ask_one(connections[name], list(wanted), patience, found))
    while talks.names:
        clock.listen(talks.until, talks.has_news)
        talks.go_on()
    return found


def _ask_one(
    connection: ProviderConnection, jobs: Sequence[Job], patience: float, found: dict[str, Mapping[str, str]]
) -> Talk[None]:
    for job in jobs:
        asked = partial(_pins, job=job)
        try:
            found[job.name] = yield from connection.ask(
                ProviderCall.PINS, asked, gives=dict, patience=patience
            )
        except (CredentialsError, ProviderError) as error:
            connection.cut(error)
            return


def _pins(provider: Provider, job: Job) -> dict[str, str]:
    return _texts(provider.pins(job.operation, job.config))


def _texts(pins: Mapping[str, str]) -> dict[str, str]:
    return dict(zip(listed(pins.keys(), str), listed(pins.values(), str), strict=True))
