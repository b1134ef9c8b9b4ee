"""Mails of Outlook, made from nothing."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

Tree = Mapping[str, "bytes | Tree"]

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _MINI, _CUTOFF = 512, 64, 4096


@dataclass(slots=True)
class Entry:
    """An entry of the directory; `right` is the next one of its folder."""

    name: str
    kind: int
    content: bytes = b""
    child: int = _FREE
    right: int = _FREE
    start: int = _END

    def packed(self) -> bytes:
        wide = self.name.encode("utf-16-le")
        head = wide.ljust(64, b"\0") + struct.pack("<HBB", len(wide) + 2, self.kind, 1)
        links = struct.pack("<3I", _FREE, self.right, self.child) + bytes(36)
        return head + links + struct.pack("<IQ", self.start, len(self.content))


def compound(tree: Tree) -> bytes:
    """Return a compound file of these streams and folders; small streams lie in the small sectors."""
    entries: list[Entry] = []
    _place("Root Entry", 5, tree, entries)
    small, large = _Sectors(_MINI), _Sectors(_SECTOR)
    for entry in entries[1:]:
        entry.start = (small if len(entry.content) < _CUTOFF else large).add(entry.content)
    entries[0].content = small.content
    entries[0].start = large.add(small.content)
    mini_table = large.add(struct.pack(f"<{len(small.table)}I", *small.table), b"\xff")
    directory = large.add(b"".join(entry.packed() for entry in entries))
    number = 1
    while (len(large.table) + number) * 4 > number * _SECTOR:
        number += 1
    places = [len(large.table) + at for at in range(number)]
    table = struct.pack(f"<{len(large.table) + number}I", *large.table, *[_FAT] * number)
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, number, directory, 0, _CUTOFF, mini_table, 1, _END, 0)
    head += struct.pack("<109I", *places, *[_FREE] * (109 - number))
    return head + large.content + table.ljust(number * _SECTOR, b"\xff")


class _Sectors:
    def __init__(self, size: int) -> None:
        self._size = size
        self.content = b""
        self.table: list[int] = []

    def add(self, content: bytes, filler: bytes = b"\0") -> int:
        number, start = -(-len(content) // self._size), len(self.table)
        if not number:
            return _END
        self.content += content.ljust(number * self._size, filler)
        self.table += [*range(start + 1, start + number), _END]
        return start


def _place(name: str, kind: int, content: "bytes | Tree", entries: list[Entry]) -> int:
    own = len(entries)
    if isinstance(content, bytes):
        entries.append(Entry(name, 2, content))
        return own
    entries.append(Entry(name, kind))
    children = [_place(each, 1, inner, entries) for each, inner in _sorted(content)]
    for left, right in pairwise(children):
        entries[left].right = right
    entries[own].child = children[0] if children else _FREE
    return own


def _sorted(tree: Tree) -> list[tuple[str, "bytes | Tree"]]:
    return sorted(tree.items(), key=lambda item: (len(item[0]), item[0].upper()))


def properties(head: int, numbers: Mapping[int, int]) -> bytes:
    return bytes(head) + b"".join(struct.pack("<HHIQ", 3, key, 6, value) for key, value in numbers.items())


def text(key: int, words: str) -> dict[str, bytes]:
    return {f"__substg1.0_{key:04X}001F": words.encode("utf-16-le")}


def narrow(key: int, content: bytes) -> dict[str, bytes]:
    return {f"__substg1.0_{key:04X}001E": content}


def binary(key: int, content: bytes) -> dict[str, bytes]:
    return {f"__substg1.0_{key:04X}0102": content}


def ticks(when: datetime) -> int:
    return int((when - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10**7


def recipient(number: int, kind: int, name: str, address: str) -> "dict[str, bytes | Tree]":
    streams = {
        "__properties_version1.0": properties(8, {0x0C15: kind}),
        **text(0x3001, name),
        **text(0x39FE, address),
    }
    return {f"__recip_version1.0_#{number:08X}": streams}


def attachment(
    number: int, name: str, content: "bytes | Tree | None", kind: str = ""
) -> "dict[str, bytes | Tree]":
    streams: dict[str, bytes | Tree] = {
        "__properties_version1.0": properties(8, {}),
        **text(0x3707, name),
        **text(0x370E, kind),
    }
    if isinstance(content, bytes):
        streams |= binary(0x3701, content)
    elif content is not None:
        streams["__substg1.0_3701000D"] = content
    return {f"__attach_version1.0_#{number:08X}": streams}
