"""Writing the rows of some documents in one transaction, with the record of what they are."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from psycopg import sql

from docbatch.sinks.postgres.result_table import EMPTY, TYPES, ResultTable
from docbatch.sinks.postgres.server import Cursor, text_array
from docbatch.sinks.postgres.trigger_watch import TriggerWatch
from docbatch.sinks.rows.copy_lines import row_count

_INCOMING = sql.Identifier("pg_temp", "docbatch_window")
_HOLD = """
SELECT (SELECT count(*) FROM (SELECT FROM {table} WHERE job = %s AND path = ANY (%s) FOR UPDATE) AS held),
    EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = %s AND NOT tgisinternal AND tgenabled <> 'D')
"""
_READ_RECORD = """
SELECT path, result, columns, stamp FROM {record} WHERE "table" = %s AND job = %s AND path = ANY (%s)
"""
_NOTE = """
INSERT INTO {record} AS noted ("table", job, path, result, columns, stamp, project)
SELECT %s, %s, path, result, %s, coalesce(stamp, %s), %s
FROM unnest(%s::text[], %s::text[]) AS given(path, result) LEFT JOIN ({stamps}) AS made(path, stamp) USING (path)
ON CONFLICT ("table", job, path)
    DO UPDATE SET result = excluded.result, columns = excluded.columns, stamp = excluded.stamp, project = excluded.project
    WHERE noted.project IN ('', excluded.project)
RETURNING path, stamp
"""
_SHOWN = "SELECT path, pg_catalog.to_jsonb(shown.*) FROM {table} AS shown WHERE job = %s AND path = ANY (%s) ORDER BY path"
_DELETE = "DELETE FROM {table} WHERE job = %s AND path = ANY (%s)"
_DELETE_SURPLUS = """
DELETE FROM {table} AS old WHERE job = %s AND path = ANY (%s)
    AND NOT EXISTS (SELECT FROM {incoming} AS new WHERE {same})
"""
_PIECE = 1 << 20
_FORGET = 'DELETE FROM {record} WHERE "table" = %s AND job = %s AND path = ANY (%s)'

Keep = Callable[[str, str, str], None]
"""Puts what stood in the place of a document's rows into the trash: path, stamp, JSON."""


class NotKept(Exception):
    """Triggers change or take away what was written of these documents; nothing of the window was written."""

    def __init__(self, paths: Collection[str]) -> None:
        super().__init__()
        self.paths = frozenset(paths)


@dataclass(frozen=True, slots=True)
class ServedDocument:
    """A document's rows as lines for COPY, and the digest of what they were made of."""

    path: str
    result: str
    lines: bytes


@dataclass(frozen=True, slots=True)
class Noted:
    """What the record says of a document: which result its rows were made of, in which columns, and their stamp."""

    result: str
    columns: tuple[str, ...]
    stamp: str


def write_window(
    cursor: Cursor, table: ResultTable, documents: Sequence[ServedDocument], keep: Keep
) -> dict[str, str]:
    """Write a window's rows and return the stamp of each document. Rows that are not as docbatch left them go to `keep` first.

    Raises NotKept, SinkError.
    """
    paths = [each.path for each in documents]
    noted = read_record(cursor, table, paths)
    held, has_triggers = _hold(cursor, table, paths)
    if held:
        _keep_edited(cursor, table, edited(cursor, table, paths, noted), keep)
    _copy(cursor, table, documents)
    watch = TriggerWatch(table, cursor) if has_triggers else None
    deleted = _delete_surplus(cursor, table, paths) if held else 0
    _upsert(cursor, table, stale=_stale(table, noted.values()))
    stamps = _note(cursor, table, documents)
    if watch is not None:
        written = sum(row_count(each.lines) for each in documents)
        if unkept := watch.unkept(stamps, written=written, deleted=deleted):
            raise NotKept(unkept)
    return stamps


def _note(cursor: Cursor, table: ResultTable, documents: Sequence[ServedDocument]) -> dict[str, str]:
    """Record what is delivered of documents, and return the stamps that the server makes of what came in."""
    paths = [each.path for each in documents]
    given: list[object] = [
        table.name,
        table.job,
        table.stamped_columns,
        EMPTY,
        table.project,
        text_array(paths),
        text_array(each.result for each in documents),
    ]
    query = sql.SQL(_NOTE).format(record=table.record, stamps=table.stamped(table.stamped_columns, _INCOMING))
    cursor.execute(query, [*given, table.job, text_array(paths)])
    stamps = {str(path): str(stamp) for path, stamp in cursor}
    if len(stamps) < len(paths):
        # Another project delivered one of them since the table was prepared.
        raise table.another_project_s()
    return stamps


