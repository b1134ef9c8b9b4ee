"""Compound files (OLE2): a small file system in a file, as Outlook and older office programs write it."""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_LAST = 0xFFFFFFFA
_NONE = 0xFFFFFFFF
_ENTRY = 128
_STORAGE, _STREAM = 1, 2
_IN_HEADER = 109
_DEEPEST = 30


@dataclass(slots=True)
class Storage:
    """A folder: its streams by name, and the folders inside."""

    streams: dict[str, bytes] = field(default_factory=dict)
    storages: dict[str, "Storage"] = field(default_factory=dict)


def read(data: bytes) -> Storage:
    """Return the root of a compound file. Raises ValueError where it is broken."""
    if not data.startswith(_MAGIC) or len(data) < 512:
        raise ValueError("not a compound file")
    try:
        return _File(data).root()
    except (struct.error, IndexError) as error:
        raise ValueError(f"the compound file is broken: {error}") from error


class _File:
    def __init__(self, data: bytes) -> None:
        self._data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if not 7 <= shift <= 16 or not 4 <= mini_shift <= shift:
            raise ValueError("the compound file has no usable size of sectors")
        self._size, self._mini_size = 1 << shift, 1 << mini_shift
        self._left = len(data) * 2
        self._placed: set[int] = {0}
        (directory,) = struct.unpack_from("<I", data, 48)
        self._cutoff, mini_fat, _, more = struct.unpack_from("<4I", data, 56)
        self._fat = self._table(self._fat_sectors(more))
        self._entries = b"".join(self._chain(directory))
        self._mini_fat = self._table(self._numbers(mini_fat))
        start, size = struct.unpack_from("<IQ", self._entries, 116)
        self._mini = b"".join(self._chain(start))[: size & _NONE]

    def root(self) -> Storage:
        return self._storage(0, 0)

    def _storage(self, number: int, depth: int) -> Storage:
        storage = Storage()
        if depth > _DEEPEST:
            raise ValueError("the compound file is nested too deeply")
        for child in self._children(number):
            entry = self._entry(child)
            name = entry[: max(entry[64] + 256 * entry[65] - 2, 0)].decode("utf-16-le", "replace")
            if entry[66] == _STORAGE:
                storage.storages[name] = self._storage(child, depth + 1)
            elif entry[66] == _STREAM:
                storage.streams[name] = self._stream(*struct.unpack_from("<IQ", entry, 116))
        return storage

    def _entry(self, number: int) -> bytes:
        entry = self._entries[number * _ENTRY : (number + 1) * _ENTRY]
        if len(entry) < _ENTRY:
            raise ValueError("the compound file names an entry that it does not have")
        return entry

    def _children(self, number: int) -> list[int]:
        ahead = [struct.unpack_from("<I", self._entry(number), 76)[0]]
        found: set[int] = set()
        while ahead:
            each = ahead.pop()
            if each != _NONE and each not in found:
                # A folder that holds another's entries could make a tree without end.
                if each in self._placed:
                    raise ValueError("the compound file holds an entry twice")
                found.add(each)
                ahead += struct.unpack_from("<II", self._entry(each), 68)
        self._placed |= found
        return sorted(found)

    def _stream(self, start: int, size: int) -> bytes:
        size &= _NONE
        self._left -= size
        if self._left < 0:
            raise ValueError("the streams of the compound file are longer than the file")
        if size >= self._cutoff:
            content = b"".join(self._chain(start))
        else:
            mini, step = self._mini, self._mini_size
            content = b"".join(
                mini[at * step : (at + 1) * step] for at in self._follow(start, self._mini_fat)
            )
        if len(content) < size:
            raise ValueError("a stream of the compound file is cut off")
        return content[:size]

    def _fat_sectors(self, more: int) -> list[int]:
        sectors = list(struct.unpack_from(f"<{_IN_HEADER}I", self._data, 76))
        seen: set[int] = set()
        while more < _LAST and more not in seen:
            seen.add(more)
            table = array("I", self._sector(more))
            sectors += table[:-1]
            more = table[-1]
        return [sector for sector in sectors if sector < _LAST]

    def _table(self, sectors: list[int]) -> "array[int]":
        return array("I", b"".join(map(self._sector, sectors)))

    def _numbers(self, start: int) -> list[int]:
        return list(self._follow(start, self._fat))

    def _chain(self, start: int) -> Iterator[bytes]:
        return (self._sector(number) for number in self._follow(start, self._fat))

    def _follow(self, start: int, table: "array[int]") -> Iterator[int]:
        steps = 0
        while start < _LAST:
            yield start
            steps += 1
            if steps > len(table):
                raise ValueError("the sectors of the compound file go in a circle")
            start = table[start]

    def _sector(self, number: int) -> bytes:
        sector = self._data[(number + 1) * self._size : (number + 2) * self._size]
        if not sector:
            raise ValueError("the compound file is cut off")
        return sector.ljust(self._size, b"\0")
