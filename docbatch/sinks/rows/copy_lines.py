"""Rows as lines of text that COPY of PostgreSQL takes: one for each, values in the order of its columns.

How values and lines are told apart: postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS-TEXT. What the server cannot
hold is replaced as docs/results.md says, or a reason not to write a document.
"""

import json
from collections.abc import Sequence
from typing import Any

from docbatch.sinks.base import Delivery
from docbatch.sinks.formats import clean
from docbatch.sinks.rows.casts import Value
from docbatch.sinks.rows.row_maker import Column, Row, RowMaker

MOST_CHARACTERS = 64 << 20
"""What the rows of one document may have. A value takes 1 GB there at most, and several times that in memory on its way."""
REPLACED = "\N{REPLACEMENT CHARACTER}"
_UNHELD = ("\\u0000", "\\ud", "\\uD")
"""How JSON escapes what jsonb does not take: NUL, and halves of pairs among others."""


def copy_lines(maker: RowMaker, delivery: Delivery) -> bytes:
    """Return a document's rows, each as one line; nothing for a document that has none.

    Raises ValueError for what cannot be made or is too large, StateError.
    """
    if (made := delivery.made()) is not None:
        return made
    return lines_of(maker.columns, maker.made_here(delivery))


def lines_of(columns: Sequence[Column], rows: Sequence[Row]) -> bytes:
    """Return these rows as lines. Raises ValueError where they are too large, or have a text that UTF-8 does not."""
    texts = ["".join([value for value in row if isinstance(value, str)]) for row in rows]
    if (size := sum(map(len, texts))) > MOST_CHARACTERS:
        raise ValueError(
            f"its rows have {size:,} characters, and no more than {MOST_CHARACTERS:,} are written to PostgreSQL;"
            " name columns that leave out what is large, such as result, or write it to files"
        )
    lines = [
        _line(row if _is_plain(text) else tuple(map(_storable, columns, row)))
        for row, text in zip(rows, texts, strict=True)
    ]
    return "".join(lines).encode()


def row_count(lines: bytes) -> int:
    """Return how many rows there are in lines: within a value no line ends."""
    return lines.count(b"\n")


def _line(row: Row) -> str:
    # Days, times and numbers are shown by Python in a form that every setting of a session reads alike. Backslashes are the first
    # to be written otherwise: they are what the others begin with. A function for each value would take longer than all of it does.
    cells = [
        value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        if isinstance(value, str)
        else "\\N"
        if value is None
        else str(value)
        for value in row
    ]
    return "\t".join(cells) + "\n"


def _is_plain(text: str) -> bool:
    """Say at once of most rows that nothing in them has to be replaced."""
    return "\0" not in text and ("\\u" not in text or not any(each in text for each in _UNHELD))


def _storable(column: Column, value: Value) -> Value:
    if not isinstance(value, str):
        return value
    if column.type != "json":
        return value.replace("\0", REPLACED) if "\0" in value else value
    if not any(each in value for each in _UNHELD):
        return value
    return json.dumps(_held(json.loads(value)), ensure_ascii=False, separators=(",", ":"))


def _held(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value).replace("\0", REPLACED)
    if isinstance(value, dict):
        return {_held(name): _held(each) for name, each in value.items()}
    if isinstance(value, list):
        return list(map(_held, value))
    return value
