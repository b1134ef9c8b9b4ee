"""Runs: who changed the state by which command, from which commit of the project, and what came of it.

A run is recorded with the first thing it writes, in the same transaction. One that changes nothing leaves nothing behind, so
that what was found to be as recorded need not be compared with the record again.
"""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docbatch import __version__, invocation
from docbatch.core.errors import DocbatchError, StateError
from docbatch.core.lifecycle import Event
from docbatch.state.database import Database
from docbatch.state.project_commit import ProjectCommit, project_commit

MOST_KEPT = 10_000
INTERRUPTED = 130
_COLUMNS = "id, command, version, who, began, serial, ended, exit_code, commit_id, changed, figures"


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run. `began` and `ended` are seconds since the epoch, `serial` the last event before it.

    `commit` and `changed` say what of the project was checked out, and whether files that git tracks differed from that;
    None where that is not known. A run without an end was killed, or goes on.
    """

    id: int
    command: str
    version: str
    who: str
    began: float
    serial: int
    ended: float | None
    exit_code: int | None
    commit: str | None
    changed: bool | None
    figures: Mapping[str, Any] = field(default_factory=dict)


class Runs:
    """The record of runs. For the one writer, `watch` lets the run that is under way be recorded."""

    def __init__(self, database: Database, project: Path) -> None:
        self._database = database
        self._project = project
        self._row: int | None = None
        self._code = 0
        self._figures: Mapping[str, Any] = {}

    def watch(self) -> None:
        self._database.first = self._begin

    def pass_over(self) -> None:
        """Let what is under way not be recorded: the state is made what it was elsewhere, with the runs of there."""
        self._database.first = None

    def note(self, exit_code: int, figures: Mapping[str, Any]) -> None:
        """Say how the run that is under way ends, unless an error ends it."""
        self._code, self._figures = exit_code, figures

    def end(self, error: BaseException | None) -> None:
        """Record the end of the run, where it was recorded. What cannot be written any more is left out."""
        row, self._row = self._row, None
        self._database.first = None
        if row is None or isinstance(error, sqlite3.Error):
            return
        code = self._code if error is None else _code(error)
        with contextlib.suppress(StateError), self._database.write():
            self._database.execute(
                "UPDATE run SET ended = ?, exit_code = ?, figures = ? WHERE id = ?",
                (time.time(), code, json.dumps(self._figures), row),
            )

    def get(self, identity: int) -> RecordedRun | None:
        return next(self._read("WHERE id = ?", identity), None)

    def latest(self, since: float = 0.0) -> Iterator[RecordedRun]:
        """Yield runs that began at a moment or later, the newest first."""
        yield from self._read("WHERE began >= ? ORDER BY id DESC", since)

    def last_event(self, run: RecordedRun) -> int | None:
        """Return the last event before the next run; None for the last run of all."""
        (found,) = self._database.execute("SELECT min(serial) FROM run WHERE id > ?", (run.id,)).fetchone()
        return None if found is None else int(found)

    def events(self, after: int, last: int | None) -> dict[str, int]:
        """Count what was recorded of submissions behind one event and up to another, by kind."""
        rows = self._database.execute(
            "SELECT kind, count(*) FROM event WHERE sequence > ? AND sequence <= coalesce(?, sequence) GROUP BY 1",
            (after, last),
        )
        return dict(rows.fetchall())

    def sent(self, after: int, last: int | None) -> dict[str, int]:
        """Count documents by connection whose submissions were begun there."""
        rows = self._database.execute(
            "SELECT submission.connection, count(*) FROM event JOIN submission ON submission.id = event.submission"
            " JOIN submission_item AS entry ON entry.submission = submission.id"
            f" WHERE event.kind = '{Event.INTENDED}' AND event.sequence > ? AND event.sequence <= coalesce(?, event.sequence)"
            " GROUP BY 1",
            (after, last),
        )
        return dict(rows.fetchall())

    def _begin(self) -> Callable[[], None]:
        who, found = invocation.who(), project_commit(self._project)

        def insert() -> None:
            self._row = self._insert(who, found)

        return insert

    def _insert(self, who: str, found: ProjectCommit) -> int:
        (serial,) = self._database.execute("SELECT coalesce(max(sequence), 0) FROM event").fetchone()
        (last,) = self._database.execute("SELECT coalesce(max(id), 0) FROM run").fetchone()
        row = int(last) + 1
        changed = None if found.changed is None else int(found.changed)
        self._database.execute(
            f"INSERT INTO run ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, '{{}}')",
            (row, invocation.current(), __version__, who, time.time(), serial, found.commit, changed),
        )
        self._database.execute("DELETE FROM run WHERE id <= ?", (row - MOST_KEPT,))
        return row

    def _read(self, clause: str, *parameters: float) -> Iterator[RecordedRun]:
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM run {clause}", parameters)
        for *columns, commit, changed, figures in rows:
            known = None if changed is None else bool(changed)
            yield RecordedRun(*(*columns, commit, known, json.loads(figures)))


def _code(error: BaseException) -> int:
    if isinstance(error, DocbatchError):
        return error.exit_code
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
