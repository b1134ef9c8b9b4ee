"""Bringing a state of an older version up to date: first a whole copy beside it, then every step or none."""

import contextlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from docbatch.core.errors import StateError
from docbatch.state.copies import write_copy
from docbatch.state.history_schema import HISTORY_TABLES
from docbatch.state.objects_schema import OBJECT_TABLES
from docbatch.state.outputs_schema import OUTPUT_TABLES
from docbatch.state.tallies import count_anew

VERSION = 8
COUNTED = 5
"""From this version on there are counts of rows, and steps leave them true: counted anew, a row lost before would go unseen."""
FILLED: Mapping[int, tuple[str, ...]] = {
    7: ("charge", "payer"),
    8: (
        *HISTORY_TABLES,
        *OUTPUT_TABLES,
        *OBJECT_TABLES,
        "item_part",
        "range_recipe",
        "selected_item",
        "split_job",
    ),
}
"""The tables that came with a version after that, which nothing had counted before."""


def stored_version(connection: sqlite3.Connection) -> int:
    """Return the version of an open state, also of what its log holds."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def upgrade(connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether the state was of an older version and now is not.

    Killed at any moment, the state is as it was or as it shall be. Foreign keys must be off. Raises StateError.
    """
    if stored_version(connection) >= VERSION:
        return False
    _keep(connection, path)
    build(connection)
    _give_back(connection)
    return True


def _give_back(connection: sqlite3.Connection) -> None:
    """Give back the room of what steps replaced. Nothing is lost where that cannot be done: it is used again in time."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("VACUUM")


def build(connection: sqlite3.Connection) -> None:
    """Take all steps that are left to the current version, in one transaction."""
    from docbatch.state import migrations  # noqa: PLC0415 - sqlite-utils is slow to import and seldom needed

    version = stored_version(connection)
    counted = version >= COUNTED
    new = [table for since, tables in FILLED.items() if since > version for table in tables]
    connection.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(connection)
        count_anew(connection, new if counted else None)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _keep(connection: sqlite3.Connection, path: Path) -> None:
    """Copy the state as it is. A copy that is there already was made before the same steps, and stays."""
    kept = path.with_name(f"{path.name}.before-{VERSION}")
    if kept.exists():
        return
    try:
        write_copy(connection, kept)
    except (OSError, sqlite3.Error) as error:
        raise StateError(
            f"{kept}: the copy that is made before the state is brought up to date cannot be written: {error}",
            hint=f"nothing was sent or changed; free as much space as {path} takes, and run the same command again",
        ) from error
