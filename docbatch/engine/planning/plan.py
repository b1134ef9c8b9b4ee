"""Making a plan: what is due for the selected jobs, and why. `docbatch plan`, `apply` and `explain` all ask here."""

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.core.errors import SinkError
from docbatch.core.extents import Extent
from docbatch.core.guard import Permission
from docbatch.core.models import WorkItem
from docbatch.core.report import visible
from docbatch.core.selectors import EVERYTHING, Selectors
from docbatch.core.spending_guards import Guards
from docbatch.engine.connections.object_stores import ObjectStores
from docbatch.engine.connections.sink_secrets import SinkSecrets
from docbatch.engine.planning.declared_jobs import undeclared
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.find_changes import find_changes, left_as_recorded, refuse_surprises
from docbatch.engine.planning.items.job_remarks import job_remarks
from docbatch.engine.planning.places.judge_folders import judge_folders
from docbatch.engine.planning.places.judge_places import judge_places, refuse_nesting, replacing
from docbatch.engine.planning.places.own_places import OwnPlaces
from docbatch.engine.planning.places.unseen_sinks import UnseenSink, each_once
from docbatch.engine.planning.places.usable_sinks import unserved_new_tables
from docbatch.engine.planning.resolve_jobs import Ask, ReachedPlaces, resolve_jobs
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.planning.saved.saved_selectors import SavedSelectors
from docbatch.engine.planning.tally import Tally
from docbatch.naming.state_folders import environment_of, project_root
from docbatch.providers import DEFAULT_PROVIDER
from docbatch.sources.statcache import StatCache
from docbatch.specs.values import Connection, Job, StoreConnection
from docbatch.state.home import Home
from docbatch.state.store import Store

if TYPE_CHECKING:
    from docbatch.core.limits import Cost
    from docbatch.core.prices import PriceList
    from docbatch.counting.kept_extents import Recorded
    from docbatch.engine.planning.amounts.item_costs import ItemCosts
    from docbatch.engine.planning.narrowing.narrow_plan import NarrowedPlan, Narrowing
    from docbatch.engine.progress_notices import Notice
    from docbatch.sources.kept_content import KeptContent
    from docbatch.sources.object_meter import ReadingCare
    from docbatch.sources.settling import Settling
    from docbatch.specs.stored_state import SharedPace

UNSEEN_PLACES = "what lies where outputs go is not looked at here; apply refuses to send where something stands in their way"


class CountedJobs(Enum):
    """Of which jobs is counted what the documents have that are to be sent: of none, of those that charge, of all."""

    NONE = 0
    CHARGED = 1
    ALL = 2


@dataclass(frozen=True, slots=True)
class Selection:
    """The jobs to look at. `folder` is the state folder.

    `is_all` says that `jobs` are all there are, so that others count as removed. `connections` are those whose work is
    dealt with although no job uses them any more: what was paid is collected. What lies in the state folder counts for
    nothing where it is `stateless`. `allowed` names what guards let pass, see `guard.Permission`; `notes` are sentences
    about the specs for whoever looks at the plan. `counted` says of which jobs pages are counted, `guards` what of a plan
    nobody may have meant, and `prices` reads what providers charge, when that is asked for. `stores` are those that jobs
    name; `offline` nothing is asked of any. `selectors` say which documents of the jobs are meant, where not all are; ages are told
    as they were at `selected_at` (wall time, None for now), and `others` counts the jobs that selectors leave alone. Files that may still be written are left for
    later where there is a `settling`. `shared_pace` says through which of the stores runs share the pace of accounts.
    """

    jobs: Sequence[Job]
    folder: Path
    project: str
    is_all: bool = False
    connections: tuple[Connection, ...] = ()
    upgrade: frozenset[str] = frozenset()
    allowed_hosts: frozenset[str] = frozenset()
    stateless: bool = False
    allowed: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    counted: CountedJobs = CountedJobs.NONE
    prices: "Callable[[], PriceList] | None" = None
    guards: Guards = field(default_factory=Guards)
    stores: Mapping[str, StoreConnection] = field(default_factory=dict)
    offline: bool = False
    settling: "Settling | None" = None
    selectors: Selectors = EVERYTHING
    selected_at: float | None = None
    others: int = 0
    shared_pace: "SharedPace | None" = None

    @property
    def keeps_empty(self) -> bool:
        """Whether a job whose source is empty is left as it is recorded."""
        return False

    def narrowing(self) -> "Narrowing | None":
        """Return what leaves out of a plan what is not selected; None where jobs alone are."""
        if not self.selectors.are_of_documents:
            return None
        from docbatch.engine.planning.narrowing.narrow_plan import Narrowing  # noqa: PLC0415 - most plans are of all documents

        return Narrowing(self.selectors, time.time() if self.selected_at is None else self.selected_at)


