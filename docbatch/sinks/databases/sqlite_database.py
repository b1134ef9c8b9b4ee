"""SQLite as tables of declared rows ask for it."""

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from itertools import chain
from pathlib import Path

from docbatch.sinks import outputs
from docbatch.sinks.databases.database_place import DatabasePlace, PlacedDatabase
from docbatch.sinks.databases.row_database import (
    Encoder,
    FoundColumn,
    RowDatabase,
    RowsRefused,
    RowsWatched,
    Values,
    listed,
    quoted,
)
from docbatch.sinks.databases.table_changes import has_other_jobs, tables_of_ours
from docbatch.sinks.rows.casts import Value
from docbatch.sinks.sqlite import BESIDE
from docbatch.sinks.table import (
    APPLICATION_ID,
    UNDECLARED_AT_LEAST,
    VERSION,
    Table,
    require_ours,
    sqlite_error,
)
from docbatch.sinks.trash import Trash

_PATIENCE = 5.0
_REFUSALS = (sqlite3.DataError, sqlite3.IntegrityError, OverflowError)
_ON_IT = "type IN ('index', 'trigger') AND sql IS NOT NULL AND lower(tbl_name) = lower(?)"
_TYPES = {
    "text": "TEXT",
    "integer": "INTEGER",
    "number": "REAL",
    "boolean": "INTEGER",
    "date": "TEXT",
    "timestamp": "TEXT",
    "json": "TEXT",
}


def _iso(value: Value) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _whole(value: Value) -> object:
    return int(value) if isinstance(value, bool) else value


def _unsigned_zero(value: Value) -> object:
    """Return a number as SQLite gives it back, which keeps no sign of zero."""
    return value + 0.0 if isinstance(value, float) else value


_ENCODERS: dict[str, Encoder] = {"boolean": _whole, "date": _iso, "timestamp": _iso, "number": _unsigned_zero}


