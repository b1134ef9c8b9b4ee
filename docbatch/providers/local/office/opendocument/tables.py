"""The grid of an OpenDocument table: repeated cells and rows written out, as far as there is something in them."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator

from docbatch.providers.local.flow.story import GridCell, Story
from docbatch.providers.local.flow.xml_tree import whole

# Cells that a repetition makes of one; those that are written out are bounded by the size of the file.
MOST_REPEATED = 50_000
_WRAPPERS = frozenset(
    {"table:table-header-rows", "table:table-rows", "table:table-row-group", "table:table-header-columns"}
)
_CELLS = frozenset({"table:table-cell", "table:covered-table-cell"})
_LARGEST = 1 << 21
_MOST_EMPTY = 64
_Run = tuple[int, int, Story, ET.Element]
"""A cell: its column, how often it is repeated, what is in it, and its element."""


class TooManyCellsError(Exception):
    """A table repeats its cells beyond all use; `cells` are those before."""

    def __init__(self, cells: list[GridCell]) -> None:
        super().__init__()
        self.cells = cells


def grid(table: ET.Element, read: Callable[[ET.Element], Story]) -> list[GridCell]:
    """Return a table's cells. Raises TooManyCellsError."""
    cells: list[GridCell] = []
    y = made = 0
    for row in rows(table):
        repeated = _number(row, "table:number-rows-repeated")
        filled = _row(row, read)
        # A row that is repeated to the end of a sheet is its background.
        for again in range(repeated if filled else 0):
            for x, times, story, element in filled:
                made += times - (again == 0)
                if made > MOST_REPEATED:
                    raise TooManyCellsError(cells)
                cells += (_cell(y + again, x + beside, story, element) for beside in range(times))
        y += repeated
    return cells


def rows(table: ET.Element) -> Iterator[ET.Element]:
    waiting = list(reversed(table))
    while waiting:
        each = waiting.pop()
        if each.tag == "table:table-row":
            yield each
        elif each.tag in _WRAPPERS:
            waiting += reversed(each)


def _row(row: ET.Element, read: Callable[[ET.Element], Story]) -> list[_Run]:
    runs = []
    x = 0
    for cell in row:
        if cell.tag not in _CELLS:
            continue
        times = _number(cell, "table:number-columns-repeated")
        run = (x, times, read(cell) if len(cell) or cell.get("office:value-type") else Story(), cell)
        is_shown = cell.tag == "table:table-cell" or bool(run[2])
        if is_shown and (times <= _MOST_EMPTY or _matters(run)):
            runs.append(run)
        x += times
    return runs


def _matters(run: _Run) -> bool:
    return bool(run[2]) or _span(run[3], "columns") * _span(run[3], "rows") > 1


def _cell(y: int, x: int, story: Story, element: ET.Element) -> GridCell:
    return GridCell(y, x, story, _span(element, "rows"), _span(element, "columns"))


def _span(cell: ET.Element, what: str) -> int:
    return _number(cell, f"table:number-{what}-spanned")


def _number(element: ET.Element, name: str) -> int:
    return min(max(whole(element.get(name), 1), 1), _LARGEST)
