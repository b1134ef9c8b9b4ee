"""Rows of an SQLite sink: one for each document, replaced in place, in one transaction a window."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from docbatch.core.errors import SinkError, StateError
from docbatch.core.models import Failure
from docbatch.naming.pathtext import escape
from docbatch.sinks import outputs
from docbatch.sinks.base import Delivery, Fault, Receipt, Sink
from docbatch.sinks.databases.database_place import DatabasePlace
from docbatch.sinks.databases.giving_way import keep_edited, may_give_way, take_away
from docbatch.sinks.databases.job_owners import JobRows
from docbatch.sinks.databases.row_table import RowTable
from docbatch.sinks.databases.sqlite_database import SqliteDatabase
from docbatch.sinks.databases.table_form import TableForm, noted
from docbatch.sinks.faults import fault
from docbatch.sinks.formats import clean, json_value, line
from docbatch.sinks.row_watch import RowWatch
from docbatch.sinks.rows.facts import RowFacts, failure_value
from docbatch.sinks.sqlite import BESIDE
from docbatch.sinks.table import NAMES, Row, Table, foreign, require_ours, sqlite_error
from docbatch.sinks.trash import Trash

_WINDOW = 256
_WINDOW_CHARACTERS = 16 << 20
_PATIENCE = 5.0
_DIGEST = NAMES.index("result_digest")

_Window = list[tuple[Delivery, Row]]


class SqliteSink(Sink):
    """Replay-safe: writing a row again changes nothing, and an edited row goes to the trash first.

    `stamp` is that of the database file; receipts carry none, because the file changes with every window.
    """

    def __init__(self, root: Path, output: bytes, *, table: str, trash: Trash, facts: RowFacts) -> None:
        self._place = DatabasePlace(root, output, trash)
        self._table = table
        self._facts = facts
        self._trash = trash
        self._path = self._place.path

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        window: _Window = []
        size = 0
        for delivery in deliveries:
            row = _row(delivery, self._facts)
            if isinstance(row, Fault):
                yield row
                continue
            window.append((delivery, row))
            size += len(row.result) + len(row.markdown) + len(row.text)
            if len(window) >= _WINDOW or size >= _WINDOW_CHARACTERS:
                yield from self._settle(window)
                window, size = [], 0
        if window:
            yield from self._settle(window)

    def stamp(self, output: bytes) -> str | None:  # noqa: ARG002 - there is one
        return outputs.stamp_at(self._path)

    def verify(self, expected: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
        """Yield documents whose row is missing, changed, or of another result. Raises SinkError."""
        if self._is_unfinished():
            yield from ((path, "its database was left unfinished") for path, _ in expected)
            return
        with self._reading() as table:
            remaining = iter(expected)
            while window := list(islice(remaining, _WINDOW)):
                yield from _differences(table, window)

    def take_over(self, jobs: Iterable[str]) -> None:
        """Let rows that bear former names of the job be the job's, columns of the user's with them; one it has already stays."""
        if not (former_jobs := list(jobs)):
            return
        with self._reading() as found:
            if found is None or found.is_of_one_job():
                return
        with self._writing() as table:
            opened = SqliteDatabase(table.connection, self._path)
            for former in former_jobs:
                whose = self._own_rows(opened, former)
                if whose.is_another_s:
                    continue
                for values in table.rename_job(former):
                    self._keep(values, why="removed")
                whose.let_go()

    def remove(self, output: bytes) -> None:
        """Move one document's row to the trash, or all of the job's when `output` is empty: the database, where it is the job's alone.

        Raises SinkError rather than moving tables of the user's own.
        """
        if output:
            with self._writing() as table:
                self._remove_row(table, escape(output))
            return
        with self._reading() as table:
            is_shared = table is not None and table.has_others()
        if is_shared:
            with self._writing() as table:
                for path in table.paths():
                    self._remove_row(table, path)
                self._own_rows(SqliteDatabase(table.connection, self._path)).let_go()
            return
        with self._reading() as table:
            if table is not None and not table.is_alone():
                raise SinkError(
                    f"{self._path} holds tables that docbatch did not make; nothing was removed",
                    hint=f"drop its table yourself: sqlite3 {self._path} 'DROP TABLE \"{self._table}\"'",
                )
        self._place.remove()

    def _settle(self, window: _Window) -> Iterator[Receipt | Fault]:
        with self._writing(is_own=window[0][0].expected is not None) as table:
            self._take_over(table, [row.path for _, row in window])
            found = list(table.stored(row.path for _, row in window))
            watch = (
                RowWatch(table, [(values[0], values[1]) for values, _ in found])
                if table.has_triggers()
                else None
            )
            edited = {values[1]: values for values, intact in found if not intact}
            outcomes = [self._put(table, delivery, row, edited.get(row.path)) for delivery, row in window]
            if watch is not None:
                outcomes = watch.judged(window, outcomes, self._path)
        yield from outcomes

    @staticmethod
    def _take_over(table: Table, paths: list[str]) -> None:
        """Let rows of a table that was of one job be the job's, if they are at its documents' paths."""
        for values, intact in list(table.without_job(paths)):
            table.take_over(str(values[1]), values, intact=intact)

    def _put(
        self, table: Table, delivery: Delivery, row: Row, edited: tuple[object, ...] | None
    ) -> Receipt | Fault:
        if edited is not None:
            self._keep(edited, why="changed since docbatch wrote it")
        try:
            table.put(row)
        except (sqlite3.DataError, sqlite3.IntegrityError) as error:
            return Fault(delivery.path, f"its row cannot be written to {self._path}: {error}")
        return Receipt(delivery.path, None)

    def _remove_row(self, table: Table, path: str) -> None:
        for values, _ in table.stored([path]):
            self._keep(values, why="removed")
            table.delete(path)

    def _keep(self, values: tuple[object, ...], *, why: str) -> None:
        document = str(values[1])
        content = json.dumps(dict(zip(NAMES, values, strict=True)), default=repr).encode()
        where = f"{self._path}, table {self._table}"
        self._trash.keep(content, f"{document}.json", where=where, document=document, why=why)

    @contextmanager
    def _writing(self, *, is_own: bool = True) -> Iterator[Table]:
        """Open the table in one transaction, which is durable when the block ends and undone when it raises.

        One that earlier versions made becomes one of several jobs; `is_own` says whether this job wrote it.
        """
        with self._guarded():
            self._place.prepare(BESIDE)
            require_ours(self._path)
            with closing(sqlite3.connect(self._path, isolation_level=None, timeout=_PATIENCE)) as database:
                database.text_factory = _decoded
                database.execute("PRAGMA synchronous = FULL")
                opened = SqliteDatabase(database, self._path)
                own = self._own_rows(opened)
                own.require_own()
                self._take_declared_away(opened)
                database.execute("BEGIN IMMEDIATE")
                table = Table(database, self._table, self._path, self._facts.job)
                if table.is_of_one_job():
                    table.bring_along(is_own=is_own)
                if not table.exists():
                    # Rows that outgrow SQLite's memory are written ahead of the first page, and by that page alone
                    # the next run knows a file that a kill or a full disk left behind as ours.
                    table.create()
                    database.execute("COMMIT")
                    database.execute("BEGIN IMMEDIATE")
                own.claim()
                yield table
                database.execute("COMMIT")

    @contextmanager
    def _reading(self) -> Iterator[Table | None]:
        """Open the table without writing anything; None where it is not there."""
        with self._guarded():
            require_ours(self._path)
            if not self._path.exists():
                yield None
                return
            with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as database:
                database.text_factory = _decoded
                opened = SqliteDatabase(database, self._path)
                self._own_rows(opened).require_own()
                if self._declared(opened) is not None:
                    yield None
                    return
                table = Table(database, self._table, self._path, self._facts.job)
                yield table if table.exists() or table.is_of_one_job() else None

    def _own_rows(self, database: SqliteDatabase, job: str | None = None) -> JobRows:
        return JobRows(database, str(self._path), self._table, job or self._facts.job, self._facts.project)

    def _take_declared_away(self, database: SqliteDatabase) -> None:
        """Let a table of rows that were declared once give way, and what somebody edited in it go to the trash."""
        form = self._declared(database)
        if form is None:
            return
        keep_edited(RowTable(database, self._table, self._facts.job, form), self._keep_declared)
        with database.transaction():
            take_away(database, self._table)

    def _declared(self, database: SqliteDatabase) -> TableForm | None:
        """Return the form of a table of declared rows, if that is what is there. Raises SinkError where it cannot give way."""
        try:
            form = noted(database, self._table) if database.columns(self._table) else None
        except ValueError as error:
            raise foreign(self._path, f'has a table "{self._table}" of which {error}') from error
        if form is not None and not may_give_way(database, self._table, self._facts.job, form.types):
            raise foreign(self._path, f'has a table "{self._table}" of declared rows')
        return form

    def _keep_declared(self, path: str, rows: Sequence[Mapping[str, object]]) -> None:
        content = b"".join(json.dumps(row, default=repr).encode() + b"\n" for row in rows)
        where = f"{self._path}, table {self._table}"
        self._trash.keep(
            content, f"{path}.json", where=where, document=path, why="changed since docbatch wrote it"
        )

    def _is_unfinished(self) -> bool:
        """Whether a killed run left a transaction that only a writer may undo; the next delivery does."""
        journal = Path(f"{self._path}-journal")
        try:
            return journal.stat().st_size > 0
        except OSError:
            return False

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._place.guarded():
            try:
                yield
            except sqlite3.Error as error:
                raise sqlite_error(str(self._path), error) from error


def _differences(table: Table | None, window: list[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
    names = [escape(path) for path, _ in window]
    stored = (
        {}
        if table is None
        else {values[1]: (values[_DIGEST], intact) for values, intact in table.stored(names)}
    )
    for (path, digest), name in zip(window, names, strict=True):
        found, intact = stored.get(name, (None, False))
        if found is None:
            yield path, "its row is missing"
        elif not intact:
            yield path, "its row was changed"
        elif found != digest:
            yield path, "its row holds another result"


def _row(delivery: Delivery, facts: RowFacts) -> Row | Fault:
    if delivery.failure is not None:
        return _failed(delivery, delivery.failure, facts)
    try:
        answer = delivery.load()
        result = answer.result(delivery.document)
        return Row(
            job=facts.job,
            path=escape(delivery.path),
            labels=_text(facts.labels),
            columns=_text(facts.columns(delivery.path)),
            sha256=delivery.document.sha256,
            media_type=delivery.document.media_type,
            outcome=result.outcome,
            markdown=clean(answer.markdown()),
            text=clean(answer.text()),
            pages=len(result.pages) or result.usage.pages,
            metadata=json_value(result.metadata).decode(),
            result=line(result).decode().rstrip("\n"),
            result_digest=delivery.result_digest,
        )
    except (ValueError, StateError) as error:
        return fault(delivery, error)


def _failed(delivery: Delivery, failure: Failure, facts: RowFacts) -> Row:
    document = delivery.document
    is_known = bool(document.sha256)
    return Row(
        job=facts.job,
        path=escape(delivery.path),
        labels=_text(facts.labels),
        columns=_text(facts.columns(delivery.path)),
        sha256=document.sha256 if is_known else None,
        media_type=document.media_type if is_known else None,
        outcome="failed",
        markdown="",
        text="",
        pages=None,
        metadata="{}",
        result=json_value(failure_value(document, failure)).decode(),
        result_digest=delivery.result_digest,
        failure_class=str(failure.kind),
        failure_code=failure.code,
        failure_message=clean(failure.message),
    )


def _text(values: Mapping[str, str]) -> str:
    return json_value(dict(values)).decode()


def _decoded(text: bytes) -> str:
    return text.decode(errors="surrogateescape")
