"""Rows that were taken away, put back as they were: the document's stamp says whether they are."""

import json
from collections.abc import Mapping
from typing import Any

from psycopg import sql

from docbatch.sinks.postgres.recorded_rows_there import RecordedThere, recorded_there
from docbatch.sinks.postgres.result_table import EMPTY, ResultTable
from docbatch.sinks.postgres.server import Cursor

_WRITABLE = """
SELECT attname FROM pg_catalog.pg_attribute
WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
_INSERT = """
INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
SELECT {values} FROM pg_catalog.jsonb_populate_recordset(NULL::{table}, %s::jsonb)
"""
_NOTE = """
INSERT INTO {record} ("table", job, path, result, columns, stamp, project) VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


class NotPutBack(Exception):
    """Why rows stay in the trash; nothing of the document was written."""


def put_back_rows(
    cursor: Cursor, table: ResultTable, path: str, kept: Mapping[str, Any], standing: RecordedThere | None
) -> None:
    """Write a document's rows and its record. Raises NotPutBack where something else stands there, or they would be others."""
    record, rows = kept["record"], list(kept["rows"])
    if standing is not None:
        if standing.stamp == standing.recorded == record["stamp"]:
            return
        raise NotPutBack("something else stands in its place")
    if rows:
        _insert(cursor, table, rows)
    columns = list(map(str, record["columns"]))
    values = [record["result"], columns, record["stamp"], table.project]
    cursor.execute(sql.SQL(_NOTE).format(record=table.record), [table.name, table.job, path, *values])
    now = recorded_there(cursor, table, [path]).get(path)
    if now is None or now.stamp != record["stamp"] or (now.stamp == EMPTY and rows):
        raise NotPutBack(
            "its rows would not be what they were: the table has other columns, or a trigger changes them"
        )


def _insert(cursor: Cursor, table: ResultTable, rows: list[Any]) -> None:
    cursor.execute(_WRITABLE, [table.oid])
    known = {name for row in rows for name in row}
    names = [str(name) for (name,) in cursor.fetchall() if name in known]
    # A job may be called otherwise by now.
    values = [sql.SQL("%s") if name == "job" else sql.Identifier(name.replace("%", "%%")) for name in names]
    query = sql.SQL(_INSERT).format(
        table=table.quoted,
        columns=sql.SQL(", ").join(sql.Identifier(name.replace("%", "%%")) for name in names),
        values=sql.SQL(", ").join(values),
    )
    cursor.execute(query, [*([table.job] if "job" in names else ()), json.dumps(rows)])
