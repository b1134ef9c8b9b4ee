"""The table of the SQLite sink: whose database it is, and its rows."""

import hashlib
import json
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

from docbatch.core.errors import ForeignOutput, SinkError
from docbatch.sinks.databases.job_owners import JOBS
from docbatch.sinks.faults import SAFE, damaged, unusable

APPLICATION_ID = 0x646F6362
"""Written into the header of every database this sink made ("docb")."""

VERSION = 2
"""That of tables in which a row belongs to a job; those of version 1 are of one job, and say nothing of it."""
_HEADER = 100
_MARKS = struct.Struct(">I4xI")


@dataclass(frozen=True, slots=True)
class Row:
    """One document's row.

    `pages` is None for formats without pages; `labels`, `columns`, `metadata` and `result` are JSON. Of a document that failed
    the `failure_` columns say why; of one that cannot be sent, neither digest nor media type is known.
    """

    job: str
    path: str
    labels: str
    columns: str
    sha256: str | None
    media_type: str | None
    outcome: str
    markdown: str
    text: str
    pages: int | None
    metadata: str
    result: str
    result_digest: str
    failure_class: str | None = None
    failure_code: str | None = None
    failure_message: str | None = None

    def values(self) -> tuple[str | int | None, ...]:
        return tuple(getattr(self, name) for name in NAMES)


NAMES = tuple(field.name for field in fields(Row))
_STORED = (*NAMES, "checksum")
_TYPES = {"pages": "INTEGER", "job": "TEXT NOT NULL", "path": "TEXT NOT NULL"}
_KEY = {"job": 1, "path": 2}
_NO_JOB = ""
"""Stands for the job of rows of a table that was of one job and did not say of which, until its documents are written again."""
_EARLIER = (
    "path", "sha256", "media_type", "outcome", "markdown", "text", "pages", "metadata", "result", "result_digest",
)  # fmt: skip

UNDECLARED_AT_LEAST = frozenset({*_EARLIER, "checksum"})
"""Columns that every table has that this sink made, in whatever version."""

# The code without what it adds for those who look closer: https://www.sqlite.org/rescode.html
_PRIMARY = 0xFF
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


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


def foreign(path: Path, what: str) -> ForeignOutput:
    return ForeignOutput(
        f"{path} {what}; nothing was changed",
        hint=f"{SAFE}; give the sink another path or table, or move the file away, and run `docbatch apply` again",
    )


