"""What was counted before, in a table beside the stat cache, of which it is as deletable."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence

from docbatch.core.extents import Extent
from docbatch.counting import kinds
from docbatch.counting.messages import CountedExtent, Uncounted
from docbatch.sources.cachefile import CacheFile

Name = tuple[str, str]
"""Digest and media type: the same bytes may be counted as one type or another."""

Recorded = Callable[[Sequence[str]], Iterable[tuple[str, str, int | None, int | None, int | None]]]
"""Tells of digests what somebody else keeps: digest, media type, pages, sheets and cells of each."""

_READ = "SELECT digest, media_type, pages, sheets, cells FROM extent WHERE version = ? AND (ended = 0 OR day >= ?) AND digest IN ({})"
_KEEP = "INSERT OR REPLACE INTO extent VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_EXPIRE = "DELETE FROM extent WHERE day < ?"
_MOST = 500
_MANY = 10_000
_DAY = 86_400
_KEPT_DAYS = 60
_FLUSH_SECONDS = 5.0


class KeptExtents:
    """Knows no more than what is `recorded` without a file, and keeps nothing then.

    What had to be ended is tried again the next day: that may have been the machine's fault. What is older than 60 days goes.
    """

    def __init__(self, file: CacheFile | None, recorded: Recorded = lambda _digests: ()) -> None:
        self._file = file
        self._recorded = recorded
        self._today = int(time.time()) // _DAY
        self._kept: list[tuple[object, ...]] = []
        self._flushed = time.monotonic()

    def recall(self, digests: Collection[str]) -> dict[Name, Extent]:
        known: dict[Name, Extent] = {}
        wanted = list(digests)
        for digest, media_type, *own in self._recorded(wanted):
            known[digest, media_type] = Extent(*own)
        for start in range(0, len(wanted) if self._file is not None else 0, _MOST):
            window = wanted[start : start + _MOST]
            assert self._file is not None
            rows = self._file.read(
                _READ.format(", ".join("?" * len(window))), (kinds.VERSION, self._today, *window)
            )
            known.update(((digest, media_type), Extent(*numbers)) for digest, media_type, *numbers in rows)
        return known

    def keep(self, document: Uncounted, counted: CountedExtent) -> None:
        """Keep what was counted, unless the document was not what it should have been."""
        extent = counted.extent
        if extent is None:
            return
        numbers = (extent.pages, extent.sheets, extent.cells)
        self._kept.append(
            (document.digest, document.media_type, kinds.VERSION, self._today, counted.ended, *numbers)
        )
        if len(self._kept) >= _MANY or time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write down what was kept."""
        if self._file is not None and self._kept:
            self._file.write([(_KEEP, self._kept), (_EXPIRE, [(self._today - _KEPT_DAYS,)])])
        self._kept = []
        self._flushed = time.monotonic()
