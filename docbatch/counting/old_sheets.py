"""Sheets and cells of a workbook as Excel wrote them until 2007: a stream of records in a compound file."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from docbatch.core.extents import Extent
from docbatch.counting.sheets import workbook
from docbatch.counting.uncountable import Uncountable
from docbatch.media import compound_file

_LARGEST = 256 << 20
_BEGIN, _END, _LOCKED, _LISTED, _MANY = 0x809, 0x0A, 0x2F, 0x85, 0xBD
_SHEET, _MACROS = 0x10, 0x40
_MODULE = 6
_CELLS = frozenset((0x203, 0xFD, 0x204, 0x27E, 0x06, 0x205, 0xD6))
"""Numbers, texts, formulas, truth values and errors; there are others for cells with a format alone."""


def count(file: BinaryIO, size: int) -> Extent:
    """Count a workbook. Raises Uncountable."""
    if size > _LARGEST:
        raise Uncountable(f"it has {size} bytes")
    try:
        stream = compound_file.stream(file.read(size), "Workbook", "Book")
    except (ValueError, struct.error) as error:
        raise Uncountable(str(error)) from error
    counted = _Cells()
    for kind, content in _records(stream):
        counted.add(kind, content)
    if counted.inside:
        raise Uncountable("it is cut off")
    return workbook(counted.sheets, counted.cells)


class _Cells:
    """What was come by; `inside` are the kinds of what has begun: a chart in a sheet has cells of its own, which nobody sees."""

    def __init__(self) -> None:
        self.sheets = self.cells = 0
        self.inside: list[int] = []

    def add(self, kind: int, content: memoryview) -> None:
        if kind in _CELLS or kind == _MANY:
            if self.inside and self.inside[-1] in {_SHEET, _MACROS}:
                self.cells += max(len(content) - 6, 0) // 6 if kind == _MANY else 1
        elif kind == _BEGIN:
            self.inside.append(int.from_bytes(content[2:4], "little"))
        elif kind == _END:
            self.inside = self.inside[:-1]
        elif kind == _LISTED:
            self.sheets += content[5:6] != bytes((_MODULE,))
        elif kind == _LOCKED:
            raise Uncountable("it needs a password")


def _records(stream: bytes) -> Iterator[tuple[int, memoryview]]:
    content, at, end = memoryview(stream), 0, len(stream) - 4
    unpack = struct.Struct("<HH").unpack_from
    while at <= end:
        kind, length = unpack(stream, at)
        at += 4
        yield kind, content[at : at + length]
        at += length
