"""Which stretches of a source the cache came to know since a state was last told of them.

Nothing is lost with this but time: what is told twice is recorded once.
"""

from collections.abc import Iterator

from docbatch.sources.globs import Globs
from docbatch.sources.known_stretch import KnownStretch
from docbatch.sources.statcache import StatCache

_SCAN = "SELECT id FROM scan WHERE root = ? AND patterns = ?"
_TOLD = "SELECT number FROM told WHERE scan = ? AND state = ?"
_NEXT = "SELECT id, paths, statuses, digests, media_types FROM stretch WHERE id > ? AND scan = ? ORDER BY id LIMIT 1"
_NOTE = "INSERT OR REPLACE INTO told (scan, state, number) VALUES (?, ?, ?)"


class UnrecordedStretches:
    """Those of one scan; `state` is what the state is called by. Once all were recorded, that is to be noted."""

    def __init__(self, cache: StatCache, root: bytes, globs: Globs, state: str) -> None:
        self._file = cache.file
        self._state = state
        self._scan = self._first(_SCAN, root, repr(globs.patterns))
        self._told = self._seen = self._first(_TOLD, self._scan, state)

    def __iter__(self) -> Iterator[KnownStretch]:
        while self._file is not None and (rows := self._file.read(_NEXT, (self._seen, self._scan))):
            self._seen, *parts = rows[0]
            stretch = KnownStretch(*parts)
            if stretch.is_whole:
                yield stretch

    def note(self) -> None:
        """Note that the state knows all that was yielded."""
        if self._file is not None and self._seen > self._told:
            self._file.write([(_NOTE, [(self._scan, self._state, self._seen)])])

    def _first(self, sql: str, *values: object) -> int:
        rows = [] if self._file is None else self._file.read(sql, values)
        return int(rows[0][0]) if rows else 0
