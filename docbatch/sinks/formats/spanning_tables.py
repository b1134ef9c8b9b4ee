"""Spans of cells, which Markdown has not, put into tables that were made of it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from docbatch.core.results import Cell

if TYPE_CHECKING:
    from markdown_it.token import Token

_LOOKED_AT = 200
_BREAK = re.compile(r"<br\s*/?>")
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(slots=True)
class _Row:
    opening: "Token"
    cells: "list[tuple[Token, Token, Token]]"
    closing: "Token"


def spanned(tokens: "list[Token]", tables: Sequence[tuple[Cell, ...]]) -> "list[Token]":
    """Return the tokens of a text with the spans of those tables that are the same as tables in it, in their order."""
    if not any(cell.row_span > 1 or cell.column_span > 1 for cells in tables for cell in cells):
        return tokens
    made: list[Token] = []
    place = known = 0
    while place < len(tokens):
        if tokens[place].type != "table_open":
            made.append(tokens[place])
            place += 1
            continue
        end = next(at for at in range(place, len(tokens)) if tokens[at].type == "table_close")
        rows = list(_rows(tokens[place + 1 : end]))
        for number, cells in enumerate(islice(tables, known, known + _LOOKED_AT), known):
            if _same(rows, cells):
                known = number + 1
                made += _with_spans(tokens[place : end + 1], rows, cells)
                break
        else:
            made += tokens[place : end + 1]
        place = end + 1
    return made


def _rows(tokens: "Sequence[Token]") -> Iterator[_Row]:
    row: _Row | None = None
    for place, token in enumerate(tokens):
        if token.type == "tr_open":
            row = _Row(token, [], token)
        elif row is not None and token.type in {"th_open", "td_open"}:
            row.cells.append((token, tokens[place + 1], tokens[place + 2]))
        elif row is not None and token.type == "tr_close":
            row.closing = token
            yield row
            row = None


def _same(rows: Sequence[_Row], cells: Sequence[Cell]) -> bool:
    """Whether a table says the same as these cells, in the same places."""
    if not rows or not cells:
        return False
    width = max(cell.column + cell.column_span for cell in cells)
    numbers = {number: place for place, number in enumerate(sorted({cell.row for cell in cells}))}
    if len(numbers) != len(rows) or any(len(row.cells) > width for row in rows):
        return False
    said = {(numbers[cell.row], cell.column): _words(cell.text) for cell in cells}
    return all(
        _words(_BREAK.sub(" ", inline.content)) == said.get((y, x), "")
        for y, row in enumerate(rows)
        for x, (_, inline, _) in enumerate(row.cells)
    )


def _with_spans(table: "list[Token]", rows: Sequence[_Row], cells: Sequence[Cell]) -> "Iterator[Token]":
    numbers = {number: place for place, number in enumerate(sorted({cell.row for cell in cells}))}
    held = {(numbers[cell.row], cell.column) for cell in cells if cell.text.strip()}
    covered: set[tuple[int, int]] = set()
    head = 1
    for cell in sorted(cells, key=lambda each: (each.row, each.column)):
        y, x = numbers[cell.row], cell.column
        if x >= len(rows[y].cells) or (y, x) in covered:
            continue
        height = min(cell.row_span, len(rows) - y)
        width = min(cell.column_span, len(rows[y].cells) - x)
        beside = {(y + down, x + right) for down in range(height) for right in range(width)} - {(y, x)}
        if not beside or beside & (held | covered):
            continue
        covered |= beside
        opening = rows[y].cells[x][0]
        opening.attrs |= {name: n for name, n in (("rowspan", height), ("colspan", width)) if n > 1}
        head = max(head, height) if y < head else head
    yield table[0]
    yield from _part(table, "thead", rows[:head], covered, 0)
    if rows[head:]:
        yield from _part(table, "tbody", rows[head:], covered, head)
    yield table[-1]


def _part(
    table: "list[Token]", name: str, rows: Sequence[_Row], covered: set[tuple[int, int]], first: int
) -> "Iterator[Token]":
    """Yield rows as the head or the body of a table: a span ends with the part it stands in."""
    ends = {token.type: token for token in table}
    if f"{name}_open" in ends:
        yield ends[f"{name}_open"]
    for y, row in enumerate(rows, first):
        yield row.opening
        for x, tokens in enumerate(row.cells):
            if (y, x) not in covered:
                yield from tokens
        yield row.closing
    if f"{name}_close" in ends:
        yield ends[f"{name}_close"]


def _words(text: str) -> str:
    return _NO_WORD.sub("", text)
