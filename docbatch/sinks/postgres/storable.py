"""Values as PostgreSQL can hold them. What it cannot hold is replaced as docs/results.md says, or a reason not to write a document."""

import json
from collections.abc import Sequence
from typing import Any

from docbatch.sinks.formats import clean
from docbatch.sinks.rows.casts import Value
from docbatch.sinks.rows.row_maker import Column, Row

MOST_CHARACTERS = 64 << 20
"""What the rows of one document may have. A value takes 1 GB there at most, and several times that in memory on its way."""
REPLACED = "\N{REPLACEMENT CHARACTER}"
_UNHELD = ("\\u0000", "\\ud", "\\uD")
"""How JSON escapes what jsonb does not take: NUL, and halves of pairs among others."""


def storable(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[list[Row], int]:
    """Return a document's rows with what can be stored, and how many characters they have. Raises ValueError where they are too large."""
    texts = ["".join([value for value in row if isinstance(value, str)]) for row in rows]
    if (size := sum(map(len, texts))) > MOST_CHARACTERS:
        raise ValueError(
            f"its rows have {size:,} characters, and no more than {MOST_CHARACTERS:,} are written to PostgreSQL;"
            " name columns that leave out what is large, such as result, or write it to files"
        )
    pairs = zip(rows, texts, strict=True)
    return [row if _is_plain(text) else tuple(map(_storable, columns, row)) for row, text in pairs], size


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
