"""The file of what is known about files and links: opened if it is sound, rebuilt if it is damaged, otherwise done without.

Nobody may be told of a fault here, because nothing is lost with the cache but time.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from docbatch.owner_only import make_file

APPLICATION = 0x64636163
FORMAT = 3
"""Raise it when the tables change, or when `media.detect` answers differently for the same file."""

PATIENCE = 5.0
_SCHEMA = """
CREATE TABLE scan (
    id INTEGER PRIMARY KEY, root BLOB NOT NULL, patterns TEXT NOT NULL, used INTEGER NOT NULL, UNIQUE (root, patterns)
) STRICT;
CREATE TABLE stretch (
    id INTEGER PRIMARY KEY AUTOINCREMENT, scan INTEGER NOT NULL, first BLOB NOT NULL, last BLOB NOT NULL,
    paths BLOB NOT NULL, statuses BLOB NOT NULL, digests BLOB NOT NULL, media_types TEXT NOT NULL,
    UNIQUE (scan, first)
) STRICT;
CREATE TABLE agreed (job TEXT PRIMARY KEY, basis BLOB NOT NULL, marks BLOB NOT NULL) STRICT;
CREATE TABLE link (
    root BLOB NOT NULL, path BLOB NOT NULL,
    link TEXT NOT NULL, etag TEXT, modified TEXT, looked INTEGER NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
    problem_class TEXT, problem_message TEXT,
    PRIMARY KEY (root, path)
) STRICT, WITHOUT ROWID;
"""
_FINGERPRINTS = """
CREATE TABLE IF NOT EXISTS fingerprint (
    source BLOB NOT NULL, path BLOB NOT NULL, fingerprint TEXT NOT NULL,
    digest TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL,
    PRIMARY KEY (source, path)
) STRICT, WITHOUT ROWID
"""
_EXTENTS = """
CREATE TABLE IF NOT EXISTS extent (
    digest TEXT NOT NULL, media_type TEXT NOT NULL, version INTEGER NOT NULL, day INTEGER NOT NULL, ended INTEGER NOT NULL,
    pages INTEGER, sheets INTEGER, cells INTEGER, PRIMARY KEY (digest, media_type)
) STRICT, WITHOUT ROWID
"""
_MEMBERS = """
CREATE TABLE IF NOT EXISTS member (
    digest TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL, version INTEGER NOT NULL, day INTEGER NOT NULL,
    ended INTEGER NOT NULL, last BLOB NOT NULL, rows BLOB NOT NULL, PRIMARY KEY (digest, kind, number)
) STRICT, WITHOUT ROWID
"""
_TOLD = """
CREATE TABLE IF NOT EXISTS told (
    scan INTEGER NOT NULL, state TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (scan, state)
) STRICT, WITHOUT ROWID
"""
_METADATA = """
CREATE TABLE IF NOT EXISTS object_metadata (
    source BLOB NOT NULL, path BLOB NOT NULL, said TEXT NOT NULL, PRIMARY KEY (source, path)
) STRICT, WITHOUT ROWID
"""
_LATER = (_FINGERPRINTS, _EXTENTS, _MEMBERS, _TOLD, _METADATA)
"""Came later than the format: a file of the same format without them is still good."""
_COMPUTES = """
SELECT 1 FROM sqlite_schema WHERE type IN ('view', 'trigger') UNION ALL
SELECT 1 FROM sqlite_schema AS made, pragma_table_xinfo(made.name) AS own
WHERE made.type = 'table' AND own.hidden IN (2, 3) LIMIT 1
"""
"""What would do work of its own when it is read: a cache of ours has none."""
Changes = Sequence[tuple[str, Sequence[Sequence[object]]]]
"""Statements, each with its rows of values."""
_DAMAGE = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))


class CacheFile:
    """A connection that answers nothing and takes nothing once anything went wrong with it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._folder: int | None = None
        self._removed = False
        with suppress(OSError):
            self._folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            # A file may be unlinked only when nobody has it open: SQLite finds its journal by name.
            fcntl.flock(self._folder, fcntl.LOCK_SH | fcntl.LOCK_NB)
            self._open()
            if self._removed:
                self._open()

    def read(self, sql: str, values: Sequence[object]) -> list[Any]:
        rows: list[Any] = []
        if self._db is not None:
            with self._guarded():
                rows = self._db.execute(sql, values).fetchall()
        return rows

    def write(self, changes: Changes) -> bool:
        """Make all changes or none, and say whether they were made."""
        if self._db is None:
            return False
        made = False
        with self._guarded():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for sql, rows in changes:
                    self._db.executemany(sql, rows)
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            made = True
        return made  # noqa: RET504 - what is guarded may not have come so far

    @property
    def is_usable(self) -> bool:
        return self._db is not None

    def clock(self) -> tuple[int, int] | None:
        """Return the cache's device and the time there in ns: a network file system keeps its own."""
        if self._folder is None:
            return None
        try:
            os.utime(self._folder)
            status = os.fstat(self._folder)
        except OSError:
            return None
        return status.st_dev, status.st_mtime_ns

    def close(self) -> None:
        self._disconnect()
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _open(self) -> None:
        with self._guarded():
            make_file(self._path)
            self._db = sqlite3.connect(
                os.fspath(self._path), timeout=PATIENCE, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._adopt(self._db)

    def _adopt(self, db: sqlite3.Connection) -> None:
        """Check whose file this is and of which format. A foreign or newer one stays as it is."""
        if db.execute(_COMPUTES).fetchone() is not None:
            self._remove()
            return
        ((application,),) = db.execute("PRAGMA application_id").fetchall()
        ((version,),) = db.execute("PRAGMA user_version").fetchall()
        ((tables,),) = db.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        if tables == 0:
            self._create(db)
        elif application != APPLICATION or version > FORMAT:
            self._disconnect()
        elif version < FORMAT:
            self._remove()
        else:
            for statement in _LATER:
                db.execute(statement)

    def _create(self, db: sqlite3.Connection) -> None:
        db.execute("BEGIN IMMEDIATE")
        ((tables,),) = db.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        if tables == 0:
            for statement in _SCHEMA.split(";")[:-1]:
                db.execute(statement)
            for statement in _LATER:
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION}")
            db.execute(f"PRAGMA user_version = {FORMAT}")
        db.execute("COMMIT")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._disconnect()
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_BUSY:
                return
            self._disconnect()
            if code in _DAMAGE:
                self._remove()

    def _disconnect(self) -> None:
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db = None

    def _remove(self) -> None:
        """Make room for a new file, unless another process has this one open."""
        self._disconnect()
        if self._folder is None:
            return
        with suppress(OSError):
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._path.unlink(missing_ok=True)
            self._path.with_name(self._path.name + "-journal").unlink(missing_ok=True)
            self._removed = True
        with suppress(OSError):
            fcntl.flock(self._folder, fcntl.LOCK_SH | fcntl.LOCK_NB)
