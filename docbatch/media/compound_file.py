"""Compound files (OLE2): a small file system in a file, as Outlook and older office programs write it."""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_LAST = 0xFFFFFFFA
_NONE = 0xFFFFFFFF
_ENTRY = 128
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_IN_HEADER = 109
_DEEPEST = 30


@dataclass(slots=True)
class Storage:
    """A folder: its streams by name, and the folders inside."""

    streams: dict[str, bytes] = field(default_factory=dict)
    storages: dict[str, "Storage"] = field(default_factory=dict)


def read(data: bytes) -> Storage:
    """Return the root of a compound file. Raises ValueError where anything in it is broken."""
    try:
        return _Tree(_File(data)).storage(0, 0)
    except struct.error as error:
        raise ValueError(f"the compound file is broken: {error}") from error


def stream(data: bytes, *names: str) -> bytes:
    """Return the first stream that has one of these names, in whatever folder, as far as it can be read.

    Raises ValueError where there is none.
    """
    file = _File(data)
    wanted = {name.lower() for name in names}
    for entry in file.entries:
        if entry.kind == _STREAM and entry.name.lower() in wanted:
            return b"".join(file.pieces(entry))[: entry.size]
    raise ValueError(f"the compound file has no stream {names[0]}")


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    kind: int
    before: int
    after: int
    child: int
    start: int
    size: int


class _File:
    """The entries of a file and the pieces of their contents; where it is damaged, pieces are missing."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 512 or not data.startswith(_MAGIC):
            raise ValueError("not a compound file")
        self.data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if not 7 <= shift <= 16 or not 4 <= mini_shift <= shift:
            raise ValueError("the compound file has no usable size of sectors")
        self._size, self._mini_size = 1 << shift, 1 << mini_shift
        (directory,) = struct.unpack_from("<I", data, 48)
        self._cutoff, mini_fat, _, more = struct.unpack_from("<4I", data, 56)
        fat = list(self._fat_sectors(more))
        self.is_cut_off = not all(fat)
        free = _NONE.to_bytes(4, "little") * (self._size // 4)
        self._fat = _numbers(b"".join(sector.ljust(self._size, b"\0") if sector else free for sector in fat))
        self.entries = list(map(_entry, _split(self._chain(directory), _ENTRY)))
        self._mini_fat = _numbers(self._chain(mini_fat))
        root = next((entry for entry in self.entries if entry.kind == _ROOT), None)
        self._mini = b"" if root is None else self._chain(root.start)

    def pieces(self, entry: _Entry) -> list[bytes]:
        """Return the sectors of a stream, no more than its size asks for."""
        if entry.size >= self._cutoff:
            sectors = islice(_followed(entry.start, self._fat), -(-entry.size // self._size))
            return list(map(self._sector, sectors))
        step = self._mini_size
        sectors = islice(_followed(entry.start, self._mini_fat), -(-entry.size // step))
        return [self._mini[at * step : (at + 1) * step] for at in sectors]

    def whole(self, entry: _Entry) -> bytes:
        """Return a stream. Raises ValueError where a part is missing."""
        pieces = self.pieces(entry)
        step = self._size if entry.size >= self._cutoff else self._mini_size
        if len(pieces) * step < entry.size or not all(pieces):
            raise ValueError("a stream of the compound file is cut off")
        # The last sector of a file is not always written to its end.
        return b"".join(pieces).ljust(entry.size, b"\0")[: entry.size]

    def _chain(self, start: int) -> bytes:
        return b"".join(map(self._sector, _followed(start, self._fat)))

    def _sector(self, number: int) -> bytes:
        return self.data[(number + 1) * self._size : (number + 2) * self._size]

    def _fat_sectors(self, more: int) -> Iterator[bytes]:
        most = len(self.data) // self._size
        return map(self._sector, islice(self._fat_places(more, most), most))

    def _fat_places(self, more: int, most: int) -> Iterator[int]:
        """Yield the sectors that say how sectors follow each other."""
        yield from (at for at in struct.unpack_from(f"<{_IN_HEADER}I", self.data, 76) if at < _LAST)
        for _ in range(most):
            listed = _numbers(self._sector(more))
            if len(listed) * 4 < self._size:
                return
            yield from (at for at in listed[:-1] if at < _LAST)
            more = listed[-1]


class _Tree:
    """The folders of a file that is whole."""

    def __init__(self, file: _File) -> None:
        self._file = file
        self._left = len(file.data) * 2
        self._placed: set[int] = {0}
        if file.is_cut_off:
            raise ValueError("the compound file is cut off")

    def storage(self, number: int, depth: int) -> Storage:
        storage = Storage()
        if depth > _DEEPEST:
            raise ValueError("the compound file is nested too deeply")
        for child in self._children(number):
            entry = self._entry(child)
            if entry.kind == _STORAGE:
                storage.storages[entry.name] = self.storage(child, depth + 1)
            elif entry.kind == _STREAM:
                self._left -= entry.size
                if self._left < 0:
                    raise ValueError("the streams of the compound file are longer than the file")
                storage.streams[entry.name] = self._file.whole(entry)
        return storage

    def _entry(self, number: int) -> _Entry:
        if number >= len(self._file.entries):
            raise ValueError("the compound file names an entry that it does not have")
        return self._file.entries[number]

    def _children(self, number: int) -> list[int]:
        ahead = [self._entry(number).child]
        found: set[int] = set()
        while ahead:
            each = ahead.pop()
            if each != _NONE and each not in found:
                # A folder that holds another's entries could make a tree without end.
                if each in self._placed:
                    raise ValueError("the compound file holds an entry twice")
                found.add(each)
                ahead += (self._entry(each).before, self._entry(each).after)
        self._placed |= found
        return sorted(found)


def _entry(content: bytes) -> _Entry:
    length, kind, before, after, child = struct.unpack_from("<HBx3I", content, 64)
    name = content[: min(max(length - 2, 0), 64)].decode("utf-16-le", "replace")
    start, size = struct.unpack_from("<II", content, 116)
    return _Entry(name, kind, before, after, child, start, size)


def _split(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content) - size + 1, size))


def _numbers(content: bytes) -> "array[int]":
    return array("I", content[: len(content) & ~3])


def _followed(start: int, table: "array[int]") -> Iterator[int]:
    """Yield the sectors that follow each other from the start, no more than there are."""
    for _ in range(len(table)):
        if start >= min(len(table), _LAST):
            return
        yield start
        start = table[start]