@dataclass(frozen=True)
class Plan:
    """What is due, as good as the moment it was made at. It can be asked as long as what it was made from is open.

    `gone` are jobs the state knows that are no longer declared. `store` is None where there is no state yet. Of the jobs in
    `counted` is known what their documents have, `prices` reads what providers charge.
    `project` is the folder that paths are told relative to, and `project_id` what docbatch.yaml calls it. `unseen` says of
    which sinks the outputs could not be looked at, and why, those among them that need what is not installed; `unserved` of
    which jobs a server could not be asked for its rows. `narrowed` says what selectors left out of it, None where all is in it;
    `selected` are all selectors, and `others` counts the jobs that they leave alone. It is for the project itself without an
    `environment`.
    """

    targets: tuple[ResolvedJob, ...]
    tallies: Mapping[str, Tally]
    gone: frozenset[str]
    differences: Differences
    store: Store | None
    cache: StatCache
    notes: tuple[str, ...] = ()
    project: Path = Path("/")
    counted: frozenset[str] = frozenset()
    prices: "Callable[[], PriceList] | None" = None
    project_id: str = ""
    unseen: tuple[UnseenSink, ...] = ()
    unserved: tuple[tuple[str, SinkError], ...] = ()
    environment: str | None = None
    narrowed: "NarrowedPlan | None" = None
    selected: SavedSelectors = field(default_factory=SavedSelectors)
    others: int = 0

    @cached_property
    def costs(self) -> "ItemCosts":
        """What documents to be sent come to, made when it is first asked for: most plans send none that costs anything."""
        from docbatch.engine.planning.amounts.item_costs import ItemCosts  # noqa: PLC0415 - few runs ask

        return ItemCosts(self.targets, self.differences, self.prices)

    def cost(self, job: str, item: WorkItem, pages: int | None) -> "Cost":
        """Return what an item comes to at most that a job pays for; `pages` is what is assumed where nothing is counted."""
        return self.costs.cost(job, item, pages)


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a plan looks.

    `ask` is called for versions that only a vendor knows, `look` looks at what jobs list as links; without it they count
    as they last were. `only` names the documents of a job that are looked at instead of all;
    guards have no say then. Counting takes no longer than `patience` says when it begins, in seconds; `observe` is told how far it came.
    Who only `looks` at things runs no command for a secret. What is read of objects for a plan that is carried out is `kept`.
    With `keeps_empty`, a job whose source is empty is left as it is recorded.
    """

    ask: Ask = lambda _job: {}
    look: Callable[[Sequence[ResolvedJob], Collection[str]], None] = lambda _targets, _gone: None
    only: Callable[[ResolvedJob], Collection[bytes]] | None = None
    observe: "Callable[[Notice], object]" = lambda _notice: None
    patience: Callable[[], float] = lambda: float("inf")
    looks: bool = True
    kept: "KeptContent | None" = None
    keeps_empty: bool = False


AT_HAND = Sight()
"""What can be seen without asking anybody."""


def plan(
    selection: Selection,
    store: Store | None,
    cache: StatCache,
    differences: Differences,
    sight: Sight = AT_HAND,
) -> Plan:
    """Find out what is due and write it into `differences`; nothing else is changed but the stat cache.

    Raises GuardRefused, UsageError: nothing was sent or recorded then.
    """
    since = time.time()
    reached = _reached(selection, sight)
    targets = tuple(
        resolve_jobs(selection.jobs, store, selection.folder, selection.upgrade, sight.ask, reached=reached)
    )
    gone = undeclared(selection.jobs, store) if selection.is_all else set()
    # What stands where outputs go says nothing where it is not known what docbatch wrote, and may lie outside.
    allowed = None if selection.stateless else _allowed(selection, store)
    with _looking(selection.settling):
        made = plan_jobs(
            targets,
            gone,
            store,
            cache,
            differences,
            sight=replace(sight, keeps_empty=selection.keeps_empty),
            allowed=allowed,
            project=project_root(selection.folder),
            narrowing=selection.narrowing(),
        )
    counted = _count(selection, made, since, sight)
    made = replace(
        made,
        counted=counted,
        prices=selection.prices,
        project_id=selection.project,
        environment=environment_of(selection.folder),
    )
    at = None if made.narrowed is None else made.narrowed.at
    made = replace(made, selected=SavedSelectors(selection.selectors, at), others=selection.others)
    made = replace(made, notes=(*selection.notes, *job_remarks(targets, made.tallies), *made.notes))
    if sight.only is not None:
        return made
    if selection.stateless:
        return replace(made, notes=(*made.notes, UNSEEN_PLACES))
    shared = judge_folders(targets, store, selection.project, selection.folder, selection.allowed)
    return replace(made, notes=(*made.notes, *shared))


@contextlib.contextmanager
def _looking(settling: "Settling | None") -> Iterator[None]:
    """Tell what waits for files to settle that all of them are looked at in the block."""
    if settling is not None:
        settling.begin_look()
    yield
    if settling is not None:
        settling.end_look()


def _reached(selection: Selection, sight: Sight) -> ReachedPlaces:
    root, is_offline = project_root(selection.folder), selection.offline or selection.stateless
    stores = ObjectStores(
        selection.stores,
        root,
        selection.allowed_hosts,
        looks=sight.looks,
        offline=is_offline,
        care=_care(selection, sight),
    )
    secrets = SinkSecrets(root, looks=sight.looks, offline=is_offline)
    project = "" if selection.project == DEFAULT_PROVIDER else selection.project
    return ReachedPlaces(stores, secrets, project, selection.settling)


def _care(selection: Selection, sight: Sight) -> "ReadingCare | None":
    if not selection.stores:
        return None
    from docbatch.engine.planning.origins.watched_reading import WatchedReading  # noqa: PLC0415 - few projects have stores
    from docbatch.sources.object_meter import ReadingCare  # noqa: PLC0415 - the same

    watched = WatchedReading(sight.observe, sight.patience)
    return ReadingCare(watched, sight.kept, watched.silent)


def _count(selection: Selection, made: Plan, since: float, sight: Sight) -> frozenset[str]:
    """Count what the documents to be sent have; return the jobs of which that was done."""
    if selection.counted is CountedJobs.NONE:
        return frozenset()
    sending = [
        target for target in made.targets if selection.counted is CountedJobs.ALL or not target.traits.free
    ]
    if sending and made.differences.sends_anything():
        # Where nothing is sent, nothing of it is needed.
        from docbatch.counting.pool import CountingBounds  # noqa: PLC0415
        from docbatch.engine.planning.amounts.count_extents import BY_STRANGERS, count_extents  # noqa: PLC0415

        bounds = BY_STRANGERS if selection.stateless else CountingBounds(all=sight.patience())
        count_extents(
            sending,
            made.differences,
            made.cache,
            since=since,
            bounds=bounds,
            observe=sight.observe,
            recorded=_recorded(made),
        )
        for target in sending:
            # Of a document that is known already only those parts are sent that wait.
            parts = made.tallies[target.name].parts.items()
            made.differences.extent((key, Extent(pages)) for key, (_, pages) in parts)
    return frozenset(target.name for target in sending)


def _recorded(made: Plan) -> "Recorded":
    """Return what tells of bytes what was counted of them before, on this machine or another."""
    from docbatch.counting import kinds  # noqa: PLC0415 - where nothing is sent, nothing of it is needed

    store = made.store
    return lambda digests: () if store is None else store.found_objects.extents(digests, kinds.VERSION)


def _allowed(selection: Selection, store: Store | None) -> frozenset[str]:
    """Return what guards let pass. Where a state was lost or put back, outputs of before are nobody's, and no strangers."""
    behind = Home.at(selection.folder).was_spent_from() if store is None else store.is_behind()
    return selection.allowed | {Permission.OVERWRITTEN} if behind else selection.allowed


