"""Rows as lines of JSON: an object for each, in the order of its columns."""

from datetime import date, datetime

from docbatch.sinks.base import Delivery
from docbatch.sinks.formats import json_value, one_line
from docbatch.sinks.rows.casts import Value
from docbatch.sinks.rows.row_maker import Column, Row, RowMaker


def row_lines(maker: RowMaker, delivery: Delivery) -> bytes:
    """Return a document's rows, each as one line; nothing for a document that has none. Raises ValueError, StateError."""
    if (made := delivery.made()) is not None:
        return made
    return b"".join(_line(maker.columns, row) for row in maker.made_here(delivery))


def _line(columns: tuple[Column, ...], row: Row) -> bytes:
    members = (
        json_value(column.name) + b":" + _member(column.type, value)
        for column, value in zip(columns, row, strict=True)
    )
    return one_line(b"{" + b",".join(members) + b"}")


def _member(kind: str, value: Value) -> bytes:
    if kind == "json" and isinstance(value, str):
        return value.encode()
    return json_value(value.isoformat() if isinstance(value, date | datetime) else value)
