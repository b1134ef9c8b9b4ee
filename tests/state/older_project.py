"""A project with the state of an older docbatch, as `projects/make.py` made it, put down where a test can use it."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from docbatch.sinks.paths import folded
from docbatch.state import tallies

MADE = Path(__file__).parent / "projects"
STAMPED = "SET size = ?, mtime_ns = ?, inode = ?"
FIRST_WITH_BYTES = 6
"""From this version on digests are bytes."""
FIRST_WITH_TEXTS = 3
"""From this version on the root of a job is bytes, called its source, and what was seen of an output is one text."""


def put_down(root: Path, name: str = "version2") -> Path:
    """Copy a project into a folder that is not there yet; return its state folder.

    The state knows its files by their absolute paths, times and inodes: it is told those they have here.
    """
    shutil.copytree(MADE / name, root)
    state = (root / "state").rename(root / ".docbatch")
    with closing(sqlite3.connect(state / "state.db")) as database, database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        has_texts = version >= FIRST_WITH_TEXTS
        source = "source" if has_texts else "root"
        (made,) = database.execute(f"SELECT {source} FROM job ORDER BY name DESC").fetchone()
        _move(database, source, Path(os.fsdecode(made)).parent, root)
        if has_texts:
            _stamp_with_texts(database)
        else:
            _stamp(database)
        if database.execute("SELECT 1 FROM sqlite_schema WHERE name = 'tally'").fetchone() is not None:
            # Digests count as text, which they still are in older ones.
            with patch.dict(tallies.DIGESTS, clear=version < FIRST_WITH_BYTES):
                tallies.count_anew(database)
    return state


def _move(database: sqlite3.Connection, source: str, old: Path, new: Path) -> None:
    def moved(path: str | bytes) -> str | bytes:
        return (
            path.replace(str(old), str(new))
            if isinstance(path, str)
            else path.replace(os.fsencode(old), os.fsencode(new))
        )

    database.create_function("moved", 1, moved)
    database.execute(f"UPDATE job SET {source} = moved({source})")
    database.execute("UPDATE sink SET root = moved(root), identity = moved(identity)")
    database.execute("UPDATE submission_item SET path = moved(path)")


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


def _stamp_with_texts(database: sqlite3.Connection) -> None:
    def stamp(root: bytes, output: bytes) -> str:
        return " ".join(f"{each:x}" for each in _seen(root, output))

    database.create_function("stamped", 2, stamp)
    database.create_function("folded_at", 2, lambda root, output: folded(root + b"/" + output))
    database.execute(
        "UPDATE sink SET stamp = stamped(root, output) WHERE stamp IS NOT NULL AND output IS NOT NULL"
    )
    # The rows of a database have no places of their own.
    database.execute(
        "UPDATE delivery SET (folded, stamp) = (SELECT folded_at(root, delivery.output),"
        " CASE WHEN delivery.stamp IS NOT NULL THEN stamped(root, delivery.output) END FROM sink WHERE id = sink)"
        " WHERE delivery.folded IS NOT NULL"
    )


def _seen(root: bytes, output: bytes) -> tuple[int, int, int]:
    status = os.stat(root + b"/" + output)  # noqa: PTH116 - bytes, as the state has them
    return status.st_size, status.st_mtime_ns, status.st_ino
