"""Making a plan: what is due for the selected jobs, and why. `docbatch plan`, `apply` and `explain` all ask here."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from docbatch.core.guard import Permission
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.find_changes import find_changes, refuse_surprises
from docbatch.engine.planning.places.judge_folders import judge_folders
from docbatch.engine.planning.places.judge_places import judge_places, refuse_nesting, replacing
from docbatch.engine.planning.resolve_jobs import Ask, resolve_jobs
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.planning.tally import Tally
from docbatch.sources.statcache import StatCache
from docbatch.specs.values import Connection, Job
from docbatch.state.store import Store

UNSEEN_PLACES = "what lies where outputs go is not looked at here; apply refuses to send where something stands in their way"


@dataclass(frozen=True, slots=True)
class Selection:
    """The jobs to look at. `folder` is the state folder.

    `is_all` says that `jobs` are all there are, so that others count as removed. `connections` are those whose work is
    dealt with although no job uses them any more: what was paid is collected. What lies in the state folder counts for
    nothing where it is `stateless`. `allowed` names what guards let pass, see `guard.Permission`; `notes` are sentences
    about the specs for whoever looks at the plan.
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


@dataclass(frozen=True, slots=True)
class Plan:
    """What is due, as good as the moment it was made at. It can be asked as long as what it was made from is open.

    `gone` are jobs the state knows that are no longer declared. `store` is None where there is no state yet.
    `project` is the folder that paths are told relative to.
    """

    targets: tuple[ResolvedJob, ...]
    tallies: Mapping[str, Tally]
    gone: frozenset[str]
    differences: Differences
    store: Store | None
    cache: StatCache
    notes: tuple[str, ...] = ()
    project: Path = Path("/")


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a plan looks.

    `ask` is called for versions that only a vendor knows, `look` looks at what jobs list as links; without it they count
    as they last were. `only` names the documents of a job that are looked at instead of all;
    guards have no say then.
    """

    ask: Ask = lambda _job: {}
    look: Callable[[Sequence[ResolvedJob], Collection[str]], None] = lambda _targets, _gone: None
    only: Callable[[ResolvedJob], Collection[bytes]] | None = None


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
    targets = tuple(resolve_jobs(selection.jobs, store, selection.folder, selection.upgrade, sight.ask))
    gone = undeclared(selection.jobs, store) if selection.is_all else set()
    # What stands where outputs go says nothing where it is not known what docbatch wrote, and may lie outside.
    allowed = None if selection.stateless else _allowed(selection, store)
    made = plan_jobs(
        targets,
        gone,
        store,
        cache,
        differences,
        sight=sight,
        allowed=allowed,
        project=selection.folder.parent,
    )
    if sight.only is not None:
        return replace(made, notes=(*selection.notes, *made.notes))
    if selection.stateless:
        return replace(made, notes=(*selection.notes, *made.notes, UNSEEN_PLACES))
    shared = judge_folders(targets, store, selection.project, selection.folder, selection.allowed)
    return replace(made, notes=(*selection.notes, *made.notes, *shared))


def _allowed(selection: Selection, store: Store | None) -> frozenset[str]:
    """Return what guards let pass. Where a state was lost or put back, outputs of before are nobody's, and no strangers."""
    behind = (selection.folder / "serial").exists() if store is None else store.is_behind()
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
) -> Plan:
    """Do what `plan` does for jobs that are resolved already. Without `allowed`, what lies in sinks is not looked at."""
    sight.look(targets, gone)
    tallies = find_changes(targets, store, cache, differences, sight.only)
    notes: tuple[str, ...] = ()
    if sight.only is None:
        refuse_surprises(targets, tallies, store, differences, gone)
        refuse_nesting(targets, store, differences, gone)
        if allowed is not None:
            notes = replacing(judge_places(targets, store, differences, allowed, project))
    return Plan(tuple(targets), tallies, frozenset(gone), differences, store, cache, notes, project)


def undeclared(jobs: Iterable[Job], store: Store | None) -> set[str]:
    """Return the jobs the state knows that are not among all that are declared."""
    if store is None:
        return set()
    return {job.name for job in store.documents.jobs()} - {each.name for each in jobs}
