"""The state that a project begins with, built once in a process of tests: each test has a copy. `tests/state` builds its own."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from unittest import mock

from docbatch.state import files, upgrade


@contextmanager
def built_once() -> Iterator[None]:
    """Let a new state take the pages of the first one, instead of every step since the first version."""
    with mock.patch.object(files, "build", copy_into):
        yield


@contextmanager
def built_anew() -> Iterator[None]:
    with mock.patch.object(files, "build", upgrade.build):
        yield


def copy_into(connection: sqlite3.Connection) -> None:
    """Fill an empty state; take one that holds anything through every step that is left to it."""
    if connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is None:
        _first().backup(connection)
    else:
        upgrade.build(connection)


@cache
def _first() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA application_id = {files.APPLICATION_ID}")
    upgrade.build(connection)
    return connection
