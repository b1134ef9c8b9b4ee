"""Whole copies of a state file: as it is at one moment, on the disk, under their name only when they are finished."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from docbatch.core.errors import StateLocked
from docbatch.owner_only import FILE, make_file

PATIENCE = 5.0
"""Seconds that who reads a state is waited for."""


def write_copy(connection: sqlite3.Connection, to: Path) -> None:
    """Copy an open database, also while others read and write it. Raises OSError, sqlite3.Error; nothing is there then."""
    draft = to.with_name(f"{to.name}.part")
    # What a killed copy left may be no database at all.
    for left in (draft, draft.with_name(f"{draft.name}-journal")):
        left.unlink(missing_ok=True)
    make_file(draft)
    with contextlib.closing(sqlite3.connect(draft)) as copy:
        connection.backup(copy)
    settle_on_disk(draft)
    draft.rename(to)
    settle_on_disk(to.parent)


def put_in_place(new: Path, state: Path, kept: Path | None) -> None:
    """Let a whole state take the place of another in one step, which is in the folder `kept` then, if there was one.

    Who reads the old one meanwhile keeps it from being done: SQLite would take its log for that of the new one. Killed at
    any moment, one of the two is there, and whole. Raises OSError, StateLocked.
    """
    with contextlib.ExitStack() as still:
        if kept is not None:
            still.enter_context(_alone(state))
            _link(state, kept / state.name)
        for log in _logs(state):
            if kept is not None and log.exists():
                _link(log, kept / log.name)
            log.unlink(missing_ok=True)
        if kept is not None:
            settle_on_disk(kept)
        new.rename(state)
        settle_on_disk(state.parent)


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Take a state's log into it, and keep others from it for the block; what cannot be opened is left as it is."""
    with contextlib.closing(sqlite3.connect(state, isolation_level=None, timeout=PATIENCE)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise StateLocked(
                    "another command reads the state at this moment",
                    hint="nothing was changed; run the same command again when that has ended",
                ) from error
        except sqlite3.DatabaseError:
            # Nobody can read what is no database.
            pass
        yield


def _link(path: Path, to: Path) -> None:
    """Have a file in another folder as well."""
    try:
        to.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, to)
        to.chmod(FILE)
        settle_on_disk(to)


def _logs(state: Path) -> Iterator[Path]:
    for end in ("-wal", "-shm", "-journal"):
        yield state.with_name(state.name + end)


def settle_on_disk(path: Path) -> None:
    """Return once a file, or the names in a folder, are durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
