"""The one connection to the state file and its transactions."""

import contextlib
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path

from docbatch.core.errors import DocbatchError
from docbatch.state.checksum import checksum
from docbatch.state.files import damaged


class Database:
    """A SQLite connection whose writes are whole transactions begun as such.

    A deferred transaction that reads first fails at once when another connection wrote in between, busy time-out or
    not; hence BEGIN IMMEDIATE.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path
        self.execute = connection.execute
        self.executemany = connection.executemany
        connection.create_function("row_sum", -1, checksum, deterministic=True)

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        """Commit the block's writes together, durably, or none of them."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield
            self.connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                self.connection.rollback()
            if isinstance(error, sqlite3.Error) and not isinstance(error, DocbatchError):
                raise damaged(self.path, error) from error
            raise

    def close(self) -> None:
        self.connection.close()


def among(column: str, values: Collection[object] | None) -> str:
    """Return the words that narrow a query to these values of a column, given as parameters; none where all are meant."""
    return "" if values is None else f" AND {column} IN ({', '.join('?' * len(values))})"
