"""Counting the pages of documents that are found, to tell which of them are taken. What was counted is kept and not counted again."""

import time
from collections.abc import Mapping, Sequence
from functools import partial

from docbatch.counting import kinds
from docbatch.counting.kept_extents import KeptExtents
from docbatch.counting.messages import Uncounted
from docbatch.counting.pool import CountingBounds, CountingPool
from docbatch.engine.planning.amounts.count_extents import BY_STRANGERS
from docbatch.sources.base import Source
from docbatch.sources.documents import Observed
from docbatch.sources.statcache import StatCache


class PageCounter:
    """Counts windows of documents, each with processes of its own. In an `untrusted` project all together take a bounded time."""

    def __init__(self, *, untrusted: bool) -> None:
        self._bounds = BY_STRANGERS if untrusted else CountingBounds()
        self._since_ns = time.time_ns()
        self._left = self._bounds.all

    def __call__(
        self, source: Source, documents: Sequence[Observed], cache: StatCache
    ) -> Mapping[bytes, int]:
        """Return the pages of documents by path, of those that can be counted."""
        kept = KeptExtents(cache.file)
        known = kept.recall([each.digest for each in documents if kinds.is_counted(each.media_type)])
        pages: dict[bytes, int | None] = {}
        uncounted: dict[str, tuple[Uncounted, list[bytes]]] = {}
        for each in documents:
            extent = known.get((each.digest, each.media_type))
            if not kinds.is_counted(each.media_type):
                pages[each.path] = kinds.at_sight(each.media_type).pages
            elif extent is not None:
                pages[each.path] = extent.pages
            else:
                # The same bytes are counted once, wherever they lie.
                key = f"{each.digest} {each.media_type}"
                uncounted.setdefault(key, (_document(source, key, each), []))[1].append(each.path)
        self._count(uncounted, kept, pages)
        return {path: number for path, number in pages.items() if number is not None}

    def _count(
        self,
        uncounted: Mapping[str, tuple[Uncounted, list[bytes]]],
        kept: KeptExtents,
        pages: dict[bytes, int | None],
    ) -> None:
        if not uncounted or self._left <= 0:
            return
        since = time.monotonic()
        with CountingPool(CountingBounds(self._bounds.each, self._left), self._since_ns) as pool:
            for document, counted in pool.counted(each for each, _ in uncounted.values()):
                kept.keep(document, counted)
                number = None if counted.extent is None else counted.extent.pages
                pages.update(dict.fromkeys(uncounted[document.key][1], number))
        kept.flush()
        self._left -= time.monotonic() - since


def _document(source: Source, key: str, each: Observed) -> Uncounted:
    opened = partial(source.open_measured, each.path, each.digest)
    return Uncounted(key, each.digest, each.media_type, each.size, source.file(each.path), opened)
