"""Answering a question in SQL: reading only, for a bounded time, while a run may go on."""

import math
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from docbatch.core.errors import UsageError
from docbatch.naming.pathtext import escape
from docbatch.state.files import damaged
from docbatch.state.home import Home
from docbatch.state.views import VIEWS

VERSION = "docbatch/sql/v1"
Cell = str | int | float | bytes | None

_ALLOWED = frozenset(
    (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
)
_FORBIDDEN_FUNCTIONS = frozenset(("load_extension", "fts3_tokenizer", "edit", "readfile", "writefile"))
_STEPS = 10_000
"""Instructions of SQLite between looks at the clock."""
_LONGEST_STATEMENT = 100_000
_LONGEST_VALUE = 64 * 1024 * 1024
_MISSING = re.compile(r"no such (table|column): (.+)")


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """The rows of an answer, in the order of its columns; `more` says that there are others, which were left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: bool = False

    def values(self) -> Iterator[dict[str, object]]:
        """Yield a JSON value for each row, bytes in it as hexadecimal text, and a summary, which is the last."""
        for row in self.rows:
            cells = (cell.hex() if isinstance(cell, bytes) else cell for cell in row)
            yield {"version": VERSION, "type": "row", "row": dict(zip(self.columns, cells, strict=True))}
        yield {
            "version": VERSION,
            "type": "summary",
            "columns": list(self.columns),
            "rows": len(self.rows),
            "more": self.more,
        }


def answer(
    folder: Path, statement: str, *, timeout: float = math.inf, limit: int | None = None
) -> QueryAnswer:
    """Answer one SELECT over the views. Raises UsageError where it cannot be answered, NoState, StateError."""
    if len(statement) > _LONGEST_STATEMENT:
        raise UsageError(f"the statement has {len(statement):,} characters; {_LONGEST_STATEMENT:,} are taken")
    with closing(Home.at(folder).connection()) as connection:
        clock = _Clock(timeout)
        _guard(connection, clock)
        try:
            return _answer(connection.execute(statement), limit)
        except (sqlite3.Error, sqlite3.Warning) as error:
            clock.raise_interrupt()
            if clock.is_over:
                raise UsageError(
                    f"the answer took longer than {timeout:g} s, and was given up",
                    hint="ask for less, or name a longer --timeout",
                ) from error
            raise _told(folder, error) from error


def _guard(connection: sqlite3.Connection, clock: "_Clock") -> None:
    """Make the views, and let nothing else be done from then on but reading."""
    connection.create_function("path_text", 1, _path_text, deterministic=True)
    for view in VIEWS:
        connection.execute(view.sql)
    connection.execute("PRAGMA query_only = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    connection.set_authorizer(_authorize)
    connection.set_progress_handler(clock.look, _STEPS)


def _path_text(path: Cell) -> Cell:
    return escape(path) if isinstance(path, bytes) else path


def _authorize(
    action: int, _one: str | None, other: str | None, _database: str | None, _view: str | None
) -> int:
    if action not in _ALLOWED or (action == sqlite3.SQLITE_FUNCTION and other in _FORBIDDEN_FUNCTIONS):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


class _Clock:
    """Ends a statement that takes too long, and one that is interrupted: SQLite swallows what its callbacks raise."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._is_interrupted = False
        self.is_over = False

    def look(self) -> bool:
        try:
            self.is_over = time.monotonic() > self._until
        except KeyboardInterrupt:
            self._is_interrupted = True
        return self.is_over or self._is_interrupted

    def raise_interrupt(self) -> None:
        if self._is_interrupted:
            raise KeyboardInterrupt


def _answer(cursor: sqlite3.Cursor, limit: int | None) -> QueryAnswer:
    if cursor.description is None:
        raise UsageError("there is no question in the statement", hint="write as in SELECT * FROM documents")
    columns = tuple(str(column[0]) for column in cursor.description)
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise UsageError(
            f"two columns are called {twice}",
            hint="tell them apart, as in SELECT a.job AS one, b.job AS other",
        )
    rows = tuple(islice(cursor, None if limit is None else limit + 1))
    return QueryAnswer(
        columns, rows if limit is None else rows[:limit], limit is not None and len(rows) > limit
    )


def _told(folder: Path, error: sqlite3.Error | sqlite3.Warning) -> Exception:
    """Return what to say of a statement that SQLite does not take; of a state that is damaged, that it is."""
    message = str(error)
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.DatabaseError) and code in {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_IOERR,
    }:
        return damaged(folder / "state.db", error)
    if "authoriz" in message or "prohibited" in message or "readonly" in message:
        return UsageError(
            "the statement does more than read",
            hint="nothing was changed; write one SELECT over the views",
        )
    if "one statement at a time" in message:
        return UsageError("there is more than one statement", hint="ask one question at a time")
    missing = _MISSING.search(message)
    return UsageError(
        f"the statement is not understood: {message}", hint=_hint(*missing.groups()) if missing else None
    )


def _hint(what: str, name: str) -> str:
    names: Sequence[str] = [view.name for view in VIEWS]
    if what == "column":
        names = sorted({column.name for view in VIEWS for column in view.columns})
    bare = name.rpartition(".")[2]
    near = get_close_matches(bare, names, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    if what == "table":
        return f"{meant}there are the views {', '.join(names)}"
    having = [view.name for view in VIEWS if near and near[0] in {column.name for column in view.columns}]
    where = f"{near[0]} is in {', '.join(having)}; " if near else ""
    return f"{meant}{where}'docbatch sql' lists the columns of each view"
