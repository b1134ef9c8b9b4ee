"""A kind of sink as somebody else may write it: rows of a database that a job names by an option, and not by a path."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Annotated, Literal

from pydantic import Field

from docbatch.core.errors import SinkError, StateError
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Delivery, Difference, Fault, Receipt, Sink
from docbatch.sinks.faults import SAFE, fault
from docbatch.sinks.kind import Opening, SinkKind, SinkSpec
from docbatch.sinks.trash import Trash

TABLE = "CREATE TABLE IF NOT EXISTS results (document TEXT PRIMARY KEY, content TEXT)"
PUT = "INSERT INTO results VALUES (?, ?) ON CONFLICT (document) DO UPDATE SET content = excluded.content"


class RowsSinkSpec(SinkSpec):
    """One row for each document in a table `results`."""

    type: Literal["rows"]
    database: Annotated[str, Field(min_length=1)] = Field(
        description="the database, relative to the project root"
    )
    upper: bool = Field(default=False, description="whether the text is written in capitals")


class RowsSink(Sink):
    def __init__(self, at: Opening) -> None:
        self._path = at.root / at.options.database
        self._upper = at.options.upper
        self._trash = Trash(at.trash)

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        receipts = []
        with self._open("rwc") as database:
            database.execute(TABLE)
            for delivery in deliveries:
                try:
                    receipts.append(self._put(database, delivery))
                except (ValueError, StateError) as error:
                    yield fault(delivery, error)
        yield from receipts

    def stamp(self, output: bytes) -> str | None:
        return self._stamps().get(escape(output))

    def check(self, written: Iterable[tuple[bytes, str | None]]) -> Iterator[tuple[bytes, Difference]]:
        stamps = self._stamps()
        for output, stamp in written:
            now = stamps.get(escape(output))
            if now != stamp or now is None:
                yield output, "missing" if now is None else "edited"

    def remove(self, output: bytes) -> None:
        if self._path.exists():
            with self._open("rw") as database:
                self._keep(database, escape(output), "removed")
                database.execute("DELETE FROM results WHERE document = ?", [escape(output)])

    def _put(self, database: sqlite3.Connection, delivery: Delivery) -> Receipt:
        content = delivery.load().markdown().encode(errors="replace").decode()
        content = content.upper() if self._upper else content
        name = escape(delivery.output)
        found = _rows(database, name).get(name)
        if found is not None and found != content and _stamp(found) != delivery.expected:
            self._keep(database, name, "changed since docbatch wrote it")
        database.execute(PUT, [name, content])
        return Receipt(delivery.path, _stamp(content))

    def _keep(self, database: sqlite3.Connection, name: str, why: str) -> None:
        for content in _rows(database, name).values():
            self._trash.keep(content.encode(), name, where=str(self._path), document=name, why=why)

    def _stamps(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        with self._open("ro") as database:
            return {name: _stamp(content) for name, content in _rows(database).items()}

    @contextmanager
    def _open(self, mode: str) -> Iterator[sqlite3.Connection]:
        """Open the database in one transaction, undone when the block raises."""
        try:
            if mode == "rwc":
                self._path.parent.mkdir(parents=True, exist_ok=True)
            with (
                closing(sqlite3.connect(f"{self._path.as_uri()}?mode={mode}", uri=True)) as database,
                database,
            ):
                yield database
        except (OSError, sqlite3.Error) as error:
            reason = str(error).lower()
            raise SinkError(f"{self._path} cannot be used: {reason}", hint=SAFE) from error


def _rows(database: sqlite3.Connection, name: str = "*") -> Mapping[str, str]:
    (there,) = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'results'").fetchone()
    query = "SELECT document, content FROM results WHERE :name IN ('*', document)"
    return dict(database.execute(query, {"name": name})) if there else {}


def _stamp(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


KIND = SinkKind("rows", RowsSinkSpec, RowsSink, per_document=True)
