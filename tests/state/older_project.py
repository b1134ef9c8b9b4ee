"""A project with the state of an older docbatch, as `projects/make.py` made it, put down where a test can use it."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from docbatch.sinks.paths import folded

MADE = Path(__file__).parent / "projects"
STAMPED = "SET size = ?, mtime_ns = ?, inode = ?"


def put_down(root: Path, name: str = "version2") -> Path:
    """Copy a project into a folder that is not there yet; return its state folder.

    The state knows its files by their absolute paths, times and inodes: it is told those they have here.
    """
    shutil.copytree(MADE / name, root)
    state = (root / "state").rename(root / ".docbatch")
    with closing(sqlite3.connect(state / "state.db")) as database, database:
        ((made,),) = database.execute("SELECT root FROM job WHERE name = 'notes'")
        _move(database, Path(os.fsdecode(made)).parent, root)
        _stamp(database)
    return state


def _move(database: sqlite3.Connection, old: Path, new: Path) -> None:
    def moved(path: str | bytes) -> str | bytes:
        return (
            path.replace(str(old), str(new))
            if isinstance(path, str)
            else path.replace(os.fsencode(old), os.fsencode(new))
        )

    database.create_function("moved", 1, moved)
    database.execute("UPDATE job SET root = moved(root)")
    database.execute("UPDATE sink SET root = moved(root), identity = moved(identity)")


def _stamp(database: sqlite3.Connection) -> None:
    for row, root, output in database.execute("SELECT id, root, output FROM sink WHERE inode IS NOT NULL"):
        database.execute(f"UPDATE sink {STAMPED} WHERE id = ?", (*_seen(root, output), row))
    query = "SELECT sink, path, root, delivery.output FROM delivery JOIN sink ON sink.id = sink WHERE delivery.output <> x''"
    for sink, path, root, output in database.execute(query).fetchall():
        place = (folded(root + b"/" + output), sink, path)
        database.execute("UPDATE delivery SET folded = ? WHERE sink = ? AND path = ?", place)
        database.execute(
            f"UPDATE delivery {STAMPED} WHERE sink = ? AND path = ? AND inode IS NOT NULL",
            (*_seen(root, output), sink, path),
        )


def _seen(root: bytes, output: bytes) -> tuple[int, int, int]:
    status = os.stat(root + b"/" + output)  # noqa: PTH116 - bytes, as the state has them
    return status.st_size, status.st_mtime_ns, status.st_ino
