"""Finding what changed and is due for all selected jobs, without changing anything but the stat cache."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from docbatch.core.changes import Reason
from docbatch.core.demands import Demands
from docbatch.core.errors import DocbatchError
from docbatch.core.guard import SHOWN, refuse_collisions, refuse_empty
from docbatch.engine.code_of_others import blamed
from docbatch.engine.planning.compare_documents import compare_documents
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.places.judge_places import names
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.planning.tally import Tally
from docbatch.naming.pathtext import escape
from docbatch.sinks.paths import folded
from docbatch.sources.statcache import StatCache
from docbatch.state.documents import Documents
from docbatch.state.store import Store


def find_changes(
    targets: Sequence[ResolvedJob],
    store: Store | None,
    cache: StatCache,
    differences: Differences,
    only: Callable[[ResolvedJob], Collection[bytes]] | None = None,
    *,
    keeps_empty: bool = False,
) -> dict[str, Tally]:
    """Write what is due into `differences` and return what was seen of each job.

    `only` names the documents of a job to look at instead of all. With `keeps_empty`, a job whose source is empty is left as
    it is recorded.
    """
    tallies = {}
    differences.order(each.name for each in sorted(targets, key=lambda each: (each.priority, each.name)))
    for target in targets:
        paths = None if only is None else only(target)
        with blamed(partial(_source_failed, target.name)):
            found = target.source.find(cache, paths)
            found = found.kept_where_empty() if keeps_empty else found
            tallies[target.name] = compare_documents(
                target, store, found, differences, only=paths, cache=cache
            )
        tallies[target.name].selection = found.selection
        if store is not None:
            _outdate_whole_outputs(target, store, differences, tallies[target.name])
            if only is None:
                _outdate_rows(target, store, cache, differences)
    return tallies


def left_as_recorded(tallies: Mapping[str, Tally]) -> Iterator[str]:
    """Yield a sentence for each job whose source was not looked through."""
    for job, tally in tallies.items():
        if tally.recorded_only:
            yield f"job '{job}': nothing was found in its source, and it is left as it is recorded"


def _outdate_rows(target: ResolvedJob, store: Store, cache: StatCache, differences: Differences) -> None:
    if target.source.unwrapped.is_far and any(sink.kind.rows for sink in target.sinks):
        from docbatch.engine.planning.origins.retold_objects import outdate_rows  # noqa: PLC0415 - few jobs have stores

        outdate_rows(target, store, cache, differences)


def _outdate_whole_outputs(target: ResolvedJob, store: Store, differences: Differences, tally: Tally) -> None:
    """What holds a whole job is another where the job takes empty or partial documents otherwise than it did, or is behind the job.

    It is behind where a run ended between its last result and its outputs.
    """
    recorded = store.documents.job(target.name)
    if recorded is None:
        return
    is_other = _takes_others(recorded.demands, target.demands, store.documents, target.name)
    sinks = store.deliveries.sinks(target.name) if tally.unchanged else []
    behind = {sink.identity for sink in sinks if sink.revision != recorded.revision}
    for sink in target.sinks:
        if sink.kind.whole and (is_other or sink.identity in behind):
            differences.whole(target.name, sink.identity, Reason.BEHIND)


def _takes_others(before: Demands, now: Demands, documents: Documents, job: str) -> bool:
    """Say whether results are taken now that were not, or the other way round, and there are any."""
    empty = before.refuses_empty != now.refuses_empty and documents.has_empty(job)
    return empty or (before.refuses_partial != now.refuses_partial and documents.has_partial(job))


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
        tally = tallies[target.name]
        if tally.found or tally.unsettled or target.allow_empty or tally.recorded_only:
            # What was sought is told after a look around, which is for those alone that found nothing.
            continue
        before = 0 if store is None else store.documents.count(target.name)
        litter = str(tally.litter) if tally.litter and tally.litter.number else ""
        left_out = tally.selection.summary if tally.selection else ""
        sought = "; ".join(filter(None, (target.source.shown, litter, left_out)))
        refuse_empty(
            target.name, found=tally.found, before=before, allow_empty=target.allow_empty, sought=sought
        )
    pairs = _collisions(differences, store, gone)[:SHOWN]
    named = [(escape(each.output), names(*each.wanted[0]), names(*each.wanted[1])) for each in pairs]
    refuse_collisions(named, remedy=_remedy(pairs))


@dataclass(frozen=True, slots=True)
class _Collision:
    """An output, and the two that want it: job and path of each."""

    output: bytes
    wanted: tuple[tuple[str, bytes], tuple[str, bytes]]

    @property
    def is_of_one_name(self) -> bool:
        """Whether the documents' own paths are the same, or differ in what a file system may not tell apart."""
        (_, one), (_, other) = self.wanted
        return folded(one) == folded(other)

    @property
    def jobs(self) -> set[str]:
        return {job for job, _ in self.wanted}


def _remedy(pairs: Sequence[_Collision]) -> str:
    """Say what tells the outputs apart: not what they have in common."""
    several = any(len(each.jobs) > 1 for each in pairs)
    alike = any(each.is_of_one_name and len(each.jobs) == 1 for each in pairs)
    parts = []
    if several:
        parts.append("name the job in the sink's path, as in '{{ job.name }}'")
    if alike:
        parts.append(
            "rename one of the documents, whose names differ in letter case or in the form of letters alone,"
            " or exclude it; '{{ doc.sha256 }}' in the sink's path tells apart what has other bytes"
        )
    if not parts or any(not each.is_of_one_name and len(each.jobs) == 1 for each in pairs):
        parts.append("name the whole path in the sink's path, as in '{{ doc.path }}' with its suffix")
    return "; ".join(parts)


def _collisions(differences: Differences, store: Store | None, gone: Collection[str]) -> list[_Collision]:
    found = [
        _Collision(one.output, ((one.job, one.path), (other.job, other.path)))
        for one, other in differences.collisions(SHOWN)
    ]
    return found if store is None else [*found, *_with_recorded(differences, store, gone)]


def _with_recorded(differences: Differences, store: Store, gone: Collection[str]) -> list[_Collision]:
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
                found.append(_Collision(output, (one, (job, path))))
    return found
