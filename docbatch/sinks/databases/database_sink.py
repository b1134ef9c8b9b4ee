"""A sink whose outputs are rows of a table: a window of documents a transaction, with a note of each in the same one."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from docbatch.core.errors import StateError
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Delivery, Fault, Receipt, Sink
from docbatch.sinks.databases.giving_way import keep_edited
from docbatch.sinks.databases.job_owners import JOBS
from docbatch.sinks.databases.row_database import DatabaseFile, RowDatabase, RowsRefused
from docbatch.sinks.databases.row_table import DeliveredNote, DocumentRows, RowTable, StoredRows, is_edited
from docbatch.sinks.databases.table_changes import DeclaredTable, FoundTable, tables_of_ours
from docbatch.sinks.databases.table_form import NOTES, TableForm
from docbatch.sinks.faults import fault
from docbatch.sinks.row_watch import meddling
from docbatch.sinks.rows.options import RowOptions
from docbatch.sinks.rows.row_maker import Row, RowMaker
from docbatch.sinks.rows.written_beside import written_beside, written_in_turn
from docbatch.sinks.trash import Trash

_WINDOW = 2048
_WINDOW_CHARACTERS = 16 << 20
_WINDOW_ROWS = 20_000
_CHANGED = "changed since docbatch wrote it"

_Window = list[tuple[Delivery, list[Row]]]


@dataclass(frozen=True, slots=True)
class _Open:
    database: RowDatabase
    table: RowTable


class DatabaseSink(Sink):
    """Replay-safe: rows that are there as they should be are not written again, and edited ones go to the trash first.

    `stamp` is that of the database file; receipts carry none, because the file changes with every window.
    """

    def __init__(
        self, file: DatabaseFile, table: str, options: RowOptions, maker: RowMaker, trash: Trash
    ) -> None:
        self._file = file
        self._maker = maker
        self._trash = trash
        form = TableForm.of(options.rows, maker.columns)
        self._declared = DeclaredTable(table, maker.job, form, maker.project)

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        """Write windows of documents, each in a transaction; the database is opened once for all of them."""
        written = written_beside if self._file.is_written_beside else written_in_turn
        with ExitStack() as closing:
            at: _Open | None = None

            def write(window: _Window) -> list[Receipt | Fault]:
                nonlocal at
                with self._file.guarded():
                    at = at or closing.enter_context(self._writing())
                    return self._settle(at, window)

            yield from written(self._windows(deliveries), write)

    def _windows(self, deliveries: Iterable[Delivery]) -> Iterator[_Window | Fault]:
        """Yield rows of some documents at a time, and faults of those that have none to give."""
        window: _Window = []
        characters = rows_waiting = 0
        for delivery in deliveries:
            try:
                rows = self._maker.rows(delivery)
            except (ValueError, StateError) as error:
                yield fault(delivery, error)
                continue
            window.append((delivery, rows))
            rows_waiting += len(rows)
            characters += sum(_length(row) for row in rows)
            if len(window) >= _WINDOW or rows_waiting >= _WINDOW_ROWS or characters >= _WINDOW_CHARACTERS:
                yield window
                window, characters, rows_waiting = [], 0, 0
        if window:
            yield window

    def stamp(self, output: bytes) -> str | None:  # noqa: ARG002 - there is one
        return self._file.stamp()

    def verify(self, expected: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
        """Yield documents whose rows are missing, changed, or of another result. Raises SinkError."""
        if self._file.is_unfinished():
            yield from ((path, "its database was left unfinished") for path, _ in expected)
            return
        with self._reading() as found:
            table = None if found is None or not found[1].is_ready else found[1].table()
            remaining = iter(expected)
            while window := list(islice(remaining, _WINDOW)):
                yield from _differences(table, window)

    def take_over(self, jobs: Iterable[str]) -> None:
        """Let rows that bear former names of the job be the job's, columns of the user's with them; one it has already stays."""
        if not (former_jobs := list(jobs)):
            return
        with self._reading() as found:
            if found is None or found[1].is_absent or found[1].is_former:
                return
        with self._file.guarded(), self._writing() as at, at.database.transaction():
            for former in former_jobs:
                whose = replace(self._declared, job=former).own_rows(self._file, at.database)
                if whose.is_another_s:
                    continue
                theirs = RowTable(at.database, self._declared.name, former, self._declared.form)
                own = set(at.table.paths())
                for path in theirs.paths():
                    if path in own:
                        self._forget(theirs, path, why="removed")
                at.table.rename_job(former)
                whose.let_go()

    def remove(self, output: bytes) -> None:
        """Move one document's rows to the trash, or all of the job's when `output` is empty: the database, where it is the job's alone."""
        with self._reading() as found:
            if found is None or found[1].is_absent or found[1].is_former:
                return
            is_alone = not output and self._is_alone(*found)
        if is_alone:
            with self._file.guarded():
                self._file.remove()
            return
        with self._file.guarded(), self._writing() as at, at.database.transaction():
            for path in [escape(output)] if output else at.table.paths():
                self._forget(at.table, path, why="removed")
            if not output:
                self._declared.own_rows(self._file, at.database).let_go()

    @staticmethod
    def _is_alone(database: RowDatabase, found: FoundTable) -> bool:
        """Whether a database holds nothing but this job's rows and what is noted of them."""
        notes = [*NOTES, JOBS]
        own = list(tables_of_ours(database))
        return (
            len(own) <= len(notes) + 1 and database.holds_nothing_but(own) and not found.table().has_others()
        )

    def _settle(self, at: _Open, window: _Window) -> list[Receipt | Fault]:
        documents: list[DocumentRows] = []
        faults: dict[bytes, Fault] = {}
        for delivery, rows in window:
            try:
                documents.append(at.table.document(escape(delivery.path), delivery.result_digest, rows))
            except ValueError as error:
                faults[delivery.path] = fault(delivery, error)
        unkept = self._put_all(at, documents)
        for delivery, _ in window:
            if (why := unkept.get(escape(delivery.path))) is not None:
                faults[delivery.path] = Fault(delivery.path, why)
        return [
            faults.get(delivery.path)
            or Receipt(delivery.path, None, remark=self._maker.remark(has_rows=bool(rows)))
            for delivery, rows in window
        ]

    def _put_all(self, at: _Open, documents: Sequence[DocumentRows]) -> dict[str, str]:
        """Write documents in one transaction, or each in its own where the database does not take all of them; return why some are not there."""
        try:
            with at.database.transaction():
                return self._put(at, documents)
        except RowsRefused as error:
            if len(documents) == 1:
                return {documents[0].path: f"its rows cannot be written to {self._file.shown}: {error}"}
        unkept: dict[str, str] = {}
        for each in documents:
            unkept |= self._put_all(at, [each])
        return unkept

    def _put(self, at: _Open, documents: Sequence[DocumentRows]) -> dict[str, str]:
        paths = [each.path for each in documents]
        stored, known = at.table.stored(paths), at.table.notes(paths)
        for each in documents:
            there = stored.get(each.path)
            if (
                there is not None
                and is_edited(there, known.get(each.path))
                and there.digest != each.note.rows
            ):
                self._keep(each.path, at.table.whole(each.path), why=_CHANGED)
        watch = at.database.watch(self._declared.name, self._declared.job)
        growth = at.table.put(documents, stored, known)
        if watch is None:
            return {}
        kept = at.table.stored(paths)
        unkept = {
            each.path: f"its rows were not kept in {self._file.shown}: a trigger takes them away or changes them"
            for each in documents
            if kept.get(each.path, StoredRows()).digest != each.note.rows
        }
        growth += sum(len(kept.get(path, StoredRows()).parts) for path in unkept)
        growth -= sum(len(each.rows) for each in documents if each.path in unkept)
        if not watch.is_about(set(paths), growth):
            raise meddling(self._file.shown)
        return unkept

    def _forget(self, table: RowTable, path: str, *, why: str) -> None:
        rows = table.whole(path)
        if rows:
            self._keep(path, rows, why=why)
        table.forget(path)

    def _keep(self, path: str, rows: Sequence[Mapping[str, object]], *, why: str) -> None:
        content = b"".join(json.dumps(row, default=str).encode() + b"\n" for row in rows)
        where = f"{self._file.shown}, table {self._declared.name}"
        self._trash.keep(content, f"{path}.json", where=where, document=path, why=why)

    @contextmanager
    def _writing(self) -> Iterator[_Open]:
        """Open the table so that rows of the declared form can be written to it."""
        with self._file.writing() as database:
            found = FoundTable(self._file, database, self._declared)
            if found.is_former:
                self._keep_edited(database, found.former())
            found.prepare()
            yield _Open(database, found.table())

    def _keep_edited(self, database: RowDatabase, former: RowTable | None) -> None:
        """Move what somebody edited in a table that is about to give way to the trash."""
        if former is not None:
            keep_edited(former, partial(self._keep, why=_CHANGED))
            return
        for path, row in database.edited_undeclared(self._declared.name, self._declared.job):
            self._keep(path, [row], why=_CHANGED)

    @contextmanager
    def _reading(self) -> Iterator[tuple[RowDatabase, FoundTable] | None]:
        """Open the database without writing anything; None where it is not there."""
        with self._file.guarded(), self._file.reading() as database:
            yield None if database is None else (database, FoundTable(self._file, database, self._declared))


def _differences(table: RowTable | None, window: list[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
    names = [escape(path) for path, _ in window]
    stored = {} if table is None else table.stored(names)
    known = {} if table is None else table.notes(names)
    for (path, digest), name in zip(window, names, strict=True):
        note, rows = known.get(name), stored.get(name, StoredRows())
        why = "its rows are missing" if note is None else _difference(note, rows, digest)
        if why is not None:
            yield path, why


def _difference(note: DeliveredNote, rows: StoredRows, digest: str) -> str | None:
    if rows.digest != note.rows:
        return "its rows were changed" if rows.parts else "its rows are missing"
    return None if note.result == digest else "its rows hold another result"


def _length(row: Row) -> int:
    return sum([len(value) for value in row if isinstance(value, str)])
