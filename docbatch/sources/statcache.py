"""What is known about files that have not changed since they were hashed.

A file counts as unchanged when all that its status says is the same. A change within the same tick of the file
system's clock would not show there, so a file is remembered only once its status is older than the moment it was
hashed, by a margin.
"""

import time
from collections.abc import Sequence
from itertools import repeat, takewhile
from operator import itemgetter
from pathlib import Path

from docbatch.sources.cachefile import CacheFile, CacheRow
from docbatch.sources.globs import Globs
from docbatch.sources.walk import Found

MARGIN_NS = 2_000_000_000
"""The coarsest clock among common file systems ticks every two seconds."""

_path = itemgetter(0)

_PAGE = 2048
_BATCH = 8192
_FLUSH_SECONDS = 5.0
_FORGET = ("DELETE FROM stat WHERE path = ?", "DELETE FROM fingerprint WHERE path = ?")
_LARGEST = (1 << 63) - 1
_READ = (
    "SELECT path, size, mtime_ns, ctime_ns, inode, device, digest, media_type FROM stat"
    " WHERE root = ? AND path > ? ORDER BY path LIMIT ?"
)
_KEEP = "INSERT OR REPLACE INTO stat VALUES ((SELECT id FROM root WHERE path = ?), ?, ?, ?, ?, ?, ?, ?, ?)"
_DROP = "DELETE FROM stat WHERE root = (SELECT id FROM root WHERE path = ?) AND path = ?"


class StatCache:
    """The cache of all roots. Without a path, or with a file that cannot be used, it knows nothing and keeps nothing."""

    def __init__(self, path: Path | None, *, margin_ns: int = MARGIN_NS) -> None:
        self.file = CacheFile(path) if path is not None else None
        self.margin_ns = margin_ns

    def known(self, root: bytes, globs: Globs) -> "KnownFiles":
        return KnownFiles(self, root, globs)

    def forget(self, path: bytes) -> None:
        """Forget what is known of documents of this path, wherever they lie: it was wrong."""
        if self.file is not None:
            self.file.write([(forget, [(path,)]) for forget in _FORGET])

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


class KnownFiles:
    """What is known below one root, asked for in the order of its walk.

    Rows and found files are two streams in the same order, so they are merged: no file is looked up on its own.
    """

    def __init__(self, cache: StatCache, root: bytes, globs: Globs) -> None:
        self._file = cache.file
        self._margin_ns = cache.margin_ns
        self._root = root
        self._globs = globs
        self._rows: dict[bytes, CacheRow] = {}
        self._read_to = globs.prefix
        self._id = self._root_id()
        self._more = self._id is not None
        self._kept: list[tuple[object, ...]] = []
        self._dropped: list[tuple[bytes, bytes]] = []
        self._flushed = time.monotonic()
        self._clocks: dict[int, int] = {}
        self._wall = 0

    def recall(self, found: Sequence[Found]) -> list[CacheRow | None]:
        """Return for each file of the walk's next window what is known, None where it has to be hashed."""
        if not found:
            return []
        last = found[-1][0]
        while self._more and self._read_to < last:
            self._read_page()
        rows = map(self._rows.pop, map(_path, found), repeat(None))
        recalled = [
            row if row is not None and row[:6] == entry else None
            for entry, row in zip(found, rows, strict=True)
        ]
        self._sift(last)
        self._read_clocks(hashing=None in recalled)
        return recalled

    def keep(self, row: CacheRow) -> None:
        """Remember a file that was hashed after the last `recall`, unless its status is too fresh to be trusted."""
        _, _, mtime_ns, ctime_ns, inode, device, _, _ = row
        hashed_ns = self._clocks.get(device, self._wall)
        if max(mtime_ns, ctime_ns) >= hashed_ns - self._margin_ns or max(inode, device) > _LARGEST:
            return
        self._kept.append((self._root, *row))
        if len(self._kept) >= _BATCH or time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def finish(self) -> None:
        """Forget what the walk, now complete, should have come by."""
        while self._more:
            self._read_page()
            self._sift(self._read_to)
        self._sift(self._read_to)
        self.flush()

    def flush(self) -> None:
        if self._file is not None and (self._kept or self._dropped):
            root = ("INSERT OR IGNORE INTO root (path) VALUES (?)", [(self._root,)])
            self._file.write([root, (_DROP, self._dropped), (_KEEP, self._kept)])
        self._kept, self._dropped = [], []
        self._flushed = time.monotonic()

    def _root_id(self) -> object:
        if self._file is None:
            return None
        rows = self._file.read("SELECT id FROM root WHERE path = ?", (self._root,))
        return rows[0][0] if rows else None

    def _read_page(self) -> None:
        assert self._file is not None
        page = self._file.read(_READ, (self._id, self._read_to, _PAGE))
        self._rows.update(zip(map(_path, page), page, strict=True))
        if page:
            self._read_to = page[-1][0]
        self._more = len(page) == _PAGE and self._read_to.startswith(self._globs.prefix)

    def _sift(self, last: bytes) -> None:
        """Take out the rows the walk has passed by; those of other globs over the same root stay in the file."""
        passed = list(takewhile(lambda path: path <= last, self._rows))
        for path in passed:
            del self._rows[path]
            if self._globs(path):
                self._dropped.append((self._root, path))

    def _read_clocks(self, *, hashing: bool) -> None:
        if hashing and self._file is not None:
            self._wall = time.time_ns()
            clock = self._file.clock()
            self._clocks = dict([clock]) if clock else {}
