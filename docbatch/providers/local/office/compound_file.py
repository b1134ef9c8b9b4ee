"""Streams of compound files, the containers of older office documents; damage costs what it concerns."""

import struct
from collections.abc import Iterator

from docbatch.providers.local.office.opc import BrokenPartError

MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_LAST_SECTOR = 0xFFFFFFFA
_STREAM, _ROOT = 2, 5
_ENTRY = 128
_HEADER = 76
_MOST_ENTRIES = 10_000


class CompoundFile:
    """Reads streams by name. Raises BrokenPartError where there is no directory."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 512 or not data.startswith(MAGIC):
            raise BrokenPartError("it is no compound file")
        self._data = data
        shift, small_shift = struct.unpack_from("<HH", data, 30)
        if shift not in {9, 12} or not 4 <= small_shift < shift:
            raise BrokenPartError("its sectors have no size")
        self._size, self._small_size = 1 << shift, 1 << small_shift
        directory, self._cutoff, small_table = struct.unpack_from("<I4xII", data, 48)
        self._table = self._numbers(b"".join(map(self._sector, self._table_sectors())))
        self._entries = list(self._directory(self._chain(directory)))
        self._small_table = self._numbers(self._chain(small_table))
        root = next((entry for entry in self._entries if entry[1] == _ROOT), None)
        self._small = b"" if root is None else self._chain(root[2])

    def stream(self, *names: str) -> bytes:
        """Return the first stream that has one of these names. Raises BrokenPartError."""
        wanted = {name.lower() for name in names}
        for name, kind, start, size in self._entries:
            if kind == _STREAM and name.lower() in wanted:
                content = self._chain(start) if size >= self._cutoff else self._small_chain(start)
                return content[:size]
        raise BrokenPartError(f"it has no stream {names[0]}")

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self._data[start : start + self._size]

    def _table_sectors(self) -> Iterator[int]:
        """Yield the sectors that say how sectors follow each other."""
        most = len(self._data) // self._size
        yield from self._listed(self._data[_HEADER:512], most)
        at, more = struct.unpack_from("<II", self._data, 68)
        for _ in range(min(more, most)):
            part = self._sector(at)
            if len(part) < self._size:
                return
            yield from self._listed(part[:-4], most)
            (at,) = struct.unpack_from("<I", part, self._size - 4)

    def _listed(self, part: bytes, most: int) -> Iterator[int]:
        yield from (number for number in self._numbers(part) if number < most)

    @staticmethod
    def _numbers(content: bytes) -> tuple[int, ...]:
        count = len(content) // 4
        return struct.unpack_from(f"<{count}I", content)

    def _chain(self, start: int) -> bytes:
        return b"".join(self._sector(number) for number in _followed(start, self._table))

    def _small_chain(self, start: int) -> bytes:
        size = self._small_size
        return b"".join(
            self._small[number * size : (number + 1) * size] for number in _followed(start, self._small_table)
        )

    @staticmethod
    def _directory(content: bytes) -> Iterator[tuple[str, int, int, int]]:
        for at in range(0, min(len(content), _ENTRY * _MOST_ENTRIES) - _ENTRY + 1, _ENTRY):
            length, kind, start, size = struct.unpack_from("<HB49xII", content, at + 64)
            name = content[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
            yield name, kind, start, size


def _followed(start: int, table: tuple[int, ...]) -> Iterator[int]:
    """Yield the sectors that follow each other from the start, none twice."""
    for _ in range(len(table)):
        if start >= min(len(table), _LAST_SECTOR):
            return
        yield start
        start = table[start]
