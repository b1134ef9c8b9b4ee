"""Rows of documents as the record in the database has them, whatever columns a job declares by now: compared, listed, taken away."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import cast

from psycopg import sql

from docbatch.core.errors import SinkError
from docbatch.sinks.postgres.result_table import EMPTY, ResultTable
from docbatch.sinks.postgres.server import Cursor
from docbatch.sinks.postgres.trigger_watch import TriggerWatch
from docbatch.sinks.row_place import RowsFound

_READ = """
SELECT path, result, columns, stamp, project FROM {record} WHERE "table" = %s AND job = %s AND path = ANY (%s)
"""
_HOLD_ROWS = (
    "SELECT count(*) FROM (SELECT FROM {table} WHERE job = %s AND path = ANY (%s) FOR UPDATE) AS held"
)
_HOLD_RECORD = """
SELECT count(*) FROM (SELECT FROM {record} WHERE "table" = %s AND job = %s AND path = ANY (%s) FOR UPDATE) AS held
"""
_UNRECORDED = """
SELECT DISTINCT path FROM {table} AS found WHERE job = %s AND coalesce(path > %s, true) AND NOT EXISTS
    (SELECT FROM {record} AS noted WHERE noted."table" = %s AND noted.job = found.job AND noted.path = found.path)
ORDER BY path LIMIT %s
"""
_SHOWN = """
SELECT path, pg_catalog.to_jsonb(shown.*)::text FROM {table} AS shown WHERE job = %s AND path = ANY (%s) ORDER BY path
"""
_DELETE = "DELETE FROM {table} WHERE job = %s AND path = ANY (%s)"
_FORGET = 'DELETE FROM {record} WHERE "table" = %s AND job = %s AND path = ANY (%s)'
_MEDDLED = "a trigger of the table {} keeps rows that were to be removed; nothing was removed"


@dataclass(frozen=True, slots=True)
class RecordedThere:
    """A document as it stands in a table: `stamp` is that of its rows now, in the columns that the record names, and the rest what the record says.

    Of one without a record only its rows are known.
    """

    stamp: str
    result: str = ""
    columns: tuple[str, ...] = ()
    recorded: str | None = None
    project: str = ""

    @property
    def is_recorded(self) -> bool:
        return self.recorded is not None

    @property
    def is_gone(self) -> bool:
        """Whether somebody deleted all of its rows."""
        return self.stamp == EMPTY != self.recorded

    def judged(self, project: str) -> RowsFound:
        """Say whether a project may remove it."""
        if self.recorded is None:
            return RowsFound("docbatch's record in the database does not have it")
        if self.project not in {"", project}:
            return RowsFound("another project delivered it")
        if self.stamp != self.recorded:
            return RowsFound("it changed since docbatch wrote it", is_edited=True)
        return RowsFound()

    def values(self) -> dict[str, object]:
        """Return what the record says, to be put back."""
        return {
            "result": self.result,
            "columns": self.columns,
            "stamp": self.recorded,
            "project": self.project,
        }


def recorded_there(cursor: Cursor, table: ResultTable, paths: Sequence[str]) -> dict[str, RecordedThere]:
    """Return those of these documents that have rows, or a record. The table and its columns were looked at."""
    cursor.execute(sql.SQL(_READ).format(record=table.record), [table.name, table.job, list(paths)])
    noted = {
        str(path): RecordedThere(
            EMPTY, str(result), tuple(cast("list[str]", columns)), str(stamp), str(project)
        )
        for path, result, columns, stamp, project in cursor
    }
    by_columns: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        columns = noted[path].columns if path in noted else ()
        # A column that somebody dropped is part of no stamp any more: then they differ.
        there = tuple(name for name in columns if name in table.existing)
        by_columns.setdefault(there or ("path",), []).append(path)
    for columns, these in by_columns.items():
        for path, stamp in table.stamps(cursor, these, columns).items():
            known = noted.get(path, RecordedThere(EMPTY))
            noted[path] = RecordedThere(stamp, known.result, known.columns, known.recorded, known.project)
    return noted


def unrecorded(cursor: Cursor, table: ResultTable, after: str | None, limit: int) -> list[str]:
    """Return documents behind a path, in the order of the database, whose rows the record does not tell of."""
    query = sql.SQL(_UNRECORDED).format(table=table.quoted, record=table.record)
    cursor.execute(query, [table.job, after, table.name, limit])
    return [str(path) for (path,) in cursor]


def hold(cursor: Cursor, table: ResultTable, paths: Sequence[str]) -> None:
    """Keep others from changing rows and record of these documents until the transaction ends."""
    place = [table.job, list(paths)]
    # In the order in which deliveries take them.
    cursor.execute(sql.SQL(_HOLD_ROWS).format(table=table.quoted), place)
    cursor.execute(sql.SQL(_HOLD_RECORD).format(record=table.record), [table.name, *place])


def contents(
    cursor: Cursor, table: ResultTable, paths: Sequence[str], found: Mapping[str, RecordedThere]
) -> Iterator[tuple[str, bytes]]:
    """Yield all that stands of these documents as JSON, columns of the user's with it, a document at a time as the server sends it."""
    left = set(paths)
    query = sql.SQL(_SHOWN).format(table=table.quoted)
    rows = cursor.stream(query, [table.job, list(paths)]) if paths else iter(())
    for path, these in groupby(rows, key=itemgetter(0)):
        left.discard(str(path))
        yield str(path), _content(found[str(path)], [str(row) for _, row in these])
    for path in sorted(left):
        yield path, _content(found[path], [])


def _content(found: RecordedThere, rows: Sequence[str]) -> bytes:
    # As the server wrote them: numbers keep their digits.
    return f'{{"record": {json.dumps(found.values())}, "rows": [{", ".join(rows)}]}}'.encode(errors="replace")


def forget(cursor: Cursor, table: ResultTable, paths: Sequence[str]) -> None:
    """Remove documents from table and record. Raises SinkError where a trigger keeps rows, or touches others."""
    place = [table.job, list(paths)]
    watch = TriggerWatch(table, cursor)
    cursor.execute(sql.SQL(_DELETE).format(table=table.quoted), place)
    deleted = cursor.rowcount
    if table.stamps(cursor, paths, ["path"]):
        raise SinkError(
            _MEDDLED.format(table.shown),
            hint="drop the trigger, or delete the rows yourself, and run the same command again",
        )
    watch.require_others_kept(deleted)
    cursor.execute(sql.SQL(_FORGET).format(record=table.record), [table.name, *place])