def sqlite_error(place: str, error: sqlite3.Error) -> SinkError:
    """Return the error that stops a sink for what SQLite says."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    return (damaged if code in _DAMAGED else unusable)(place, str(error))


class Table:
    """The rows of one job in an open database."""

    def __init__(self, database: sqlite3.Connection, name: str, path: Path, job: str) -> None:
        self.connection = self._database = database
        self._quoted = quoted(name)
        self._name = name
        self._path = path
        self._job = job

    def exists(self) -> bool:
        """Whether the table is there, as it is today. Raises SinkError when it is not ours to write."""
        found = dict(self._database.execute("SELECT name, pk FROM pragma_table_info(?)", [self._name]))
        if not found or self.is_of_one_job():
            return False
        if not found.keys() >= set(_STORED):
            raise foreign(self._path, f'has a table "{self._name}" that docbatch did not make')
        if {name: place for name, place in found.items() if place} != _KEY:
            raise foreign(self._path, f'has a table "{self._name}" whose key is another than job and path')
        return True

    def is_of_one_job(self) -> bool:
        """Whether the table is there as earlier versions made it."""
        found = dict(self._database.execute("SELECT name, pk FROM pragma_table_info(?)", [self._name]))
        return "job" not in found and found.keys() >= {*_EARLIER, "checksum"} and bool(found["path"])

    def is_alone(self) -> bool:
        """Whether the database holds nothing but this table and what is noted of it, and that no rows of other jobs."""
        query = "SELECT count(*) FROM sqlite_master WHERE tbl_name NOT IN (?, ?)"
        (others,) = self._database.execute(query, [self._name, JOBS]).fetchone()
        return int(others) == 0 and not self.has_others()

    def has_others(self) -> bool:
        """Whether rows of other jobs are in it."""
        if self.is_of_one_job():
            return False
        query = f"SELECT EXISTS (SELECT 1 FROM {self._quoted} WHERE job NOT IN (?, ?))"  # noqa: S608
        return bool(self._database.execute(query, [self._job, _NO_JOB]).fetchone()[0])

    def has_triggers(self) -> bool:
        """Whether somebody added triggers, which may do anything to rows as they are written."""
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)"
        (triggers,) = self._database.execute(query, [self._name]).fetchone()
        return int(triggers) > 0

    def watched(self) -> set[tuple[object, object]]:
        """Return job and path of all rows that are written or removed from now on, by whom ever, as they come to be known.

        This is seen by triggers of this connection alone, which go with it.
        """
        touched: set[tuple[object, object]] = set()
        self._database.create_function("docbatch_touched", 2, lambda job, path: touched.add((job, path)))
        for event, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
            calls = ", ".join(f"docbatch_touched({row}.job, {row}.path)" for row in rows)
            name = f"docbatch_touched_{event}"
            self._database.execute(
                f"CREATE TEMP TRIGGER IF NOT EXISTS {name} AFTER {event} ON main.{self._quoted} BEGIN SELECT {calls}; END"
            )
        return touched

    @staticmethod
    def named(values: Sequence[object]) -> dict[str, object]:
        """Return the values of a row by the names of its columns."""
        return dict(zip(NAMES, values, strict=True))

    def count(self) -> int:
        """Return how many rows there are, of all jobs."""
        (rows,) = self._database.execute(f"SELECT count(*) FROM {self._quoted}").fetchone()  # noqa: S608
        return int(rows)

    def create(self) -> None:
        """Create the table and mark a new database as ours; part of the caller's transaction."""
        columns = ", ".join(f"{name} {_TYPES.get(name, 'TEXT')}" for name in _STORED)
        self._database.execute(
            f"CREATE TABLE IF NOT EXISTS {self._quoted} ({columns}, PRIMARY KEY (job, path))"
        )
        self._database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._database.execute(f"PRAGMA user_version = {VERSION}")

    def bring_along(self, *, is_own: bool) -> None:
        """Make a table of one job one of several, inside the caller's transaction; columns, indexes and triggers of the user's stay.

        Where it is not the job's own, its rows are taken over by the documents at their paths as these are written again.
        """
        owner = self._job if is_own else _NO_JOB
        info = self._database.execute("SELECT name, type FROM pragma_table_info(?)", [self._name]).fetchall()
        own = [(name, kind) for name, kind in info if name not in {*_EARLIER, "checksum"}]
        beside = self._database.execute(
            "SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND lower(tbl_name) = lower(?)",
            [self._name],
        ).fetchall()
        earlier = quoted(f"{self._name} of one job")
        # Views and triggers of the user's go on to name the table by its name.
        self._database.execute("PRAGMA legacy_alter_table = ON")
        self._database.execute(f"ALTER TABLE {self._quoted} RENAME TO {earlier}")
        self.create()
        for name, kind in own:
            self._database.execute(f"ALTER TABLE {self._quoted} ADD COLUMN {quoted(name)} {kind}")
        kept = ", ".join([*_EARLIER, *(quoted(name) for name, _ in own)])
        self._database.create_function("docbatch_checksum", -1, partial(_brought_along, owner))
        sums = ", ".join([*_EARLIER, "checksum"])
        self._database.execute(
            f"INSERT INTO {self._quoted} (job, labels, columns, {kept}, checksum)"  # noqa: S608
            f" SELECT ?, '{{}}', '{{}}', {kept}, docbatch_checksum({sums}) FROM {earlier}",
            [owner],
        )
        self._database.execute(f"DROP TABLE {earlier}")
        for (sql,) in beside:
            self._database.execute(sql)

    def stored(self, paths: Iterable[str]) -> Iterator[tuple[tuple[object, ...], bool]]:
        """Yield the job's rows of these paths, and whether each is as it was written; all of a table of one job are the job's."""
        yield from self._stored_earlier(paths) if self.is_of_one_job() else self._stored_of(self._job, paths)

    def without_job(self, paths: Iterable[str]) -> Iterator[tuple[tuple[object, ...], bool]]:
        """Yield the rows of these paths of which it is not known whose they are."""
        yield from self._stored_of(_NO_JOB, paths)

    def _stored_of(self, job: str, paths: Iterable[str]) -> Iterator[tuple[tuple[object, ...], bool]]:
        columns = ", ".join(_STORED)
        query = (
            f"SELECT {columns} FROM {self._quoted} WHERE job = ? AND path IN (SELECT value FROM json_each(?))"  # noqa: S608
        )
        for *values, recorded in self._database.execute(query, [job, json.dumps(list(paths))]):
            yield tuple(values), recorded == checksum(values)

    def _stored_earlier(self, paths: Iterable[str]) -> Iterator[tuple[tuple[object, ...], bool]]:
        columns = ", ".join((*_EARLIER, "checksum"))
        query = f"SELECT {columns} FROM {self._quoted} WHERE path IN (SELECT value FROM json_each(?))"  # noqa: S608
        for *values, recorded in self._database.execute(query, [json.dumps(list(paths))]):
            yield _as_today(self._job, values), recorded == checksum(values)

    def paths(self) -> list[str]:
        """Return the paths of the job's rows."""
        query = f"SELECT path FROM {self._quoted} WHERE job = ?"  # noqa: S608
        return [path for (path,) in self._database.execute(query, [self._job])]

    def put(self, row: Row) -> None:
        """Insert or replace one row; columns and tables of the user's own stay."""
        columns, marks = ", ".join(_STORED), ", ".join("?" * len(_STORED))
        changes = ", ".join(f"{name} = excluded.{name}" for name in _STORED if name not in _KEY)
        self._database.execute(
            f"INSERT INTO {self._quoted} ({columns}) VALUES ({marks}) ON CONFLICT (job, path) DO UPDATE SET {changes}",  # noqa: S608
            [*row.values(), checksum(row.values())],
        )

    def take_over(self, path: str, values: Sequence[object], *, intact: bool) -> None:
        """Give a row that is nobody's to the job, unless the job has one at this path; an edited one stays known as that."""
        own = [self._job if name == "job" else value for name, value in zip(NAMES, values, strict=True)]
        self._database.execute(
            f"UPDATE OR IGNORE {self._quoted} SET job = ?, checksum = ? WHERE path = ? AND job = ?",  # noqa: S608
            [self._job, checksum(own) if intact else "", path, _NO_JOB],
        )

    def rename_job(self, former: str) -> list[tuple[object, ...]]:
        """Let all rows of a job that is called otherwise now be the job's; return those it has already, which are gone."""
        self._database.create_function("docbatch_renamed", -1, partial(_renamed, self._job))
        columns = ", ".join(_STORED)
        self._database.execute(
            f"UPDATE OR IGNORE {self._quoted} SET job = ?, checksum = docbatch_renamed({columns}) WHERE job = ?",  # noqa: S608
            [self._job, former],
        )
        query = f"DELETE FROM {self._quoted} WHERE job = ? RETURNING {', '.join(NAMES)}"  # noqa: S608
        return [tuple(row) for row in self._database.execute(query, [former])]

    def delete(self, path: str) -> None:
        self._database.execute(f"DELETE FROM {self._quoted} WHERE job = ? AND path = ?", [self._job, path])  # noqa: S608


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _brought_along(job: str, *stored: object) -> str:
    """Return the checksum of a row of a table of one job as one of today; empty for one that was edited."""
    *values, recorded = stored
    return checksum(_as_today(job, values)) if recorded == checksum(values) else ""


def _renamed(job: str, *stored: object) -> str:
    """Return the checksum of a row once it bears the name of a job; empty for one that was edited."""
    *values, recorded = stored
    return checksum([job, *values[1:]]) if recorded == checksum(values) else ""


def _as_today(job: str, earlier: Sequence[object]) -> tuple[object, ...]:
    """Return the values of a row of a table of one job as those of today's."""
    found = {**dict.fromkeys(NAMES), "job": job, "labels": "{}", "columns": "{}"}
    found.update(zip(_EARLIER, earlier, strict=True))
    return tuple(found.values())