class SqliteDatabase(RowDatabase):
    types = _TYPES

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Values]:
        return self._connection.execute(statement, values).fetchall()

    def stream(self, statement: str, values: Sequence[object] = ()) -> Iterator[Values]:
        return self._connection.execute(statement, values)

    def encoder(self, kind: str) -> Encoder | None:
        return _ENCODERS.get(kind)

    def among(self, paths: Sequence[str]) -> tuple[str, object]:
        return "path IN (SELECT value FROM json_each(?))", json.dumps(list(paths))

    def columns(self, table: str) -> list[FoundColumn]:
        rows = self.run("SELECT name, type, pk FROM pragma_table_info(?)", [table])
        return [FoundColumn(str(name), str(kind), bool(key)) for name, kind, key in rows]

    def is_view(self, table: str) -> bool:
        query = "SELECT 1 FROM sqlite_master WHERE type = 'view' AND lower(name) = lower(?)"
        return bool(self.run(query, [table]))

    def has_company(self, table: str) -> bool:
        query = f"SELECT 1 FROM sqlite_master WHERE ({_ON_IT}) OR type = 'view' LIMIT 1"  # noqa: S608
        return bool(self.run(query, [table]))

    def holds_nothing_but(self, tables: Sequence[str]) -> bool:
        found = self.run(
            "SELECT lower(tbl_name) FROM sqlite_master WHERE tbl_name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        )
        return {str(name) for (name,) in found} <= set(tables)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        marks = ", ".join("?" * len(columns))
        self._many(f"INSERT INTO {quoted(table)} ({listed(columns)}) VALUES ({marks})", rows)  # noqa: S608

    def update(
        self, table: str, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> None:
        changes = ", ".join(f"{quoted(name)} = ?" for name in columns)
        width = len(keys)
        self._many(
            f"UPDATE {quoted(table)} SET {changes} WHERE {_equal(keys)}",  # noqa: S608
            [(*row[width:], *row[:width]) for row in rows],
        )

    def delete(self, table: str, keys: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        self._many(f"DELETE FROM {quoted(table)} WHERE {_equal(keys)}", rows)  # noqa: S608

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.commit()
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def mark(self) -> None:
        self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def watch(self, table: str, job: str) -> RowsWatched | None:
        watched = Table(self._connection, table, self._path, job)
        return _TriggerWatch(watched, job) if watched.has_triggers() else None

    def edited_undeclared(self, table: str, job: str) -> Iterator[tuple[str, dict[str, object]]]:
        before = Table(self._connection, table, self._path, job)
        for path in before.paths():
            for values, intact in before.stored([path]):
                if not intact:
                    yield path, before.named(values)

    def _many(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        try:
            self._connection.executemany(statement, rows)
        except _REFUSALS as error:
            raise RowsRefused(str(error)) from error


class _TriggerWatch:
    def __init__(self, table: Table, job: str) -> None:
        self._table = table
        self._job = job
        self._before = table.count()
        self._touched = table.watched()

    def is_about(self, paths: set[str], growth: int) -> bool:
        others = self._touched - {(self._job, path) for path in paths}
        # What a REPLACE in a trigger removes is not seen by others: hence the count.
        return not others and self._table.count() == self._before + growth


class SqliteFile(PlacedDatabase):
    """A database that docbatch made. One that it did not make is refused and stays as it is."""

    def __init__(self, place: DatabasePlace) -> None:
        super().__init__(place, "sqlite3")

    @contextmanager
    def writing(self) -> Iterator[RowDatabase]:
        self._place.prepare(BESIDE)
        require_ours(self._path)
        with self._connected(str(self._path)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            yield SqliteDatabase(connection, self._path)

    @contextmanager
    def reading(self) -> Iterator[RowDatabase | None]:
        require_ours(self._path)
        if not self._path.exists():
            yield None
            return
        with self._connected(f"{self._path.absolute().as_uri()}?mode=ro") as connection:
            yield SqliteDatabase(connection, self._path)

    def is_unfinished(self) -> bool:
        try:
            return Path(f"{self._path}-journal").stat().st_size > 0
        except OSError:
            return False

    def stamp(self) -> str | None:
        return outputs.stamp_at(self._path)

    @staticmethod
    @contextmanager
    def _connected(name: str) -> Iterator[sqlite3.Connection]:
        is_uri = name.startswith("file:")
        with closing(
            sqlite3.connect(name, isolation_level=None, timeout=_PATIENCE, uri=is_uri)
        ) as connection:
            connection.text_factory = _decoded
            yield connection

    @contextmanager
    def guarded(self) -> Iterator[None]:
        with self._place.guarded():
            try:
                yield
            except sqlite3.Error as error:
                raise sqlite_error(self.shown, error) from error


def holds_more(path: Path, jobs: Collection[str]) -> bool:
    """Whether a database has tables or views that docbatch did not make, or rows of other jobs than these. Raises SinkError."""
    file = SqliteFile(DatabasePlace(path.parent, os.fsencode(path.name), Trash(path.parent)))
    with file.guarded(), file.reading() as database:
        if database is None:
            return False
        names = database.run(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        )
        ours = set(tables_of_ours(database))
        others = [name for name in map(str, chain(*names)) if name.lower() not in ours]
        undeclared = [name for name in others if _is_undeclared(database, name)]
        # One that an earlier version made is of one job, and does not say of which.
        of_several = [name for name in undeclared if "job" in {each.name for each in database.columns(name)}]
        return len(undeclared) < len(others) or has_other_jobs(database, jobs, of_several)


def _is_undeclared(database: RowDatabase, table: str) -> bool:
    """Whether a table is one of rows that nobody declared."""
    return (
        not database.is_view(table) and {each.name for each in database.columns(table)} >= UNDECLARED_AT_LEAST
    )


def _equal(keys: Sequence[str]) -> str:
    return " AND ".join(f"{quoted(name)} = ?" for name in keys)


def _decoded(text: bytes) -> str:
    return text.decode(errors="surrogateescape")
