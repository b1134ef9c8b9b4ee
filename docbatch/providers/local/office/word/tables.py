"""The grid of a Word table: where each cell stands and how far it reaches."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator

from docbatch.providers.local.flow.story import GridCell, Story
from docbatch.providers.local.flow.xml_tree import first, whole
from docbatch.providers.local.office.word.styles import VALUE

_WIDEST = 1000
_WRAPPERS = frozenset({"w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo"})
_GONE = frozenset({"w:del", "w:moveFrom"})


def grid(table: ET.Element, read: Callable[[ET.Element], Story]) -> list[GridCell]:
    """Return a table's cells, each read by `read`; deleted rows are left out."""
    cells: list[GridCell] = []
    above: dict[int, GridCell] = {}
    for y, row in enumerate(row for row in _unwrapped(table, "w:tr") if not _is_deleted(row)):
        here: dict[int, GridCell] = {}
        properties = first(row, "w:trPr")
        x = _number(properties, "w:gridBefore", 0)
        for element in _unwrapped(row, "w:tc"):
            x = _place(GridCell(y, x, read(element)), first(element, "w:tcPr"), cells, above, here)
        above = here
    return cells


def _place(
    cell: GridCell,
    properties: ET.Element | None,
    cells: list[GridCell],
    above: dict[int, GridCell],
    here: dict[int, GridCell],
) -> int:
    """Put a cell into the grid, or join it with the one above or before it; return the next column."""
    span = max(_number(properties, "w:gridSpan", 1), 1)
    corner = above.get(cell.column) if _continues(properties, "w:vMerge") else None
    beside = here.get(cell.column - 1) if _continues(properties, "w:hMerge") else None
    if corner is not None:
        corner.row_span = cell.row + 1 - corner.row
        corner.content.extend(cell.content)
        here[cell.column] = corner
    elif beside is not None:
        beside.column_span += 1
        beside.content.extend(cell.content)
        here[cell.column] = beside
    else:
        cell.column_span = span
        cells.append(cell)
        here[cell.column] = cell
    return cell.column + span


def _continues(properties: ET.Element | None, name: str) -> bool:
    merged = first(properties, name)
    return merged is not None and merged.get(VALUE, "continue") == "continue"


def _number(properties: ET.Element | None, name: str, otherwise: int) -> int:
    found = first(properties, name)
    return otherwise if found is None else min(whole(found.get(VALUE), otherwise), _WIDEST)


def _is_deleted(row: ET.Element) -> bool:
    return first(row, "w:trPr", "w:del") is not None


def _unwrapped(element: ET.Element, name: str) -> Iterator[ET.Element]:
    waiting = list(reversed(element))
    while waiting:
        each = waiting.pop()
        if each.tag == name:
            yield each
        elif each.tag in _WRAPPERS:
            waiting += reversed(each)