def plan_jobs(
    targets: Sequence[ResolvedJob],
    gone: Collection[str],
    store: Store | None,
    cache: StatCache,
    differences: Differences,
    *,
    sight: Sight = AT_HAND,
    allowed: Collection[str] | None = (),
    project: Path = Path("/"),
    narrowing: "Narrowing | None" = None,
) -> Plan:
    """Do what `plan` does for jobs that are resolved already. Without `allowed`, what lies in sinks is not looked at."""
    sight.look(targets, gone)
    tallies = find_changes(targets, store, cache, differences, sight.only, keeps_empty=sight.keeps_empty)
    narrowed = None if narrowing is None else narrowing.of(targets, tallies, store, differences)
    notes: tuple[str, ...] = tuple(left_as_recorded(tallies)) if sight.keeps_empty else ()
    unseen = [UnseenSink(job, *each) for job, tally in tallies.items() for each in tally.unseen]
    unserved = [(job, error) for job, tally in tallies.items() for error in tally.unserved]
    if sight.only is None:
        refuse_surprises(targets, tallies, store, differences, gone)
        refuse_nesting(targets, store, differences, gone)
        if allowed is not None:
            own = OwnPlaces.of(project, store)
            notes += replacing(judge_places(targets, own, differences, allowed, unseen))
            unserved += unserved_new_tables(targets, store)
    told = dict.fromkeys(each.error.message for each in unseen)
    away = {error.message for _, error in unserved} - told.keys()
    return Plan(
        tuple(targets),
        tallies,
        frozenset(gone),
        differences,
        store,
        cache,
        (*notes, *(visible(f"outputs are not looked at: {message}") for message in (*told, *sorted(away)))),
        project,
        unseen=each_once(unseen),
        unserved=tuple(unserved),
        narrowed=narrowed,
    )