def read_record(cursor: Cursor, table: ResultTable, paths: Sequence[str]) -> dict[str, Noted]:
    """Return what is recorded of documents."""
    cursor.execute(
        sql.SQL(_READ_RECORD).format(record=table.record), [table.name, table.job, text_array(paths)]
    )
    return {
        str(path): Noted(str(result), tuple(cast("list[str]", columns)), str(stamp))
        for path, result, columns, stamp in cursor
    }


def edited(
    cursor: Cursor, table: ResultTable, paths: Iterable[str], noted: Mapping[str, Noted]
) -> dict[str, str]:
    """Return the documents whose rows are not what is recorded of them, with the stamp that these have now."""
    by_columns: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        columns = noted[path].columns if path in noted else tuple(table.stamped_columns)
        # A column that somebody dropped is part of no stamp any more: then they differ.
        there = tuple(name for name in columns if name in table.existing)
        by_columns.setdefault(there, []).append(path)
    now: dict[str, str] = {}
    for columns, these in by_columns.items():
        now |= table.stamps(cursor, these, columns)
    return {path: stamp for path, stamp in now.items() if path not in noted or noted[path].stamp != stamp}


def remove_rows(cursor: Cursor, table: ResultTable, paths: Sequence[str], keep: Keep | None) -> None:
    """Take documents out of table and record; with `keep` their rows go there first."""
    if keep is not None and _hold(cursor, table, paths)[0]:
        _keep_edited(cursor, table, table.stamps(cursor, paths, _comparable(table)), keep)
    place = [table.job, text_array(paths)]
    cursor.execute(sql.SQL(_DELETE).format(table=table.quoted), place)
    cursor.execute(sql.SQL(_FORGET).format(record=table.record), [table.name, *place])


def _comparable(table: ResultTable) -> list[str]:
    return [name for name in table.stamped_columns if name in table.existing]


def _hold(cursor: Cursor, table: ResultTable, paths: Sequence[str]) -> tuple[int, bool]:
    """Keep others from changing rows until the transaction ends; say how many there are, and whether the table has triggers of others."""
    cursor.execute(sql.SQL(_HOLD).format(table=table.quoted), [table.job, text_array(paths), table.oid])
    found = cursor.fetchone()
    return (int(str(found[0])), bool(found[1])) if found else (0, False)


def _keep_edited(cursor: Cursor, table: ResultTable, stamps: Mapping[str, str], keep: Keep) -> None:
    for path, stamp in stamps.items():
        cursor.execute(sql.SQL(_SHOWN).format(table=table.quoted), [table.job, text_array([path])])
        keep(path, stamp, json.dumps([row for _, row in cursor], ensure_ascii=False))


def _copy(cursor: Cursor, table: ResultTable, documents: Sequence[ServedDocument]) -> None:
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(each.name), TYPES[each.type]) for each in table.columns
    )
    cursor.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(_INCOMING, columns))
    with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(_INCOMING)) as copy:
        for piece in _pieces(each.lines for each in documents):
            copy.write(piece)


def _pieces(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines of many documents together: each piece costs a look at the connection."""
    held: list[bytes] = []
    size = 0
    for each in lines:
        held.append(each)
        size += len(each)
        if size >= _PIECE:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def _delete_surplus(cursor: Cursor, table: ResultTable, paths: Sequence[str]) -> int:
    same = sql.SQL(" AND ").join(
        sql.SQL("new.{0} = old.{0}").format(sql.Identifier(name)) for name in table.keys
    )
    query = sql.SQL(_DELETE_SURPLUS).format(table=table.quoted, incoming=_INCOMING, same=same)
    cursor.execute(query, [table.job, text_array(paths)])
    return cursor.rowcount


def _upsert(cursor: Cursor, table: ResultTable, *, stale: Sequence[str]) -> None:
    """Insert or replace what came in; columns of the user's own stay, and those that docbatch no longer writes are emptied."""
    names = sql.SQL(", ").join(map(sql.Identifier, table.names))
    keys = sql.SQL(", ").join(map(sql.Identifier, table.keys))
    changes = [
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name))
        for name in table.names
        if name not in table.keys
    ]
    changes += [sql.SQL("{} = NULL").format(sql.Identifier(name)) for name in stale]
    cursor.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT ({}) DO UPDATE SET {}").format(
            table.quoted, names, names, _INCOMING, keys, sql.SQL(", ").join(changes)
        ),
        [],
    )


def _stale(table: ResultTable, noted: Iterable[Noted]) -> list[str]:
    """Return columns that rows of these documents have from before, and that are declared no longer."""
    former = {name for each in noted for name in each.columns}
    return sorted((former & table.existing) - set(table.names))
