"""Rows as Arrow has them: types of columns, and rows of other columns brought to these."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from docbatch.sinks.rows.row_maker import Column, Row

DIGEST = "result_digest"
"""The last column of each row: the digest of the result that it was made of."""

TYPES: Mapping[str, Any] = {
    "text": pa.string(),
    "json": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def schema_of(columns: Iterable[Column]) -> Any:
    """Return the schema of parts with these columns: the key's first, and never null."""
    fields = [pa.field(each.name, TYPES[each.type], nullable=not each.is_key) for each in columns]
    return pa.schema([*fields, pa.field(DIGEST, pa.string(), nullable=False)])


def batch_of(rows: Sequence[Row], schema: Any) -> Any:
    """Return rows, each with its digest at the end, as one batch. Raises ValueError for what Arrow cannot hold."""
    values = zip(*rows, strict=True)
    arrays = [pa.array(each, type=field.type) for each, field in zip(values, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def is_alike(schema: Any, found: Any) -> bool:
    """Say whether rows of a schema that was found are rows of this one."""
    return bool(schema.equals(found, check_metadata=False))


def lost_columns(schema: Any, found: Any) -> list[str]:
    """Return the columns whose values are lost when rows that were found are brought to a schema."""
    return [each.name for each in found if not _has(schema, each)]


def adapted(table: Any, schema: Any) -> Any:
    """Return rows as rows of a schema: what has the same name and type is kept, the rest is null."""
    if is_alike(schema, table.schema):
        return table.cast(schema)
    arrays = [
        table.column(field.name) if _has(table.schema, field) else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def _has(schema: Any, field: Any) -> bool:
    at = schema.get_field_index(field.name)
    return at >= 0 and bool(schema.field(at).type.equals(field.type))
