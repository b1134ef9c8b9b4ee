"""What is known about files that have not changed since they were hashed.

A file counts as unchanged when all that its status says is the same. A change within the same tick of the file
system's clock would not show there, so a file is remembered only once its status is older than the moment it was
hashed, by a margin.

What is known is kept in stretches of many files, one for each window of the walk that found them, so that a window in
which nothing changed is known by one comparison.
"""

import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Protocol

from docbatch.sources.cachefile import CacheFile, Changes
from docbatch.sources.found_files import Window, device_of, freshest
from docbatch.sources.globs import Globs
from docbatch.sources.known_stretch import KnownFile, KnownStretch

MARGIN_NS = 2_000_000_000
"""The coarsest clock among common file systems ticks every two seconds."""

_READY = 8
_FLUSH_SECONDS = 5.0
_DAY = 86_400
_UNUSED_DAYS = 60
"""So long is kept what was known of patterns that nobody asks for any more."""
_FORGET = "DELETE FROM fingerprint WHERE path = ?"
_NEXT = (
    "SELECT first, paths, statuses, digests, media_types, id FROM stretch"
    " WHERE scan = ? AND first > ? ORDER BY first LIMIT 1"
)
_OTHERS = (
    "SELECT paths, statuses, digests, media_types FROM stretch"
    " WHERE scan IN (SELECT id FROM scan WHERE root = ? AND patterns <> ?) AND first <= ? AND last >= ?"
)
_AROUND = (
    "SELECT root, patterns, stretch.id, paths, statuses, digests, media_types FROM stretch"
    " JOIN scan ON scan.id = stretch.scan WHERE first <= ? AND last >= ?"
)
_USE = (
    "INSERT INTO scan (root, patterns, used) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used = excluded.used"
)
_KEEP = (
    "INSERT OR REPLACE INTO stretch (scan, first, last, paths, statuses, digests, media_types)"
    " VALUES ((SELECT id FROM scan WHERE root = ? AND patterns = ?), ?, ?, ?, ?, ?, ?)"
)
_DROP = "DELETE FROM stretch WHERE scan = (SELECT id FROM scan WHERE root = ? AND patterns = ?) AND first = ?"
_REMOVE = "DELETE FROM stretch WHERE id = ?"
_EXPIRE = (
    "DELETE FROM stretch WHERE scan IN (SELECT id FROM scan WHERE used < ?)",
    "DELETE FROM scan WHERE used < ?",
)


class StatCache:
    """The cache of all roots. Without a path, or with a file that cannot be used, it knows nothing and keeps nothing."""

    def __init__(self, path: Path | None, *, margin_ns: int = MARGIN_NS) -> None:
        self.file = CacheFile(path) if path is not None else None
        self.margin_ns = margin_ns

    def known(self, root: bytes, globs: Globs, beside: "Beside | None" = None) -> "KnownFiles":
        return KnownFiles(self, root, globs, beside)

    def forget(self, path: bytes) -> None:
        """Forget what is known of documents of this path, wherever they lie: it was wrong."""
        if self.file is None:
            return
        self.file.write([(_FORGET, [(path,)])])
        for root, patterns, number, *parts in self.file.read(_AROUND, (path, path)):
            files = list(_files(KnownStretch(*parts)))
            kept = [file for file in files if file.path != path]
            if len(kept) < len(files):
                rows = [(root, patterns, *_row(KnownStretch.of(kept)))] if kept else []
                self.file.write([(_REMOVE, [(number,)]), (_KEEP, rows)])

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


class Beside(Protocol):
    """What else the cache is told of files, at one with their stretches."""

    def changes(self) -> Changes: ...

    def settle(self) -> None:
        """The changes were made."""


def _row(stretch: KnownStretch) -> tuple[bytes | str, ...]:
    parts = (stretch.paths, stretch.statuses, stretch.digests, stretch.media_types)
    return stretch.first, stretch.last, *parts


def _files(stretch: KnownStretch) -> Iterator[KnownFile]:
    """Return what a stretch of the file holds; nothing where it is damaged."""
    return stretch.files() if stretch.is_whole else iter(())


