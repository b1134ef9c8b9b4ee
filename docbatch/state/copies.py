"""Whole copies of a state file: as it is at one moment, on the disk, under their name only when they are finished."""

import contextlib
import os
import sqlite3
from pathlib import Path

from docbatch.owner_only import make_file


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


def settle_on_disk(path: Path) -> None:
    """Return once a file, or the names in a folder, are durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
