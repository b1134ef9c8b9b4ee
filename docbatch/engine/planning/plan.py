"""Making a plan: what is due for the selected jobs, and why. `docbatch plan`, `apply` and `explain` all ask here."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from docbatch.engine.planning.compare_documents import Tally
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.find_changes import find_changes, refuse_surprises
from docbatch.engine.planning.resolve_jobs import Ask, resolve_jobs
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.sources.statcache import StatCache
from docbatch.specs.values import Connection, Job
from docbatch.state.store import Store


@dataclass(frozen=True, slots=True)
class Selection:
    """The jobs to look at. `folder` is the state folder.

    `is_all` says that `jobs` are all there are, so that others count as removed. `connections` are those whose work is
    dealt with although no job uses them any more: what was paid is collected. What lies in the state folder counts for
    nothing where it is `stateless`.
    """

    jobs: Sequence[Job]
    folder: Path
    project: str
    is_all: bool = False
    connections: tuple[Connection, ...] = ()
    upgrade: frozenset[str] = frozenset()
    allowed_hosts: frozenset[str] = frozenset()
    stateless: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is due, as good as the moment it was made at. It can be asked as long as what it was made from is open.

    `gone` are jobs the state knows that are no longer declared. `store` is None where there is no state yet.
    """

    targets: tuple[ResolvedJob, ...]
    tallies: Mapping[str, Tally]
    gone: frozenset[str]
    differences: Differences
    store: Store | None
    cache: StatCache


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
    return plan_jobs(targets, gone, store, cache, differences, sight=sight)


def plan_jobs(
    targets: Sequence[ResolvedJob],
    gone: Collection[str],
    store: Store | None,
    cache: StatCache,
    differences: Differences,
    *,
    sight: Sight = AT_HAND,
) -> Plan:
    """Do what `plan` does for jobs that are resolved already."""
    sight.look(targets, gone)
    tallies = find_changes(targets, store, cache, differences, sight.only)
    if sight.only is None:
        refuse_surprises(targets, tallies, store, differences, gone)
    return Plan(tuple(targets), tallies, frozenset(gone), differences, store, cache)


def undeclared(jobs: Iterable[Job], store: Store | None) -> set[str]:
    """Return the jobs the state knows that are not among all that are declared."""
    if store is None:
        return set()
    return {job.name for job in store.documents.jobs()} - {each.name for each in jobs}
