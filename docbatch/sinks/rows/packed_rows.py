"""Rows as bytes that go from one process to another, and come out equal."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from operator import methodcaller
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docbatch.sinks.rows.row_maker import Column, Row

_READ: Mapping[str, Callable[[str], date]] = {
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
}
# One that is made for each call would take longer than most rows do.
_encoded = json.JSONEncoder(ensure_ascii=False, default=methodcaller("isoformat")).encode


def packed_rows(rows: "Sequence[Row]") -> bytes:
    """Return rows as bytes. Days and times are text in them."""
    return _encoded(rows).encode(errors="surrogatepass")


class PackedRows:
    """Reads rows of these columns again. JSON has all of their values but days and times."""

    def __init__(self, columns: "Sequence[Column]") -> None:
        self._read = [
            (place, _READ[column.type]) for place, column in enumerate(columns) if column.type in _READ
        ]

    def unpacked(self, content: bytes) -> "list[Row]":
        rows: list[list[Any]] = json.loads(content.decode(errors="surrogatepass"))
        for place, read in self._read:
            for row in rows:
                row[place] = None if row[place] is None else read(row[place])
        return list(map(tuple, rows))
