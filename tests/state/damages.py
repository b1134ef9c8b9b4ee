"""A project with rows in every table, and every way in which one of its rows may be lost or changed."""

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.hindrance import Hindrance
from docbatch.core.models import Recovery
from docbatch.state.store import Store
from tests.fake.project import Project

LATER = {"new.txt": "new", "c.txt": "cherry", "again.txt": "apple"}
"""What comes before the run that meets the damage: a new document, one that was paid and removed, and a second of one."""


@dataclass(frozen=True)
class Damage:
    """One row that is deleted, or one value of it that is another."""

    table: str
    key: tuple[tuple[str, object], ...]
    column: str | None
    value: object = None

    def inflict(self, state: Path) -> bool:
        """Change the file behind docbatch's back; say whether SQLite itself allows it."""
        where = " AND ".join(f"{name} IS ?" for name, _ in self.key)
        values = [value for _, value in self.key]
        change = f"DELETE FROM {self.table}"
        if self.column is not None:
            change, values = f"UPDATE {self.table} SET {self.column} = ?", [self.value, *values]
        with contextlib.closing(sqlite3.connect(state)) as database:
            try:
                with database:
                    return database.execute(f"{change} WHERE {where}", values).rowcount == 1
            except sqlite3.IntegrityError:
                return False


def damages(state: Path, seed: int) -> list[Damage]:
    """Return all damages of all rows in an order drawn by the seed: each row deleted, each value changed."""
    chance = random.Random(seed)
    with contextlib.closing(sqlite3.connect(state)) as database:
        found = [each for table in _tables(database) for each in _of_table(database, table, chance)]
    chance.shuffle(found)
    return found


def _tables(database: sqlite3.Connection) -> list[str]:
    rows = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    return [name for (name,) in rows]


def _of_table(database: sqlite3.Connection, table: str, chance: random.Random) -> Iterator[Damage]:
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    names = [column[1] for column in columns]
    keys = [column[1] for column in columns if column[5]] or names
    for row in database.execute(f"SELECT * FROM {table}").fetchall():
        values = dict(zip(names, row, strict=True))
        key = tuple((name, values[name]) for name in keys)
        yield Damage(table, key, None)
        for name, kind in ((column[1], column[2]) for column in columns):
            yield Damage(table, key, name, _other(values[name], kind, chance))


def _other(value: object, kind: str, chance: random.Random) -> object:
    match value:
        case None:
            return {"INTEGER": 7, "REAL": 7.0, "BLOB": b"seven"}.get(kind, "seven")
        case int() | float():
            return value + chance.choice((-1, 1, 1000))
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:] if value else b"x"
        case str() if value:
            place = chance.randrange(len(value))
            return value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
        case _:
            return "x"


class Restorable:
    """A project that can be put back to what it was. Its anchor stays, so that it does not count as a copy."""

    def __init__(self, root: Path) -> None:
        self.project = Project(root / "project", Recovery.FINDABLE, trait_options={"max_items": 2})
        self._kept = root / "kept"
        _work(self.project)
        shutil.copytree(self.project.root, self._kept)

    @property
    def state(self) -> Path:
        return self.project.folder / "state.db"

    def damages(self, seed: int) -> list[Damage]:
        """Return all damages of all rows of what is put back."""
        return damages(self._kept / self.state.relative_to(self.project.root), seed)

    def put_back(self) -> Project:
        for path in sorted(self.project.root.rglob("*"), reverse=True):
            if path.name != "anchor" and not path.is_dir():
                path.unlink()
        for path in self._kept.rglob("*"):
            if path.name != "anchor" and not path.is_dir():
                shutil.copy2(path, self.project.root / path.relative_to(self._kept))
        self.project.notices.clear()
        return self.project


def _work(project: Project) -> None:
    """Let work end well and badly, be with the vendor, be in question, and be no longer wanted."""
    project.root.mkdir()
    project.write()
    project.apply()
    (project.root / "in/c.txt").unlink()
    project.write({"live.txt": "live", "lively.txt": "lively"})
    project.apply(wait=False)
    project.cloud.expect("create", project.cloud.calls("create") + 1, "uncertain")
    project.write({"asked.txt": "asked"})
    project.apply(wait=False)
    with Store.writable(project.folder) as store:
        store.submissions.abandon("proj-other", "fake", "acme")
        store.hindrances.note([Hindrance("other", "poll", "it is slow", "it is slow", 1.0, 2.0, 3.0, 1)], [])
        store.failed_uploads.conclude("other", [("key", 2, 1)])
        with store.write():
            store.waiting.note(project.job, 1.0, 2.0)
    with contextlib.closing(sqlite3.connect(project.folder / "state.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    project.write(LATER)
