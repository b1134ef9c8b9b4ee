"""What somebody may have put into a state folder, or into a database there, that docbatch never makes itself.

A repository may bring a state along: links would lead reading and writing elsewhere, pipes would be waited for, and views
and triggers would do work of their own.
"""

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from docbatch.core.errors import StateError
from docbatch.core.report import visible
from docbatch.naming.state_folders import environment_of, project_root, shared_folder

LONGEST_VALUE = 256 * 1024 * 1024
"""Bytes of one value: what is larger was not written by docbatch, and an expression may ask for any size."""

_SHALLOW = frozenset(("trash", "emulate", "inbox"))
"""Folders that hold what others made, which is not looked at here: whoever reads the inbox opens no link and no pipe."""
_FILES = frozenset(("state.db", "serial"))
"""What has to be a file: nothing can be said without it."""
_OBJECTS = "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger')"
_COMPUTED = """
    SELECT 'table', made.name, '' FROM sqlite_schema AS made, pragma_table_xinfo(made.name) AS own
    WHERE made.type = 'table' AND own.hidden IN (2, 3)
"""


def refuse_foreign_entries(folder: Path) -> None:
    """Raise StateError where a state folder, or something in it, is a link, a pipe or a device; it need not be there.

    So is a folder in the place of a file that everything depends on.
    """
    if not os.path.lexists(shared_folder(folder)):
        return
    root = project_root(folder)
    real, real_root = Path(os.path.realpath(folder)), Path(os.path.realpath(root))
    if not real.is_relative_to(real_root):
        raise _refused(_first_link(folder, root), "is a link that leads out of the project")
    if environment_of(folder) is not None and real != real_root / folder.relative_to(root):
        told = "is a link, so that the state behind it is not the environment's own"
        raise _refused(_first_link(folder, root), told)
    for entry, kind in _strange(folder):
        raise _refused(entry, f"is {kind}, which docbatch never puts there")


def _first_link(folder: Path, root: Path) -> Path:
    """Return the link on the way to a folder: whoever removes what is named must not remove what lies behind it."""
    way = reversed([each for each in (folder, *folder.parents) if each != root and each.is_relative_to(root)])
    return next((each for each in way if each.is_symlink()), folder)


def _strange(folder: Path, depth: int = 2) -> Iterator[tuple[Path, str]]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError:
        # What cannot be listed is told by whoever needs something in it.
        return
    for entry in found:
        if entry.is_symlink():
            yield Path(entry.path), "a link"
        elif entry.is_dir(follow_symlinks=False) and entry.name in _FILES and depth > 1:
            yield Path(entry.path), "a folder"
        elif entry.is_dir(follow_symlinks=False):
            if depth > 1 and entry.name not in _SHALLOW:
                yield from _strange(Path(entry.path), depth - 1)
        elif not _is_file_or_gone(entry):
            yield Path(entry.path), "no regular file"


def _is_file_or_gone(entry: os.DirEntry[str]) -> bool:
    """A run beside this one removes files of its own, such as the journal of the cache."""
    try:
        return stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return True


def _refused(path: Path, what: str) -> StateError:
    return StateError(
        f"{visible(str(path))}: {what}",
        hint="nothing was read or changed; remove it, and do not keep .docbatch/ under version control",
    )


def foreign_objects(connection: sqlite3.Connection, own: frozenset[tuple[str, str, str]]) -> list[str]:
    """Return what computes something in a database by itself and is not among `own`: type, name and SQL of each."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    found = [*connection.execute(_OBJECTS), *connection.execute(_COMPUTED)]
    return [f"the {kind} {name!r}" for kind, name, sql in found if (kind, name, sql) not in own]
