"""Tables of an HTML page as grids of cells."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from docbatch.providers.local.text.html_inline import is_hidden
from docbatch.providers.local.text.html_tree import Element

_WIDEST_SPAN = 1000
# A grid beyond this is written without its spans, which may claim any number of cells.
_MOST_PLACES = 1_000_000
_ROWS_IN = frozenset({"thead", "tbody", "tfoot"})
_CELLS = frozenset({"td", "th"})


@dataclass(frozen=True, slots=True)
class Placed:
    """A cell and where its upper left corner stands; row and column count from 0."""

    element: Element
    row: int
    column: int
    row_span: int
    column_span: int


def rows_of(table: Element) -> list[list[Element]]:
    """Return the cells of each row, in the order of the page."""
    rows = []
    for child in table.elements():
        if not is_hidden(child):
            if child.name in _ROWS_IN:
                rows += [_cells(row) for row in child.elements() if row.name == "tr" and not is_hidden(row)]
            elif child.name == "tr":
                rows.append(_cells(child))
    return [row for row in rows if row]


def beside_rows(table: Element) -> list[Element | str]:
    """Return what a table holds outside its rows, the caption among it; browsers show it first."""
    found: list[Element | str] = []
    for child in table.children:
        if isinstance(child, str):
            found.append(f" {child} ")
        elif child.name not in {"tr", "col", "colgroup", *_ROWS_IN}:
            found.append(child)
        elif child.name in {"tr", *_ROWS_IN}:
            found += _strays(child)
    return found


def _strays(part: Element) -> Iterator[Element | str]:
    for child in part.children:
        if isinstance(child, Element) and child.name == "tr" and part.name != "tr":
            yield from _strays(child)
        elif isinstance(child, str):
            yield f" {child} "
        elif child.name not in _CELLS:
            yield child


def is_layout(table: Element, rows: list[list[Element]]) -> bool:
    """Whether a table only places parts of the page: it holds tables or headings and calls no cell a head."""
    if table.attributes.get("role", "").lower() in {"presentation", "none"}:
        return True
    cells = [cell for row in rows for cell in row]
    # Makers of newsletters write cells of heads for columns of the page.
    if any(cell.name == "th" and not holds(cell, _PARTS_OF_PAGES) for cell in cells) and len(rows) > 1:
        return False
    if max(map(len, rows)) == 1 and any(cell.holds_blocks and _has_any(cell) for cell in cells):
        return True
    parts = [cell for cell in cells if holds(cell, _PARTS_OF_PAGES)]
    return len(cells) == 1 or (bool(parts) and not _has_small_tables(cells, parts))


def _has_small_tables(cells: list[Element], parts: list[Element]) -> bool:
    """Whether a table of data has, in few of its cells, a table and nothing else that pages are made of."""
    return _FEW * len(parts) <= len(cells) and not any(holds(cell, _PARTS_BUT_TABLES) for cell in parts)


_PARTS_OF_PAGES = frozenset({"table", "h1", "h2", "h3", "h4", "h5", "h6", "form", "iframe"})
_PARTS_BUT_TABLES = _PARTS_OF_PAGES - {"table"}
_FEW = 6
_SEVERAL = _PARTS_OF_PAGES | {"p", "ul", "ol", "div", "blockquote", "pre", "dl"}


def _has_any(cell: Element) -> bool:
    return holds(cell, _SEVERAL)


def holds(element: Element, names: frozenset[str]) -> bool:
    """Whether an element shows one of these; only those that hold blocks are looked through."""
    ahead = [element]
    while ahead:
        for child in ahead.pop().elements():
            if child.name in names and not is_hidden(child):
                return True
            if child.holds_blocks and child.name != "table":
                ahead.append(child)
    return False


def grid(rows: list[list[Element]]) -> list[Placed]:
    """Return the cells in their places, those that reach over several rows or columns with their spans."""
    spans = sum(
        _span(cell, "rowspan", len(rows)) * _span(cell, "colspan", _WIDEST_SPAN)
        for row in rows
        for cell in row
    )
    if spans > _MOST_PLACES:
        return [Placed(cell, y, x, 1, 1) for y, row in enumerate(rows) for x, cell in enumerate(row)]
    placed = list(_placed(rows))
    # A column in which no cell begins cannot be seen.
    width = max((cell.column + 1 for cell in placed), default=0)
    return [replace(cell, column_span=min(cell.column_span, width - cell.column)) for cell in placed]


def _placed(rows: list[list[Element]]) -> Iterator[Placed]:
    taken: dict[int, int] = {}
    for y, row in enumerate(rows):
        x = 0
        begun: dict[int, int] = {}
        for cell in row:
            while taken.get(x, 0) > 0:
                x += 1
            height = _span(cell, "rowspan", len(rows) - y)
            width = _span(cell, "colspan", _WIDEST_SPAN)
            yield Placed(cell, y, x, height, width)
            begun |= dict.fromkeys(range(x, x + width), height)
            x += width
        taken = {column: left - 1 for column, left in (taken | begun).items() if left > 1}


def _span(cell: Element, name: str, most: int) -> int:
    value = cell.attributes.get(name, "1").strip()
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else 1
    # Zero means: to the end of the table.
    return max(min(number or (most if name == "rowspan" else 1), most), 1)


def _cells(row: Element) -> list[Element]:
    return [cell for cell in row.elements() if cell.name in _CELLS and not is_hidden(cell)]
