"""Finding what changed and is due for all selected jobs, without changing anything but the stat cache."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from docbatch.core.guard import refuse_collisions, refuse_empty
from docbatch.engine.planning.compare_documents import Tally, compare_documents
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.find_documents import Looks, find_documents
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.naming.pathtext import escape
from docbatch.sources.statcache import StatCache
from docbatch.specs.values import Job
from docbatch.state.store import Store

SHOWN = 20
NO_LOOKS: Mapping[str, Looks] = {}


@dataclass(frozen=True, slots=True)
class Findings:
    """What was looked at: the jobs, what their scans saw, and the jobs that are no longer declared."""

    targets: tuple[ResolvedJob, ...]
    tallies: Mapping[str, Tally]
    gone: frozenset[str]


def undeclared(jobs: Iterable[ResolvedJob | Job], store: Store | None) -> set[str]:
    """Return the jobs the state knows that are not among all that are declared."""
    return (
        set()
        if store is None
        else {job.name for job in store.documents.jobs()} - {each.name for each in jobs}
    )


def find_changes(
    targets: Sequence[ResolvedJob],
    store: Store | None,
    cache: StatCache,
    differences: Differences,
    gone: Collection[str] = (),
    *,
    looks: Mapping[str, Looks] = NO_LOOKS,
) -> Findings:
    """Write what is due into `differences`. `gone` are jobs no longer declared: their outputs may be taken over.

    `looks` are what links have just said, by job; what they said before is read from the cache.
    Raises GuardRefused, UsageError; nothing was sent then.
    """
    tallies = {}
    for target in targets:
        visible = find_documents(target, cache, looks.get(target.name, {}))
        tally = compare_documents(target, store, visible.windows, differences, visible.unseen)
        before = 0 if store is None else store.documents.count(target.name)
        refuse_empty(target.name, found=tally.found, before=before, allow_empty=target.allow_empty)
        tallies[target.name] = tally
    refuse_collisions(_collisions(differences, store, gone))
    return Findings(tuple(targets), tallies, frozenset(gone))


def _collisions(
    differences: Differences, store: Store | None, gone: Collection[str]
) -> list[tuple[str, str, str]]:
    found = [
        (escape(one.output), _name(one.job, one.path), _name(other.job, other.path))
        for one, other in differences.collisions(SHOWN)
    ]
    if store is not None:
        found.extend(_with_recorded(differences, store, gone))
    return found[:SHOWN]


def _with_recorded(
    differences: Differences, store: Store, gone: Collection[str]
) -> list[tuple[str, str, str]]:
    """Find new outputs where a document that stays as it is has its own already."""
    found = []
    for window in differences.folded():
        wanted = {key: (job, path) for key, job, path in window}
        for key, job, path, _root, output in store.deliveries.taken(list(wanted)):
            one = wanted[key]
            if (
                job not in gone
                and one != (job, path)
                and not differences.is_removed(job, path)
                and not differences.is_moved(job, path, key)
            ):
                found.append((escape(output), _name(*one), _name(job, path)))
    return found


def _name(job: str, path: bytes) -> str:
    return f"{job}: {escape(path)}"
