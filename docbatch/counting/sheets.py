"""Sheets of a workbook and their cells with anything in them."""

import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from docbatch.core.extents import Extent
from docbatch.counting.package import Package, local
from docbatch.counting.uncountable import Uncountable

_MOST_SHEETS = 2_000
_MOST_CELLS = 20_000_000
_IN_CELLS = frozenset(("v", "f", "is"))
_SHEET_LISTED = 156
_FILLED_CELLS = frozenset((2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 62))
"""Records of cells with a value or a formula."""


def workbook(sheets: int, cells: int) -> Extent:
    """Return what was counted. Raises Uncountable where no workbook of people has so much."""
    if not 0 < sheets <= _MOST_SHEETS or cells > _MOST_CELLS:
        raise Uncountable(f"it has {sheets} sheets with {cells} cells")
    return Extent(sheets=sheets, cells=cells)


def count_xlsx(file: BinaryIO, _size: int) -> Extent:
    """Count an Office Open XML workbook. Raises Uncountable."""
    package = Package(file)
    part = package.main()
    listed: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            listed.append(local(attributes, "id") or "")

    package.parse(part, start)
    workbook(len(listed), 0)
    cells = 0
    for sheet in _worksheets(package, part, listed):
        cells += _filled(package, sheet)
        workbook(len(listed), cells)
    return workbook(len(listed), cells)


def _worksheets(package: Package, part: str, listed: list[str]) -> Iterator[str]:
    """Yield the parts of those sheets that have cells."""
    targets = package.targets(part)
    for each in listed:
        if each not in targets:
            raise Uncountable("a sheet that it lists is missing")
        kind, sheet = targets[each]
        if kind == "worksheet":
            yield sheet


def _filled(package: Package, sheet: str) -> int:
    found, is_in_cell = 0, False

    def start(name: str, _attributes: Mapping[str, str]) -> None:
        nonlocal found, is_in_cell
        if is_in_cell and name in _IN_CELLS:
            found += 1
            is_in_cell = False
        else:
            is_in_cell = name == "c"

    package.parse(sheet, start)
    return found


def count_xlsb(file: BinaryIO, _size: int) -> Extent:
    """Count a binary workbook of Excel. Raises Uncountable."""
    package = Package(file)
    part = package.main()
    listed = [_relation(body) for kind, body in _records(package, part) if kind == _SHEET_LISTED]
    workbook(len(listed), 0)
    cells = 0
    for sheet in _worksheets(package, part, listed):
        cells += sum(kind in _FILLED_CELLS for kind, _ in _records(package, sheet))
        workbook(len(listed), cells)
    return workbook(len(listed), cells)


def _relation(body: memoryview) -> str:
    (length,) = struct.unpack_from("<I", body, 8)
    return bytes(body[12 : 12 + 2 * length]).decode("utf-16-le", "replace")


def _records(package: Package, part: str) -> Iterator[tuple[int, memoryview]]:
    """Yield the records of a binary part: (kind, content)."""
    content = memoryview(b"".join(package.chunks(part)))
    at = 0
    try:
        while at < len(content):
            kind = content[at]
            at += 1
            if kind & 0x80:
                kind = kind & 0x7F | (content[at] & 0x7F) << 7
                at += 1
            length = shift = 0
            while True:
                byte = content[at]
                at += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 or shift == 28:
                    break
            yield kind, content[at : at + length]
            at += length
    except (IndexError, struct.error) as error:
        raise Uncountable("a part of it is cut off") from error
    if at > len(content):
        raise Uncountable("a part of it is cut off")


def count_ods(file: BinaryIO, _size: int) -> Extent:
    """Count an OpenDocument spreadsheet. Raises Uncountable."""
    counted = _OpenSheets()
    Package(file).parse("content.xml", counted.start, counted.end)
    return workbook(counted.sheets, counted.cells)


class _OpenSheets:
    """Sheets, and cells as often as they and their rows are repeated."""

    def __init__(self) -> None:
        self.sheets = self.cells = 0
        self._above: list[str] = []
        self._rows = 1

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "table" and self._above and self._above[-1] == "spreadsheet":
            self.sheets += 1
        elif name == "table-row":
            self._rows = _times(local(attributes, "number-rows-repeated"))
        elif name in {"table-cell", "covered-table-cell"} and (
            local(attributes, "value-type") or local(attributes, "formula")
        ):
            self.cells += self._rows * _times(local(attributes, "number-columns-repeated"))
            workbook(max(self.sheets, 1), self.cells)
        self._above.append(name)

    def end(self, _name: str) -> None:
        self._above.pop()


def _times(text: str | None) -> int:
    if text is None:
        return 1
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Uncountable("it repeats something how often cannot be told")
    return int(text)
