"""Reading the beginning of a state file that this process may be writing to.

Whoever closes a file lets go of all locks that its process has on it (POSIX), those of SQLite's connections as well; another program
that closes the state then takes SQLite's log away from the writer. So a file that a writer of this process has open stays open here.
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

_guard = threading.Lock()
_kept: dict[tuple[int, int], int] = {}
"""A descriptor of each file that a writer of this process has open, by device and inode."""


class WriterConnection(sqlite3.Connection):
    """The connection of the one writer of a state; while it is open, `read_first` closes no descriptor of its file."""

    _file: tuple[int, int] | None = None

    def keep(self, path: Path) -> None:
        """Note which file it writes to, before it has any lock on it. Raises OSError."""
        with _guard:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self._file = _identity(os.fstat(descriptor))
            _kept[self._file] = descriptor

    def close(self) -> None:
        super().close()
        if self._file is not None:
            with _guard:
                os.close(_kept.pop(self._file))
                self._file = None


class ReaderConnection(sqlite3.Connection):
    """A connection that reads a state, and tells once it does not any more."""

    closed: Callable[[], None] | None = None

    def close(self) -> None:
        super().close()
        told, self.closed = self.closed, None
        if told is not None:
            told()


def read_first(path: Path, number: int) -> tuple[bytes, int]:
    """Return the first bytes of a file, as many as asked for, and its size. Raises OSError."""
    with _guard:
        status = path.stat()
        kept = _kept.get(_identity(status))
        if kept is not None:
            return os.pread(kept, number, 0), status.st_size
        with path.open("rb") as stream:
            return stream.read(number), os.fstat(stream.fileno()).st_size


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