class KnownFiles:
    """What is known below one root, asked for in the order of its walk.

    Stretches and windows are two streams in the same order, so they are merged: no file is looked up on its own. What
    was found by other patterns below the same root is asked only about files that these patterns did not find before.
    """

    def __init__(self, cache: StatCache, root: bytes, globs: Globs, beside: Beside | None = None) -> None:
        self._beside = beside
        self._file = cache.file
        self._margin_ns = cache.margin_ns
        self._scan = (root, repr(globs.patterns))
        self._number, self._used = self._read_scan()
        self._read_to = b""
        # Files of stretches that were read and reach beyond what was recalled, by path and status.
        self._reached: dict[tuple[bytes, bytes], KnownFile] = {}
        self._replaced: list[KnownStretch] = []
        self._outdated: list[bytes] = []
        self._recalled_to = b""
        self._window: list[KnownFile] = []
        self._ready: list[KnownStretch] = []
        self._flushed = time.monotonic()
        self._clocks: dict[int, int] = {}
        self._wall = 0
        self._ahead = self._read_next()

    def whole(self, window: Window) -> KnownStretch | None:
        """Return what is known of the walk's next window where that is all of it; otherwise it has to be recalled."""
        self._pass_window()
        ahead = self._ahead
        if ahead is None or self._reached or ahead.statuses != window.statuses or ahead.paths != window.paths:
            return None
        self._ahead = self._read_next()
        return ahead

    def recall(self, window: Window) -> list[KnownFile | None]:
        """Return for each file of the window what is known, None where it has to be hashed.

        Those that are known by then are to be kept, in the same order.
        """
        files = list(window.files)
        if not files:
            return []
        self._recalled_to = files[-1][0]
        while self._ahead is not None and self._ahead.first <= self._recalled_to:
            self._reached.update(((file.path, file.status), file) for file in self._ahead.files())
            self._replaced.append(self._ahead)
            self._outdated.append(self._read_to)
            self._ahead = self._read_next()
        recalled = list(map(self._reached.get, files))
        if None in recalled:
            others = self._others(files[0][0], self._recalled_to)
            recalled = [each or others.get(file) for each, file in zip(recalled, files, strict=True)]
            self._read_clocks(hashing=None in recalled)
        return recalled

    def keep(self, file: KnownFile, *, fresh: bool) -> None:
        """Keep a file that was recalled, or that was hashed after it, unless its status is too fresh to be trusted."""
        if fresh:
            hashed_ns = self._clocks.get(device_of(file.status), self._wall)
            if freshest(file.status) >= hashed_ns - self._margin_ns:
                return
        self._window.append(file)
        if fresh and time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def finish(self) -> None:
        """Forget what the walk, now complete, should have come by."""
        self._pass_window()
        self._reached = {}
        while self._ahead is not None:
            self._outdated.append(self._read_to)
            self._ahead = self._read_next()
        self.flush()

    def flush(self) -> None:
        """Write down what is known by now, so that nothing of it is lost if the scan goes no further."""
        unfinished = list(self._unfinished())
        stretches = [*self._ready, *unfinished]
        today = int(time.time()) // _DAY
        if self._file is not None and (stretches or self._outdated or self._used < today):
            kept = [(*self._scan, *_row(stretch)) for stretch in stretches]
            dropped = [(*self._scan, first) for first in self._outdated]
            expired = [(sql, [(today - _UNUSED_DAYS,)]) for sql in _EXPIRE]
            beside = self._beside.changes() if self._beside is not None and self._file.is_usable else []
            written = self._file.write(
                [(_USE, [(*self._scan, today)]), (_DROP, dropped), (_KEEP, kept), *expired, *beside]
            )
            if written and self._beside is not None:
                self._beside.settle()
        self._ready, self._replaced, self._used = [], [], today
        self._outdated = [stretch.first for stretch in unfinished]
        self._flushed = time.monotonic()

    def _unfinished(self) -> Iterator[KnownStretch]:
        """Yield what is kept of the window so far, and what is known beyond and lies in stretches that go."""
        if self._window:
            yield KnownStretch.of(self._window)
        after = self._window[-1].path if self._window else b""
        if beyond := [file for file in self._reached.values() if file.path > after]:
            yield KnownStretch.of(beyond)

    def _pass_window(self) -> None:
        """Make a stretch of the window that was recalled last, and leave it behind."""
        if self._reached:
            self._reached = {key: file for key, file in self._reached.items() if key[0] > self._recalled_to}
        if self._window:
            made = KnownStretch.of(self._window)
            if self._replaced == [made] and not self._reached:
                self._outdated.remove(made.first)
            else:
                self._ready.append(made)
        self._window = []
        if not self._reached:
            self._replaced = []
        if len(self._ready) >= _READY:
            self.flush()

    def _read_scan(self) -> tuple[int, int]:
        """Return under which number these patterns are kept, and on which day they were used last."""
        sql = "SELECT id, used FROM scan WHERE root = ? AND patterns = ?"
        rows = [] if self._file is None else self._file.read(sql, self._scan)
        return rows[0] if rows else (0, 0)

    def _read_next(self) -> KnownStretch | None:
        """Return the next stretch of the file; a damaged one goes."""
        while self._file is not None and (rows := self._file.read(_NEXT, (self._number, self._read_to))):
            self._read_to, *parts = rows[0]
            stretch = KnownStretch(*parts)
            if stretch.is_whole:
                return stretch
            self._outdated.append(self._read_to)
        return None

    def _others(self, first: bytes, last: bytes) -> dict[tuple[bytes, bytes], KnownFile]:
        """Return what other patterns found between two paths."""
        rows = [] if self._file is None else self._file.read(_OTHERS, (*self._scan, last, first))
        files = chain.from_iterable(_files(KnownStretch(*row)) for row in rows)
        return {(file.path, file.status): file for file in files}

    def _read_clocks(self, *, hashing: bool) -> None:
        if hashing and self._file is not None:
            self._wall = time.time_ns()
            clock = self._file.clock()
            self._clocks = dict([clock]) if clock else {}
