"""Rows that say of objects what their store no longer says: the documents are what they were, and metadata are another.

An object that differs from what is recorded was read, so that what is said of it now is in the cache; what rows say is recorded
beside its digest until the run that writes them again.
"""

from collections.abc import Iterator

from docbatch.core.changes import Reason
from docbatch.engine.planning.differences_database import Differences, Output
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.sources.cachefile import FORMAT
from docbatch.sources.object_metadata import packed_metadata
from docbatch.sources.objects import StoreSource
from docbatch.sources.statcache import StatCache
from docbatch.sources.unrecorded_stretches import UnrecordedStretches
from docbatch.state.store import Store

_MEMBERS, _BEHIND_MEMBERS = b"!", b'"'


def outdate_rows(target: ResolvedJob, store: Store, cache: StatCache, differences: Differences) -> None:
    """Note which rows of a job have to be written again, as they have where a list says something else. Nothing is asked of the store."""
    source = target.source.unwrapped
    if not isinstance(source, StoreSource) or source.unseen_because:
        return
    sinks = {sink.identity: sink for sink in target.sinks if sink.kind.rows}
    recorded = [sink for sink in store.deliveries.sinks(target.name) if sink.identity in sinks]
    retold = _retold(source, store, cache) if recorded else ()
    paths = [path for ends in retold for path in store.found_objects.wanted(target.name, *ends)]
    wholes = differences.wholes(target.name)
    for sink in recorded if paths else ():
        if not sinks[sink.identity].kind.whole:
            differences.output(
                Output(target.name, sink.identity, path, b"", None, Reason.FORM) for path in paths
            )
        elif sink.identity not in wholes:
            differences.whole(target.name, sink.identity, Reason.FORM)


def _retold(source: StoreSource, store: Store, cache: StatCache) -> Iterator[tuple[bytes, bytes]]:
    """Yield ranges of paths, up to one that is not within: objects of other metadata, and what lies in objects that differ."""
    start = source.identity + b"/"
    nothing = packed_metadata({})
    for stretch in UnrecordedStretches(cache, source.identity, source.globs, store.lineage):
        ends = start + stretch.first, start + stretch.last
        known = {each.place: each for each in store.found_objects.between(*ends, FORMAT)}
        said = dict(store.found_objects.said(*ends)) if known else {}
        for path, status, digest, _ in stretch.files() if known else ():
            before = known.get(start + path)
            if before is None or before.status == status:
                continue
            now = packed_metadata(source.metadata(path))
            if before.digest == digest and now != said.get(start + path, nothing):
                yield path, path + b"\0"
            if before.digest != digest or now != said.get(start + path, nothing):
                yield path + _MEMBERS, path + _BEHIND_MEMBERS
