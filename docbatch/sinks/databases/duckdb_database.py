"""DuckDB as tables of declared rows ask for it. Its package is imported when a database is opened, and downloads nothing."""

import json
import os
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docbatch.core.errors import SinkError
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
from docbatch.sinks.databases.table_changes import has_other_jobs, is_ours, tables_of_ours
from docbatch.sinks.databases.table_form import make_notes
from docbatch.sinks.duckdb import BESIDE
from docbatch.sinks.faults import SAFE, damaged, unusable
from docbatch.sinks.formats import clean
from docbatch.sinks.rows.casts import Value
from docbatch.sinks.table import foreign
from docbatch.sinks.trash import Trash

if TYPE_CHECKING:
    from types import ModuleType

    from duckdb import DuckDBPyConnection

_PATIENCE = 5.0
_PAUSE = 0.05
_DAMAGED = ("Corrupt database file", "Could not read enough bytes")
_LOCKED = "Could not set lock"
_HEADER = slice(8, 12)
_MAGIC = b"DUCK"
_ROWS_AT_ONCE = 256
_HERE = "database_name = current_database() AND schema_name = 'main'"
_SETTINGS: dict[str, Any] = {
    # What is not in the package is not had: nothing is downloaded, and nothing is loaded from a folder of the user's.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "threads": 2,
    # A folder of its own beside the database is one more thing that a kill would leave.
    "temp_directory": "",
}
_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "json": "JSON",
}


