"""The state of a project: its parts over one database."""

import contextlib
import os
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from docbatch.errors import GuardRefused, StateError
from docbatch.state import files
from docbatch.state.database import Database
from docbatch.state.deliveries import Deliveries
from docbatch.state.documents import Documents
from docbatch.state.events import Events
from docbatch.state.items import Items
from docbatch.state.objects import RemoteObjects
from docbatch.state.submissions import Submissions


class Store:
    """Everything recorded. Open it with `writable` under the lock, or with `readable` any time."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.database = database
        self.write = database.write
        self.items = Items(database)
        self.events = Events(database)
        self.documents = Documents(database)
        self.deliveries = Deliveries(database)
        self.objects = RemoteObjects(database)
        self.submissions = Submissions(database, self.items, self.events, self.deliveries)

    @classmethod
    def writable(cls, folder: Path) -> Self:
        """Open, and make when it is missing. The caller holds the lock. Raises StateError."""
        files.create(folder)
        store = cls(folder, Database(files.open_writable(folder), folder / "state.db"))
        store._note_restored()
        return store

    @classmethod
    def readable(cls, folder: Path) -> Self:
        """Open for reading. Raises StateError, NoState."""
        return cls(folder, Database(files.open_readable(folder), folder / "state.db"))

    @property
    def lineage(self) -> str:
        """The random name this state was born with; a copy keeps it, a new state never has it."""
        return str(self.database.execute("SELECT value FROM meta WHERE name = 'lineage'").fetchone()[0])

    def begun_plan(self) -> str | None:
        """Return the digest of the plan file that was begun last."""
        row = self.database.execute("SELECT value FROM meta WHERE name = 'plan'").fetchone()
        return None if row is None else str(row[0])

    def begin_plan(self, digest: str) -> None:
        if self.begun_plan() != digest:
            with self.write():
                self.database.execute("INSERT OR REPLACE INTO meta VALUES ('plan', ?)", (digest,))

    def raise_serial(self) -> None:
        """Note beside the state how far it has come, before money is spent."""
        text = f"{self.lineage} {self.events.last()}\n"
        draft = self.folder / "serial.new"
        with draft.open("w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self.folder / "serial")

    def refuse_restored(self) -> None:
        """Raise GuardRefused when this state is older than what was already done, or not the one it was done with."""
        row = self.database.execute("SELECT value FROM meta WHERE name = 'restored'").fetchone()
        if row is not None:
            raise GuardRefused(
                f"this state does not know what was sent since: {row[0]}",
                hint="nothing was sent; put the newer state back: this version cannot adopt what was sent since",
            )

    def _note_restored(self) -> None:
        """Write down, before anything else is, that an older state or a new one lies where there was a newer."""
        try:
            lineage, serial = (self.folder / "serial").read_text().split()
        except (FileNotFoundError, ValueError):
            return
        last = self.events.last()
        if lineage != self.lineage:
            found = f"event {serial} was reached with the state of lineage {lineage}, and this is another"
        elif int(serial) > last:
            found = f"it ends at event {last}, and event {serial} was reached before; it was restored from a backup"
        else:
            return
        with self.write():
            self.database.execute("INSERT OR IGNORE INTO meta VALUES ('restored', ?)", (found,))

    def copy(self, to: Path) -> None:
        """Write a copy of the state as it is at this moment, whole or not at all. Raises StateError."""
        draft = to.with_name(to.name + ".part")
        try:
            with contextlib.closing(sqlite3.connect(draft)) as copy:
                self.database.connection.backup(copy)
            draft.rename(to)
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"{to}: the copy cannot be written: {error}") from error

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, sqlite3.Error):
            raise files.damaged(self.folder / "state.db", error) from error
