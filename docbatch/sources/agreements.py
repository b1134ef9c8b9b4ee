"""What was found to be as recorded need not be compared again with a record that was not written since.

The file of a record counts as not written by the rule by which a document counts as unchanged: all that its status says
is the same, and was older, by a margin, than the moment it was relied on. It is kept in the cache, which is deletable.
"""

import os
import time
from hashlib import blake2b
from pathlib import Path

from docbatch.sources.found_files import freshest, packed, told
from docbatch.sources.known_stretch import KnownStretch
from docbatch.sources.statcache import StatCache

_SIZE = 16
_READ = "SELECT basis, marks FROM agreed WHERE job = ?"
_KEEP = "INSERT OR REPLACE INTO agreed VALUES (?, ?, ?)"


class Agreements:
    """Stretches of one job that were found to be as recorded in a SQLite file. `terms` are all that was asked beside it."""

    def __init__(self, cache: StatCache, record: Path | None, job: str, terms: object) -> None:
        self._cache = cache
        self._record = record
        self._job = job
        self._terms = repr(terms).encode()
        self._basis = self._as_it_is()
        self._before = self._read()
        self._kept = frozenset(
            self._before[start : start + _SIZE] for start in range(0, len(self._before), _SIZE)
        )
        self._marks: list[bytes] = []

    def has(self, after: bytes, stretch: KnownStretch, recipe: int | None) -> bool:
        """Say whether what is recorded behind a path and up to a stretch's last was found to be that stretch, and is still.

        All of it is through, by this recipe's row.
        """
        return _mark(after, stretch, recipe) in self._kept

    def add(self, after: bytes, stretch: KnownStretch, recipe: int | None) -> None:
        self._marks.append(_mark(after, stretch, recipe))

    def keep(self) -> None:
        """Keep what was found, unless the record was written meanwhile or so lately that more may go unseen."""
        marks = b"".join(self._marks)
        if self._cache.file is None or self._basis is None or marks == self._before:
            return
        is_old = freshest(self._basis[0]) < time.time_ns() - self._cache.margin_ns
        if is_old and self._as_it_is() == self._basis:
            self._cache.file.write([(_KEEP, [(self._job, b"".join(self._basis), marks)])])

    def _read(self) -> bytes:
        if self._cache.file is None or self._basis is None:
            return b""
        rows = self._cache.file.read(_READ, (self._job,))
        return rows[0][1] if rows and rows[0][0] == b"".join(self._basis) else b""

    def _as_it_is(self) -> tuple[bytes, bytes] | None:
        """Return what tells the record from what it was; None where part of it lies in a file beside it."""
        if self._record is None:
            return None
        try:
            status = packed(told(self._record.stat()))
            written_lately = _size(self._record.with_name(self._record.name + "-wal"))
        except OSError:
            return None
        return None if written_lately else (status, self._terms)


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except FileNotFoundError:
        return 0


def _mark(after: bytes, stretch: KnownStretch, recipe: int | None) -> bytes:
    return blake2b(b"%d %d %s" % (stretch.number, recipe or 0, after), digest_size=_SIZE).digest()
