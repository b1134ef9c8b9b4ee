"""What lies in containers, as it was found when they were opened: kept by their bytes, beside the stat cache and as deletable."""

import json
import time
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Protocol, Self

from docbatch.containers.inside import ContainerMember, UnfitMember
from docbatch.containers.kinds import ContainerKind
from docbatch.containers.member_names import raw
from docbatch.containers.messages import TOGETHER, pack_rows, unpack_rows
from docbatch.processes.frames import NONSENSE
from docbatch.sources.statcache import StatCache

VERSION = 2
"""Raise it when the same container would be listed otherwise."""

_READ = (
    "SELECT last, rows FROM member WHERE digest = ? AND kind = ? AND version = ? AND (ended = 0 OR day >= ?)"
    " ORDER BY number"
)
_DROP = "DELETE FROM member WHERE digest = ? AND kind = ?"
_KEEP = "INSERT OR REPLACE INTO member VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_CERTAIN = "SELECT last, rows FROM member WHERE digest = ? AND kind = ? AND version = ? AND ended = 0 ORDER BY number"
_EXPIRE = "DELETE FROM member WHERE day < ?"
_DAY = 86_400
_KEPT_DAYS = 60
_FLUSH_SECONDS = 5.0
_MANY = 1000


class MemberList:
    """What lies in one container in path order, packed. Each stretch goes with the last name in it."""

    def __init__(self, stretches: Sequence[tuple[bytes, bytes]]) -> None:
        self.stretches = stretches

    @classmethod
    def of(cls, rows: Sequence[ContainerMember | UnfitMember]) -> Self:
        starts = range(0, len(rows), TOGETHER) or (0,)
        return cls([_packed(rows[start : start + TOGETHER]) for start in starts])

    def __iter__(self) -> Iterator[ContainerMember | UnfitMember]:
        for _, stretch in self.stretches:
            yield from _unpacked(stretch)

    @property
    def packed_size(self) -> int:
        return sum(len(stretch) for _, stretch in self.stretches)

    def named(self, name: bytes) -> ContainerMember | UnfitMember | None:
        at = bisect_left(self.stretches, name, key=lambda stretch: stretch[0])
        return _by_name(self.stretches[at][1]).get(name) if at < len(self.stretches) else None


class MemberRecord(Protocol):
    """What is recorded of the containers of a source, where another machine is not to open them again."""

    def members(self, digest: str, kind: str) -> Sequence[tuple[bytes, bytes]]:
        """Return the stretches of what lies in a container; nothing where it is not recorded."""

    def note(self, digest: str, kind: str) -> None:
        """A container was met whose members the cache may know and the record may not."""


class KeptMembers:
    """Knows and keeps nothing without a file, but what is recorded.

    A container over which a process ended is opened again the next day: that may have been the machine's fault.
    """

    def __init__(self, cache: StatCache, record: MemberRecord | None = None) -> None:
        self._file = cache.file
        self._record = record
        self._today = int(time.time()) // _DAY
        self._waiting: list[tuple[object, ...]] = []
        self._dropped: list[tuple[str, str]] = []
        self._flushed = time.monotonic()

    def recall(self, digest: str, kind: ContainerKind) -> MemberList | None:
        known = self._read(_READ, digest, str(kind), VERSION, self._today)
        if known is not None or self._record is None:
            if self._record is not None:
                self._record.note(digest, str(kind))
            return known
        recorded = _sound(self._record.members(digest, str(kind)))
        if recorded is not None:
            self.keep(digest, kind, recorded, ended=False)
        return recorded

    def certain(self, digest: str, kind: str) -> MemberList | None:
        """Return what lies in a container for good, as the cache knows it."""
        return self._read(_CERTAIN, digest, kind, VERSION)

    def _read(self, sql: str, *values: object) -> MemberList | None:
        found = [] if self._file is None else self._file.read(sql, values)
        return _sound([(bytes(last), bytes(rows)) for last, rows in found])

    def keep(self, digest: str, kind: ContainerKind, found: MemberList, *, ended: bool) -> None:
        if self._record is not None and not ended:
            self._record.note(digest, str(kind))
        self._dropped.append((digest, str(kind)))
        for number, (last, rows) in enumerate(found.stretches):
            self._waiting.append((digest, str(kind), number, VERSION, self._today, ended, last, rows))
        if len(self._waiting) >= _MANY or time.monotonic() - self._flushed >= _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write down what was kept."""
        if self._file is not None and self._waiting:
            self._file.write(
                [(_DROP, self._dropped), (_KEEP, self._waiting), (_EXPIRE, [(self._today - _KEPT_DAYS,)])]
            )
        self._waiting, self._dropped = [], []
        self._flushed = time.monotonic()


def _sound(stretches: Sequence[tuple[bytes, bytes]]) -> MemberList | None:
    """Return what was kept, None for what is damaged: it is worth no more than nothing. It is read through once for that."""
    listed = MemberList(stretches)
    try:
        return listed if stretches and all(True for _ in listed) else None
    except (zlib.error, *NONSENSE):
        return None


def _packed(rows: Sequence[ContainerMember | UnfitMember]) -> tuple[bytes, bytes]:
    last = raw(rows[-1].name) if rows else b""
    return last, zlib.compress(json.dumps(pack_rows(rows), separators=(",", ":")).encode(), 1)


def _unpacked(stretch: bytes) -> Iterator[ContainerMember | UnfitMember]:
    return unpack_rows(json.loads(zlib.decompress(stretch)))


@lru_cache(maxsize=16)
def _by_name(stretch: bytes) -> Mapping[bytes, ContainerMember | UnfitMember]:
    """Members are asked for one after the other, so that most are in a stretch that was just unpacked."""
    return {raw(row.name): row for row in reversed([*_unpacked(stretch)])}
