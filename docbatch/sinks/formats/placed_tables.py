"""The tables of a result, wherever in it they lie, as cells that can be relied on."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from docbatch.core.results import Attachment, Block, Cell, Result


@dataclass(frozen=True, slots=True)
class PlacedTable:
    """A table and where it lies: in an attachment, named from the outermost on, and on a page, as far as it lies in one."""

    attachment: str
    page: int | None
    cells: tuple[Cell, ...]


def placed_tables(result: Result) -> Iterator[PlacedTable]:
    """Yield the tables of a result: those on pages in their order, those on none, then those of attachments."""
    seen: Counter[Block] = Counter()
    for page in result.pages:
        for block in tables_among(page.blocks):
            seen[block] += 1
            yield PlacedTable("", page.number, cells_of(block))
    for block in loose_tables(result, seen):
        yield PlacedTable("", None, cells_of(block))
    yield from _attached(result.attachments, "")


def loose_tables(result: Result, seen: "Counter[Block] | None" = None) -> Iterator[Block]:
    """Yield the tables on no page, each once: a document without pages has them among its blocks as well."""
    seen = Counter() if seen is None else seen
    for block in tables_among(result.blocks):
        seen[block] += 1
        yield block
    for block in result.tables:
        if seen[block]:
            seen[block] -= 1
        else:
            yield block


def tables_among(blocks: Iterable[Block]) -> Iterator[Block]:
    return (block for block in blocks if block.kind == "table")


def cells_of(table: Block) -> tuple[Cell, ...]:
    """Return the cells of a table; of one that came without any, what stands between the tabs of its lines."""
    if table.cells:
        return tuple(_sound(cell) for cell in table.cells)
    return tuple(
        Cell(row=y, column=x, text=text)
        for y, row in enumerate(table.text.splitlines())
        for x, text in enumerate(row.split("\t"))
    )


def rows_of(cells: Sequence[Cell]) -> Iterator[tuple[int, dict[int, str]]]:
    """Yield the rows that have a cell, each with its texts by column. What two cells say in one place stands there together."""
    rows: dict[int, dict[int, str]] = {}
    for cell in cells:
        row = rows.setdefault(cell.row, {})
        row[cell.column] = f"{row[cell.column]}\n{cell.text}" if cell.column in row else cell.text
    yield from sorted(rows.items())


def _attached(attachments: Iterable[Attachment], within: str) -> Iterator[PlacedTable]:
    for each in attachments:
        name = f"{within}/{each.name}" if within else each.name
        for block in tables_among(each.blocks):
            yield PlacedTable(name, None, cells_of(block))
        yield from _attached(each.attachments, name)


def _sound(cell: Cell) -> Cell:
    """Return a cell as it can be placed. Services count rows and columns themselves, and may count wrongly."""
    if min(cell.row, cell.column) >= 0 and min(cell.row_span, cell.column_span) >= 1:
        return cell
    return cell.model_copy(
        update={
            "row": max(cell.row, 0),
            "column": max(cell.column, 0),
            "row_span": max(cell.row_span, 1),
            "column_span": max(cell.column_span, 1),
        }
    )
