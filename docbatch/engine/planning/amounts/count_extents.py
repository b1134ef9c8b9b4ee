"""Counting what documents to be sent have, before anything is sent: pages, slides, sheets and cells."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from docbatch.core.extents import Extent
from docbatch.counting import kinds
from docbatch.counting.kept_extents import KeptExtents, Recorded
from docbatch.counting.messages import CountedExtent, Uncounted
from docbatch.counting.pool import CountingBounds, CountingPool
from docbatch.engine.planning.amounts.items_to_send import ItemToSend
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Counting, Notice
from docbatch.sources.statcache import StatCache

BY_STRANGERS = CountingBounds(each=2.0, all=60.0)
"""What is looked at for a repository that nobody vouches for."""
_TOLD_EVERY = 1.0
_AT_ONCE = 500


def count_extents(
    targets: Sequence[ResolvedJob],
    differences: Differences,
    cache: StatCache,
    *,
    since: float,
    bounds: CountingBounds,
    observe: Callable[[Notice], object],
    recorded: Recorded = lambda _digests: (),
) -> None:
    """Note in `differences` what the documents have that these jobs send. `since` is when they began to be looked at.

    What is `recorded` of some is not counted again.
    """
    counting = _Counting(targets, differences, KeptExtents(cache.file, recorded), observe)
    with CountingPool(bounds, int(since * 1e9)) as pool:
        for document, counted in pool.counted(counting.uncounted()):
            counting.note(document, counted)
    counting.finish()


class _Counting:
    """One pass over what is to be sent: what is known is noted as it comes by, the rest is yielded to be counted."""

    def __init__(
        self,
        targets: Sequence[ResolvedJob],
        differences: Differences,
        kept: KeptExtents,
        observe: Callable[[Notice], object],
    ) -> None:
        self._sources = {target.name: target.source for target in targets}
        self._differences = differences
        self._kept = kept
        self._observe = observe
        self._noted: list[tuple[str, Extent]] = []
        self._done = self._total = 0
        self._told = time.monotonic()

    def uncounted(self) -> Iterator[Uncounted]:
        for window in self._differences.items_to_send(self._sources):
            asked = [item for item in window if kinds.is_counted(item.media_type)]
            known = self._kept.recall([item.digest for item in asked])
            for item in window:
                if not kinds.is_counted(item.media_type):
                    self._note(item.key, kinds.at_sight(item.media_type))
                elif (extent := known.get((item.digest, item.media_type))) is not None:
                    self._note(item.key, extent)
                else:
                    yield self._document(item)

    def note(self, document: Uncounted, counted: CountedExtent) -> None:
        self._kept.keep(document, counted)
        self._note(document.key, counted.extent or Extent())

    def finish(self) -> None:
        self._differences.extent(self._noted)
        self._noted = []
        self._kept.flush()

    def _document(self, item: ItemToSend) -> Uncounted:
        source = self._sources[item.job]
        opened = partial(source.open_measured, item.path, item.digest)
        return Uncounted(item.key, item.digest, item.media_type, item.size, source.file(item.path), opened)

    def _note(self, key: str, extent: Extent) -> None:
        self._noted.append((key, extent))
        self._done += 1
        if len(self._noted) >= _AT_ONCE:
            self._differences.extent(self._noted)
            self._noted = []
        now = time.monotonic()
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            self._total = self._total or self._differences.to_send()[0]
            self._observe(Counting(self._done, self._total))
