"""Recording what was learned of objects by reading them, so that another machine with the same state reads none of them again.

What was measured lies in the cache by then, also where an earlier plan did it; what is new there goes into the state.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from docbatch.core.changes import ChangeKind
from docbatch.counting import kinds
from docbatch.counting.kept_extents import KeptExtents
from docbatch.engine.planning.differences_database import Change, Differences
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.sources import kept_members
from docbatch.sources.cachefile import FORMAT
from docbatch.sources.kept_members import KeptMembers
from docbatch.sources.known_stretch import KnownStretch
from docbatch.sources.object_metadata import packed_metadata
from docbatch.sources.objects import StoreSource
from docbatch.sources.statcache import StatCache
from docbatch.sources.unrecorded_stretches import UnrecordedStretches
from docbatch.state.found_objects import ExtentRow, FoundObject, MemberStretch
from docbatch.state.store import Store

_WINDOW = 500
_TOGETHER = 8


def record_found_objects(
    store: Store, target: ResolvedJob, differences: Differences, cache: StatCache
) -> None:
    """Record of a job's objects what the state does not know. Killed in between, the next run does the rest."""
    source = target.source.unwrapped
    if not isinstance(source, StoreSource) or source.unseen_because:
        return
    new = UnrecordedStretches(cache, source.identity, source.globs, store.lineage)
    stretches = iter(new)
    while several := list(islice(stretches, _TOGETHER)):
        found = [each for stretch in several for each in _unknown(store, source, stretch)]
        if found:
            said = {each.place: text for each in found if (text := _said(source, each))}
            with store.write():
                store.found_objects.keep(found, FORMAT, said)
    new.note()
    _record_members(store, source, cache)
    changes = differences.changes(target.name)
    while window := list(islice(changes, _WINDOW)):
        _record_changed(store, source, window, cache)


def _unknown(store: Store, source: StoreSource, stretch: KnownStretch) -> Iterator[FoundObject]:
    start = source.identity + b"/"
    first, last = start + stretch.first, start + stretch.last
    known = {each.place: each for each in store.found_objects.between(first, last, FORMAT)}
    for path, status, digest, media_type in stretch.files():
        each = FoundObject(start + path, status, digest, media_type)
        if known.get(each.place) != each:
            yield each


def _said(source: StoreSource, found: FoundObject) -> str:
    said = source.metadata(found.place[len(source.identity) + 1 :])
    return packed_metadata(said) if said else ""


def _record_members(store: Store, source: StoreSource, cache: StatCache) -> None:
    """Record what lies in containers that were met, where that is known for good."""
    kept = KeptMembers(cache)
    noted = iter(sorted(source.recorded.noted))
    while window := list(islice(noted, _WINDOW)):
        recorded = store.found_objects.opened([digest for digest, _ in window], kept_members.VERSION)
        lists = [(each, kept.certain(*each)) for each in window if each not in recorded]
        if any(members is not None for _, members in lists):
            with store.write():
                for (digest, kind), members in lists:
                    stretches = (
                        () if members is None else [MemberStretch(*each) for each in members.stretches]
                    )
                    if stretches:
                        store.found_objects.keep_members(digest, kind, stretches, kept_members.VERSION)


def _record_changed(store: Store, source: StoreSource, changes: Sequence[Change], cache: StatCache) -> None:
    gone = [source.identity + b"/" + each.path for each in changes if each.kind is ChangeKind.REMOVE]
    extents = list(_counted(store, [each.digest for each in changes if each.digest], cache))
    if gone or extents:
        with store.write():
            store.found_objects.forget(gone)
            store.found_objects.keep_extents(extents, kinds.VERSION)


def _counted(store: Store, digests: Sequence[str], cache: StatCache) -> Iterator[ExtentRow]:
    """Yield what was counted and the state does not know. What could not be counted may be countable elsewhere."""
    recorded = {(row[0], row[1]) for row in store.found_objects.extents(digests, kinds.VERSION)}
    for (digest, media_type), extent in KeptExtents(cache.file).recall(digests).items():
        numbers = (extent.pages, extent.sheets, extent.cells)
        if (digest, media_type) not in recorded and any(each is not None for each in numbers):
            yield (digest, media_type, *numbers)
