"""Rows in a table of a PostgreSQL server: some documents a transaction, with a record of what is delivered in the same one."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

from psycopg import sql

from docbatch.core.errors import StateError
from docbatch.naming.pathtext import escape
from docbatch.secret_references import CommandReference, EnvReference, Reference
from docbatch.sinks.base import Delivery, Difference, Fault, Receipt, Sink
from docbatch.sinks.faults import fault
from docbatch.sinks.kind import Opening
from docbatch.sinks.postgres.result_table import EMPTY, ResultTable
from docbatch.sinks.postgres.served_window import (
    NotKept,
    ServedDocument,
    edited,
    read_record,
    remove_rows,
    write_window,
)
from docbatch.sinks.postgres.server import Cursor, Server
from docbatch.sinks.postgres.server_faults import ServerRefusedRows
from docbatch.sinks.rows.copy_lines import copy_lines
from docbatch.sinks.rows.row_maker import RowMaker
from docbatch.sinks.rows.written_beside import written_beside
from docbatch.sinks.trash import Trash

WINDOW = 2048
"""Documents of a transaction: fewer would have the server asked more often."""
_WINDOW_BYTES = 16 << 20
_LOOK = 512

_Window = list[tuple[Delivery, ServedDocument]]


class PostgresSink(Sink):
    """Replay-safe: rows and the record of them are durable together, and an edited row goes to the trash first.

    A document's stamp says how many rows it has and what is in them, in the columns that are declared: the server computes it.
    """

    def __init__(self, at: Opening) -> None:
        options = at.options
        self._maker = RowMaker.of(at)
        self._table = ResultTable(options.namespace, options.table, self._maker.columns, at.job, at.project)
        self._place = f"the table {self._table.shown} of the database in {shown_reference(options.dsn)}"
        self._server = Server(partial(at.secret, options.dsn), self._place)
        self._trash = Trash(at.trash)
        self._kept: set[tuple[str, str]] = set()
        self._is_prepared = False

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        yield from written_beside(self._windows(deliveries), lambda window: list(self._settle(window)))

    def _windows(self, deliveries: Iterable[Delivery]) -> Iterator[_Window | Fault]:
        """Yield documents with their rows, some together, and a fault for each that has none."""
        window: _Window = []
        size = 0
        for delivery in deliveries:
            try:
                lines = copy_lines(self._maker, delivery)
            except (ValueError, StateError) as error:
                yield fault(delivery, error)
                continue
            window.append((delivery, ServedDocument(escape(delivery.path), delivery.result_digest, lines)))
            size += len(lines)
            if len(window) >= WINDOW or size >= _WINDOW_BYTES:
                yield window
                window, size = [], 0
        if window:
            yield window

    def stamp(self, output: bytes) -> str | None:
        return self._server.read(partial(self._stamps, [escape(output)])).get(escape(output))

    def check(self, written: Iterable[tuple[bytes, str | None]]) -> Iterator[tuple[bytes, Difference]]:
        remaining = iter(written)
        while window := list(islice(remaining, _LOOK)):
            now = self._server.read(partial(self._stamps, [escape(output) for output, _ in window]))
            for output, stamp in window:
                found = now.get(escape(output))
                if found is None or found != stamp:
                    yield output, "missing" if found is None else "edited"

    def verify(self, expected: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
        """Yield documents whose rows are missing, changed, or of another result. Raises SinkError; given none, ForeignOutput for a table that is not ours."""
        remaining = iter(expected)
        window = list(islice(remaining, _LOOK))
        if not window:
            self._server.read(self._table.require_usable)
        while window:
            differing = self._server.read(
                partial(self._differences, [(escape(path), digest) for path, digest in window])
            )
            yield from ((path, differing[name]) for path, _ in window if (name := escape(path)) in differing)
            window = list(islice(remaining, _LOOK))

    def take_over(self, jobs: Iterable[str]) -> None:
        """Let rows that bear former names of the job be the job's, columns of the user's with them; one it has already stays."""
        for former in jobs:
            self._server.write(partial(self._take_over, former))

    def remove(self, output: bytes) -> None:
        """Move one document's rows to the trash."""
        self._server.write(partial(self._remove, escape(output)))

    def _settle(self, window: _Window) -> Iterator[Receipt | Fault]:
        """Write a window, and without the documents that cannot be written where there are some."""
        try:
            stamps = self._server.write(partial(self._write, [each for _, each in window]))
        except ServerRefusedRows as error:
            if len(window) == 1:
                what = f"its rows cannot be written to {self._place}: {error}"
                yield Fault(window[0][0].path, what)
                return
            half = len(window) // 2
            yield from self._settle(window[:half])
            yield from self._settle(window[half:])
        except NotKept as error:
            kept = []
            for delivery, document in window:
                if document.path in error.paths:
                    yield Fault(
                        delivery.path,
                        f"its rows were not kept in {self._place}: a trigger takes them away or changes them",
                    )
                else:
                    kept.append((delivery, document))
            if kept:
                yield from self._settle(kept)
        else:
            self._is_prepared = True
            yield from (
                Receipt(
                    delivery.path,
                    stamps[document.path],
                    remark=self._maker.remark(has_rows=bool(document.lines)),
                )
                for delivery, document in window
            )

    def _write(self, documents: Sequence[ServedDocument], cursor: Cursor) -> dict[str, str]:
        if not self._is_prepared:
            self._table.prepare(cursor)
        # Until this window is written: what was made for it is undone with it.
        self._is_prepared = False
        return write_window(
            cursor, self._table, documents, partial(self._keep, "changed since docbatch wrote it")
        )

    def _stamps(self, paths: Sequence[str], cursor: Cursor) -> dict[str, str]:
        """Return the stamps of documents that have rows, or are recorded to have none."""
        table = self._table
        if not table.look(cursor):
            return {}
        there = [name for name in table.stamped_columns if name in table.existing]
        noted = read_record(cursor, table, paths)
        empty = {path: EMPTY for path in paths if path in noted and noted[path].stamp == EMPTY}
        if not {"job", "path"} <= table.existing or not there:
            return {}
        return {**empty, **table.stamps(cursor, paths, there)}

    def _differences(self, expected: Sequence[tuple[str, str]], cursor: Cursor) -> dict[str, str]:
        paths = [path for path, _ in expected]
        if not self._table.look(cursor):
            return dict.fromkeys(paths, "its rows are missing")
        now = self._stamps(paths, cursor)
        noted = read_record(cursor, self._table, paths)
        changed = edited(cursor, self._table, paths, noted)
        found: dict[str, str] = {}
        for path, digest in expected:
            if path not in now:
                found[path] = "its rows are missing"
            elif path in changed:
                found[path] = "its rows were changed"
            elif noted[path].result != digest:
                found[path] = "its rows hold another result"
        return found

    def _take_over(self, former: str, cursor: Cursor) -> None:
        table = self._table
        if not table.look(cursor):
            return
        earlier = ResultTable(table.schema, table.name, table.columns, former, table.project)
        earlier.look(cursor)
        if earlier.is_of_another_project(cursor):
            return
        clashing = (
            "SELECT DISTINCT path FROM {table} AS mine WHERE job = %s"
            " AND EXISTS (SELECT FROM {table} AS other WHERE other.job = %s AND other.path = mine.path)"
        )
        cursor.execute(sql.SQL(clashing).format(table=table.quoted), [former, table.job])
        if paths := [str(path) for (path,) in cursor.fetchall()]:
            remove_rows(cursor, earlier, paths, partial(self._keep, "removed"))
        mine = [table.name, former, table.name, table.job]
        cursor.execute(
            sql.SQL(
                'DELETE FROM {record} AS mine WHERE "table" = %s AND job = %s AND EXISTS'
                ' (SELECT FROM {record} AS other WHERE other."table" = %s AND other.job = %s AND other.path = mine.path)'
            ).format(record=table.record),
            mine,
        )
        cursor.execute(
            sql.SQL('UPDATE {record} SET job = %s WHERE "table" = %s AND job = %s').format(
                record=table.record
            ),
            [table.job, table.name, former],
        )
        cursor.execute(
            sql.SQL("UPDATE {table} SET job = %s WHERE job = %s").format(table=table.quoted),
            [table.job, former],
        )

    def _remove(self, path: str, cursor: Cursor) -> None:
        if self._table.look(cursor):
            remove_rows(cursor, self._table, [path], partial(self._keep, "removed"))

    def _keep(self, why: str, path: str, stamp: str, rows: str) -> None:
        """Put a document's rows into the trash, once, however often its transaction is tried."""
        if (path, stamp) not in self._kept:
            self._trash.keep(
                rows.encode(errors="replace"), f"{path}.json", where=self._place, document=path, why=why
            )
            self._kept.add((path, stamp))


def shown_reference(reference: Reference) -> str:
    """Return what messages call the place where an address is found."""
    match reference:
        case EnvReference():
            return reference.env
        case CommandReference():
            return f"what {reference.command[0]} prints"
    return reference.file
