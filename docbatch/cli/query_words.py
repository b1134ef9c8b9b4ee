"""Answers to questions in SQL, as a table or as CSV."""

import csv
import io
from typing import TYPE_CHECKING

from docbatch.core.outside_text import escaped

if TYPE_CHECKING:
    from docbatch.state.queries import Cell, QueryAnswer

LONGEST = 100
"""Characters that a table shows of a cell; CSV and JSON have all of it."""


def table_text(answer: "QueryAnswer") -> str:
    """Return columns under their names, numbers to the right, ending in a line break."""
    head = [escaped(name) for name in answer.columns]
    rows = [[_shown(cell) for cell in row] for row in answer.rows]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    right = [_are_numbers(column) for column in zip(*answer.rows, strict=True)] or [False] * len(head)
    ruled = ["-" * width for width in widths]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in (head, ruled, *rows)
    ]
    return "\n".join(lines) + "\n"


def _shown(cell: "Cell") -> str:
    text = escaped(_text(cell))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _text(cell: "Cell") -> str:
    if isinstance(cell, bytes):
        return cell.hex()
    return "" if cell is None else str(cell)


def _are_numbers(column: "tuple[Cell, ...]") -> bool:
    return any(cell is not None for cell in column) and all(
        cell is None or isinstance(cell, int | float) for cell in column
    )


def csv_text(answer: "QueryAnswer") -> str:
    """Return CSV; NULL is empty, and bytes are hexadecimal text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_text(cell) for cell in row] for row in answer.rows)
    return text.getvalue()
