"""The table of the SQLite sink: whose database it is, and its rows."""

import hashlib
import json
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from docbatch.core.errors import SinkError
from docbatch.sinks.faults import SAFE

APPLICATION_ID = 0x646F6362
"""Written into the header of every database this sink made ("docb")."""

VERSION = 1
_HEADER = 100
_MARKS = struct.Struct(">I4xI")


@dataclass(frozen=True, slots=True)
class Row:
    """One document's row. `pages` is None for formats without pages; `metadata` and `result` are JSON."""

    path: str
    sha256: str
    media_type: str
    outcome: str
    markdown: str
    text: str
    pages: int | None
    metadata: str
    result: str
    result_digest: str

    def values(self) -> tuple[str | int | None, ...]:
        return tuple(getattr(self, name) for name in NAMES)


NAMES = tuple(field.name for field in fields(Row))
_STORED = (*NAMES, "checksum")
_TYPES = {"pages": "INTEGER", "path": "TEXT PRIMARY KEY"}


def checksum(values: Iterable[object]) -> str:
    """Return a digest of a row's values, by which an edited row is noticed."""
    return hashlib.blake2b(json.dumps(list(values), default=repr).encode(), digest_size=16).hexdigest()


def require_ours(path: Path) -> None:
    """Raise SinkError unless the file is absent, empty, or a database this sink made. Reads only its header."""
    # A pipe would be waited for.
    if path.exists() and not path.is_file():
        raise foreign(path, "is not a plain file")
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except FileNotFoundError:
        return
    if not header:
        return
    if len(header) < _HEADER or not header.startswith(b"SQLite format 3\0"):
        raise foreign(path, "is not an SQLite database")
    version, mark = _MARKS.unpack_from(header, 60)
    if mark != APPLICATION_ID:
        raise foreign(path, "is a database that docbatch did not make")
    if version > VERSION:
        raise foreign(path, f"was written by a newer docbatch (version {version}, this one knows {VERSION})")


def foreign(path: Path, what: str) -> SinkError:
    return SinkError(
        f"{path} {what}; nothing was changed",
        hint=f"{SAFE}; give the sink another path or table, or move the file away, and run `docbatch apply` again",
    )


class Table:
    """The documents of one job in an open database."""

    def __init__(self, database: sqlite3.Connection, name: str, path: Path) -> None:
        self._database = database
        self._quoted = '"' + name.replace('"', '""') + '"'
        self._name = name
        self._path = path

    def exists(self) -> bool:
        """Whether the table is there. Raises SinkError when it is not ours to write."""
        query = "SELECT name, pk FROM pragma_table_info(?)"
        found = dict(self._database.execute(query, [self._name]))
        if found and (not found.keys() >= set(_STORED) or not found["path"]):
            raise foreign(self._path, f'has a table "{self._name}" that docbatch did not make')
        return bool(found)

    def is_alone(self) -> bool:
        """Whether the database holds nothing but this table."""
        query = "SELECT count(*) FROM sqlite_master WHERE tbl_name != ?"
        (others,) = self._database.execute(query, [self._name]).fetchone()
        return int(others) == 0

    def has_triggers(self) -> bool:
        """Whether somebody added triggers, which may do anything to rows as they are written."""
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)"
        (triggers,) = self._database.execute(query, [self._name]).fetchone()
        return int(triggers) > 0

    def watched(self) -> set[object]:
        """Return the paths of all rows that are written or removed from now on, by whom ever, as they come to be known.

        This is seen by triggers of this connection alone, which go with it.
        """
        touched: set[object] = set()
        self._database.create_function("docbatch_touched", 1, touched.add)
        for event, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
            calls = ", ".join(f"docbatch_touched({row}.path)" for row in rows)
            name = f"docbatch_touched_{event}"
            self._database.execute(
                f"CREATE TEMP TRIGGER {name} AFTER {event} ON main.{self._quoted} BEGIN SELECT {calls}; END"
            )
        return touched

    def count(self) -> int:
        (rows,) = self._database.execute(f"SELECT count(*) FROM {self._quoted}").fetchone()  # noqa: S608
        return int(rows)

    def create(self) -> None:
        """Create the table and mark a new database as ours; part of the caller's transaction."""
        columns = ", ".join(f"{name} {_TYPES.get(name, 'TEXT')}" for name in _STORED)
        self._database.execute(f"CREATE TABLE IF NOT EXISTS {self._quoted} ({columns})")
        self._database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._database.execute(f"PRAGMA user_version = {VERSION}")

    def stored(self, paths: Iterable[str]) -> Iterator[tuple[tuple[object, ...], bool]]:
        """Yield the rows of these paths, and whether each is as it was written."""
        columns = ", ".join(_STORED)
        query = f"SELECT {columns} FROM {self._quoted} WHERE path IN (SELECT value FROM json_each(?))"  # noqa: S608
        for *values, recorded in self._database.execute(query, [json.dumps(list(paths))]):
            yield tuple(values), recorded == checksum(values)

    def put(self, row: Row) -> None:
        """Insert or replace one row; columns and tables of the user's own stay."""
        columns, marks = ", ".join(_STORED), ", ".join("?" * len(_STORED))
        changes = ", ".join(f"{name} = excluded.{name}" for name in _STORED[1:])
        self._database.execute(
            f"INSERT INTO {self._quoted} ({columns}) VALUES ({marks}) ON CONFLICT (path) DO UPDATE SET {changes}",  # noqa: S608
            [*row.values(), checksum(row.values())],
        )

    def delete(self, path: str) -> None:
        self._database.execute(f"DELETE FROM {self._quoted} WHERE path = ?", [path])  # noqa: S608
