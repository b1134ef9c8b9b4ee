"""The one connection to the state file and its transactions."""

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from docbatch.core.errors import DocbatchError
from docbatch.state.checksum import Value, checksum
from docbatch.state.files import damaged
from docbatch.state.proofs import Proofs
from docbatch.state.tallies import TallyKeeper


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
        self.proofs: Proofs | None = None
        self.first: Callable[[], Callable[[], None]] | None = None
        self.before_write: Callable[[], None] | None = None
        self._keeper: TallyKeeper | None = None
        connection.create_function("row_sum", -1, checksum, deterministic=True)

    def keep_tallies(self) -> None:
        """Count what is written from now on, and let what is acted on be proven. For the one writer."""
        self._keeper = TallyKeeper(self.connection)
        self._keeper.watch()
        self.proofs = Proofs(self.connection, self._keeper)

    @contextlib.contextmanager
    def write(self) -> Iterator[None]:
        """Commit the block's writes together, durably, or none of them.

        `before_write` and then `first` are called before the first of all, and what the latter returns inside of it.
        """
        if self.before_write is not None:
            self.before_write()
            self.before_write = None
        first, self.first = self.first, None
        try:
            begin = None if first is None else first()
            self.connection.execute("BEGIN IMMEDIATE")
            if begin is not None:
                begin()
            yield
            if self._keeper is not None:
                self._keeper.settle()
            self.connection.execute("COMMIT")
        except BaseException as error:
            self.first = first
            if self._keeper is not None:
                self._keeper.drop()
            with contextlib.suppress(sqlite3.Error):
                self.connection.rollback()
            if isinstance(error, sqlite3.Error) and not isinstance(error, DocbatchError):
                raise damaged(self.path, error) from error
            raise

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """See the state as it is at one moment for the length of the block, whatever is written meanwhile."""
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            with contextlib.suppress(sqlite3.Error):
                self.connection.rollback()

    def close(self) -> None:
        self.connection.close()


def among(column: str, values: Collection[object] | None) -> str:
    """Return the words that narrow a query to these values of a column, given as parameters; none where all are meant."""
    return "" if values is None else f" AND {marked(column, values)}"


def windows(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Yield values in as many pieces as one statement takes parameters for, and with room for a few more."""
    for start in range(0, len(values), MOST_VALUES):
        yield values[start : start + MOST_VALUES]


def marked(column: str, values: Collection[object]) -> str:
    """Return the words that narrow a query to these values of a column, given as parameters."""
    return f"{column} IN ({', '.join('?' * len(values))})"


MOST_VALUES = 500
