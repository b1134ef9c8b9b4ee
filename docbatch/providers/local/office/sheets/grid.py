"""The cells of one sheet, and the table they make."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json

LAST_ROW = 1 << 20
LAST_COLUMN = 1 << 14
# A table with far more places than cells is said cell by cell: written out it would be mostly bars.
_PLACES_PER_CELL = 40
_FEW_PLACES = 20_000
_WIDEST_GAP = 3
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})$")

Area = tuple[int, int, int, int]
"""First row, first column, last row, last column, from 0."""


@dataclass(slots=True)
class Grid:
    """Shown texts by row and column, both from 0, and which of them span others."""

    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    spans: list[Area] = field(default_factory=list)

    def put(self, row: int, column: int, text: str) -> None:
        if text:
            self.rows.setdefault(row, {})[column] = text

    def size(self) -> int:
        return sum(map(len, self.rows.values()))

    def words(self) -> Iterator[str]:
        for row in self.rows.values():
            yield from row.values()

    def blocks(self) -> list[Json]:
        """Return the table of these cells, rows without any left out, wide gaps between columns narrowed."""
        order = sorted(self.rows)
        used = sorted({column for row in self.rows.values() for column in row})
        if not used:
            return []
        columns = _columns(used)
        if len(order) * len(columns) > max(self.size() * _PLACES_PER_CELL, _FEW_PLACES):
            return [_listed(self.rows, order)]
        return [self._table(order, columns)]

    def _table(self, order: Sequence[int], columns: Sequence[int]) -> Json:
        places = {column: at for at, column in enumerate(columns)}
        spans = {(top, left): (bottom, right) for top, left, bottom, right in self.spans}
        cells, lines = [], []
        for y, number in enumerate(order):
            row = self.rows[number]
            line = [""] * len(columns)
            for column in sorted(row):
                text = row[column]
                x = places[column]
                line[x] = text
                cell: Json = {"row": y, "column": x, "text": text}
                if (number, column) in spans:
                    cell |= _span(spans[number, column], order, columns, (y, x))
                cells.append(cell)
            lines.append("\t".join(line).rstrip("\t"))
        return {"kind": "table", "text": "\n".join(lines), "cells": cells}


def place(reference: str) -> tuple[int, int] | None:
    """Return row and column of a name such as B3, from 0, None where it is no place of a sheet."""
    match = _REFERENCE.match(reference)
    if match is None:
        return None
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - 64
    row = int(match[2])
    return (row - 1, column - 1) if 1 <= row <= LAST_ROW and column <= LAST_COLUMN else None


def area(reference: str) -> Area | None:
    """Return what a name such as A1:B3 covers."""
    start, _, end = reference.partition(":")
    first, last = place(start), place(end or start)
    if first is None or last is None:
        return None
    return min(first[0], last[0]), min(first[1], last[1]), max(first[0], last[0]), max(first[1], last[1])


def name(row: int, column: int) -> str:
    """Return the name of a place, such as B3."""
    return f"{letters(column)}{row + 1}"


def letters(column: int) -> str:
    shown = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        shown = chr(65 + rest) + shown
    return shown


def _columns(used: Sequence[int]) -> list[int]:
    """Return the columns of a table: those used, and the empty ones between them unless they are many."""
    columns = [used[0]]
    for column in used[1:]:
        gap = column - columns[-1] - 1
        columns += range(columns[-1] + 1, columns[-1] + 1 + min(gap, _WIDEST_GAP))
        columns.append(column)
    return columns


def _span(last: tuple[int, int], order: Sequence[int], columns: Sequence[int], at: tuple[int, int]) -> Json:
    height = bisect_left(order, last[0] + 1) - at[0]
    width = bisect_left(columns, last[1] + 1) - at[1]
    spans = {"row_span": height, "column_span": width}
    return {key: value for key, value in spans.items() if value > 1}


def _listed(rows: Mapping[int, Mapping[int, str]], order: Iterable[int]) -> Json:
    """Return each cell beside its name."""
    return blocks.table(
        [("Cell", "Value"), *((name(y, x), rows[y][x]) for y in order for x in sorted(rows[y]))]
    )