def _json(value: Value) -> object:
    """Return JSON without halves of surrogate pairs, which DuckDB does not take. Raises ValueError."""
    text = str(value)
    if "\\ud" not in text:
        return text
    try:
        return clean(json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")))
    except RecursionError:
        raise ValueError("the answer is nested too deeply") from None


class DuckdbDatabase(RowDatabase):
    types = _TYPES

    def __init__(self, library: "ModuleType", connection: "DuckDBPyConnection") -> None:
        self._library = library
        self._connection = connection

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Values]:
        return self._connection.execute(statement, list(values)).fetchall()

    def stream(self, statement: str, values: Sequence[object] = ()) -> Iterator[Values]:
        cursor = self._connection.execute(statement, list(values))
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows

    def encoder(self, kind: str) -> Encoder | None:
        return _json if kind == "json" else None

    def among(self, paths: Sequence[str]) -> tuple[str, object]:
        return "path IN (SELECT unnest(?::VARCHAR[]))", list(paths)

    def columns(self, table: str) -> list[FoundColumn]:
        # To ask for the columns of what is not there would end a transaction.
        there = (
            f"SELECT 1 FROM duckdb_tables() WHERE {_HERE} AND lower(table_name) = lower($1)"  # noqa: S608
            f" UNION ALL SELECT 1 FROM duckdb_views() WHERE {_HERE} AND lower(view_name) = lower($1)"
        )
        if not self.run(there, [table]):
            return []
        found = self.run("SELECT name, type, pk FROM pragma_table_info(?)", [f"main.{quoted(table)}"])
        return [FoundColumn(str(name), str(kind), bool(key)) for name, kind, key in found]

    def is_view(self, table: str) -> bool:
        query = f"SELECT 1 FROM duckdb_views() WHERE {_HERE} AND lower(view_name) = lower(?)"  # noqa: S608
        return bool(self.run(query, [table]))

    def has_company(self, table: str) -> bool:
        query = (
            f"SELECT 1 FROM duckdb_indexes() WHERE {_HERE} AND lower(table_name) = lower(?)"  # noqa: S608
            f" UNION ALL SELECT 1 FROM duckdb_views() WHERE database_name = current_database() AND NOT internal"
        )
        return bool(self.run(query, [table])) or self._has_triggers(table)

    def holds_nothing_but(self, tables: Sequence[str]) -> bool:
        query = (
            "SELECT lower(table_name) FROM duckdb_tables() WHERE database_name = current_database() AND NOT internal"
            " UNION ALL SELECT lower(view_name) FROM duckdb_views() WHERE database_name = current_database() AND NOT internal"
        )
        return {str(name) for (name,) in self.run(query)} <= set(tables)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        self._bulk(
            f"INSERT INTO {quoted(table)} ({listed(columns)}) {self._given(table, columns)}",
            rows,
        )

    def update(
        self, table: str, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[object]]
    ) -> None:
        changes = ", ".join(f"{quoted(name)} = given.{quoted(name)}" for name in columns)
        given = self._given(table, (*keys, *columns))
        self._bulk(
            f"UPDATE {quoted(table)} AS kept SET {changes} FROM ({given}) AS given WHERE {_equal(keys)}",  # noqa: S608
            rows,
        )

    def delete(self, table: str, keys: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        given = self._given(table, keys)
        self._bulk(
            f"DELETE FROM {quoted(table)} AS kept USING ({given}) AS given WHERE {_equal(keys)}",  # noqa: S608
            rows,
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.begin()
        try:
            yield
            self.commit()
        except BaseException:
            # What failed may have ended the transaction already.
            with suppress(self._library.Error):
                self._connection.rollback()
            raise

    def commit(self) -> None:
        with self._refusals():
            self._connection.commit()

    def mark(self) -> None:
        """Do nothing: the notes in it say that it is ours."""

    def watch(self, table: str, job: str) -> RowsWatched | None:  # noqa: ARG002 - its triggers reach no table that they hang on
        return _TriggerWatch() if self._has_triggers(table) else None

    def edited_undeclared(self, table: str, job: str) -> Iterator[tuple[str, dict[str, object]]]:  # noqa: ARG002 - as above
        return iter(())

    def _has_triggers(self, table: str) -> bool:
        query = f"SELECT 1 FROM duckdb_triggers() WHERE {_HERE} AND lower(table_name) = lower(?)"  # noqa: S608
        return bool(self.run(query, [table]))

    def _given(self, table: str, columns: Sequence[str]) -> str:
        """Return a query for rows that are bound as a list for each column: many times faster than a statement a row."""
        kinds = {each.name.casefold(): each.type for each in self.columns(table)}
        lists = (
            f"unnest(CAST(${place} AS {_sent(kinds[name.casefold()])}[])) AS {quoted(name)}"
            for place, name in enumerate(columns, 1)
        )
        return f"SELECT {', '.join(lists)}"

    def _bulk(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        with self._refusals():
            self._connection.execute(statement, [list(column) for column in zip(*rows, strict=True)])

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        library = self._library
        try:
            yield
        except (library.IntegrityError, library.DataError, library.InvalidInputException) as error:
            raise RowsRefused(_told(error)) from error


class _TriggerWatch:
    """DuckDB refuses triggers that write to the table they hang on, so no rows of others can be touched."""

    def is_about(self, paths: set[str], growth: int) -> bool:  # noqa: ARG002 - as above
        return True


class DuckdbFile(PlacedDatabase):
    """A database that docbatch made, opened for as long as it is read or written: others cannot open it meanwhile."""

    is_written_beside = True

    def __init__(self, place: DatabasePlace) -> None:
        super().__init__(place, "duckdb")

    @contextmanager
    def writing(self) -> Iterator[RowDatabase]:
        library = _library()
        self._place.prepare(BESIDE)
        if not self._has_content():
            # A file that is made in place would be half a database for a moment, which nobody could tell from another's.
            self._place.put(_new(library))
        with self._connected(library, read_only=False) as database:
            yield database

    @contextmanager
    def reading(self) -> Iterator[RowDatabase | None]:
        library = _library()
        if not self._has_content():
            yield None
            return
        with self._connected(library, read_only=True) as database:
            yield database

    def is_unfinished(self) -> bool:
        """Say no: what lies in the log beside a database is read with it, without writing."""
        return False

    def stamp(self) -> str | None:
        stamp = outputs.stamp_at(self._path)
        beside = outputs.stamp_at(f"{self._path}.wal")
        return stamp if beside is None or stamp is None else f"{stamp} with {beside}"

    def _has_content(self) -> bool:
        """Whether there is a database. Raises SinkError for anything else that has content."""
        # A pipe would be waited for.
        if self._path.exists() and not self._path.is_file():
            raise foreign(self._path, "is not a plain file")
        try:
            with self._path.open("rb") as file:
                header = file.read(_HEADER.stop)
        except FileNotFoundError:
            return False
        if header and header[_HEADER] != _MAGIC:
            raise foreign(self._path, "is not a DuckDB database")
        return bool(header)

    @contextmanager
    def _connected(self, library: "ModuleType", *, read_only: bool) -> Iterator[RowDatabase]:
        connection = self._connect(library, read_only=read_only)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            database = DuckdbDatabase(library, connection)
            if not is_ours(database):
                raise foreign(self._path, "is a database that docbatch did not make")
            yield database
        finally:
            with self.guarded():
                connection.close()

    def _connect(self, library: "ModuleType", *, read_only: bool) -> "DuckDBPyConnection":
        """Open it, once whoever has it open lets go of it; wait for that no longer than some seconds."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return _opened(library, self._path, read_only=read_only)
            except library.IOException as error:
                if _LOCKED not in str(error) or time.monotonic() >= until:
                    raise
            time.sleep(_PAUSE)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        library = _library()
        with self._place.guarded():
            try:
                yield
            except library.Error as error:
                told = _told(error)
                is_damaged = any(each in told for each in _DAMAGED)
                raise (damaged if is_damaged else unusable)(self.shown, told) from error


def holds_more(path: Path, jobs: Collection[str]) -> bool:
    """Whether a database has tables or views that docbatch did not make, or rows of other jobs than these. Raises SinkError."""
    file = DuckdbFile(DatabasePlace(path.parent, os.fsencode(path.name), Trash(path.parent)))
    with file.guarded(), file.reading() as database:
        return database is not None and (
            not database.holds_nothing_but(list(tables_of_ours(database))) or has_other_jobs(database, jobs)
        )


def _library() -> "ModuleType":
    try:
        import duckdb  # noqa: PLC0415 - an extra, and slow to load
    except ImportError:
        raise SinkError(
            "a sink of type duckdb cannot be used without the extra 'duckdb'",
            hint=f"{SAFE}; pip install 'docbatch[duckdb]', then run the same command again",
        ) from None
    return duckdb


def _opened(library: "ModuleType", path: Path, *, read_only: bool) -> "DuckDBPyConnection":
    connection: DuckDBPyConnection = library.connect(str(path), read_only=read_only, config=_SETTINGS)
    return connection


def _new(library: "ModuleType") -> bytes:
    """Return the content of a database that says that it is ours, and holds nothing more."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.duckdb"
        connection = _opened(library, path, read_only=False)
        try:
            make_notes(DuckdbDatabase(library, connection))
        finally:
            connection.close()
        return path.read_bytes()


def _equal(keys: Sequence[str]) -> str:
    return " AND ".join(f"kept.{quoted(name)} = given.{quoted(name)}" for name in keys)


def _sent(kind: str) -> str:
    return "VARCHAR" if kind == "JSON" else kind


def _told(error: Exception) -> str:
    """Return what DuckDB says in its first line, without its links."""
    first = str(error).strip().partition("\n")[0]
    return first.partition(" See also http")[0].rstrip(".")
