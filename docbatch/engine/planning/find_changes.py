"""Finding what changed and is due for all selected jobs, without changing anything but the stat cache."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from docbatch.core.changes import Reason
from docbatch.core.errors import DocbatchError
from docbatch.core.guard import refuse_collisions, refuse_empty
from docbatch.engine.code_of_others import blamed
from docbatch.engine.planning.compare_documents import Tally, compare_documents
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.naming.pathtext import escape
from docbatch.sources.statcache import StatCache
from docbatch.state.store import Store

SHOWN = 20


def find_changes(
    targets: Sequence[ResolvedJob],
    store: Store | None,
    cache: StatCache,
    differences: Differences,
    only: Callable[[ResolvedJob], Collection[bytes]] | None = None,
) -> dict[str, Tally]:
    """Write what is due into `differences` and return what was seen of each job.

    `only` names the documents of a job to look at instead of all.
    """
    tallies = {}
    for target in targets:
        paths = None if only is None else only(target)
        with blamed(partial(_source_failed, target.name)):
            found = target.source.find(cache, paths)
            tallies[target.name] = compare_documents(target, store, found, differences, paths)
        if store is not None:
            _outdate_whole_outputs(target, store, differences)
    return tallies


def _outdate_whole_outputs(target: ResolvedJob, store: Store, differences: Differences) -> None:
    """What holds a whole job is another where the job takes empty documents otherwise than it did."""
    recorded = store.documents.job(target.name)
    if recorded is None or recorded.on_empty == target.on_empty or not store.documents.has_empty(target.name):
        return
    for sink in target.sinks:
        if sink.kind.whole:
            differences.whole(target.name, sink.identity, Reason.BEHIND)


def _source_failed(job: str, what: str) -> DocbatchError:
    return DocbatchError(
        f"job '{job}': the code of its source raised {what}",
        hint="nothing was sent; mend the source, or name the specs of the other jobs to go on without this one",
    )


def refuse_surprises(
    targets: Sequence[ResolvedJob],
    tallies: Mapping[str, Tally],
    store: Store | None,
    differences: Differences,
    gone: Collection[str],
) -> None:
    """Raise GuardRefused where going on would be surprising: a source that is empty now, outputs that collide.

    `gone` are jobs no longer declared: their outputs may be taken over.
    """
    for target in targets:
        before = 0 if store is None else store.documents.count(target.name)
        found = tallies[target.name].found
        refuse_empty(target.name, found=found, before=before, allow_empty=target.allow_empty)
    refuse_collisions(_collisions(differences, store, gone))


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
