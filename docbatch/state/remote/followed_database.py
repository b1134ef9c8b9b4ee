"""What the one writer of a copy commits, read from SQLite's log while it writes.

The log is never taken into the database before it is recorded. A second connection holds on to what was recorded last: with
a reader at that point, SQLite neither lets another program take more than that into the database nor begins the log anew.
That connection may only read, so closing it last leaves the log as it is.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator

from docbatch.core.errors import StateLocked
from docbatch.state.remote.log_records import LogEnd
from docbatch.state.remote.page_changes import PageChanges
from docbatch.state.remote.state_chunks import pieces
from docbatch.state.remote.wal_frames import (
    CommittedPages,
    WalPosition,
    frames_behind,
    read_committed,
    unexplained,
)
from docbatch.state.remote.working_copy import WorkingCopy

MOST_FRAMES = 8192
"""Of one record. What is more is recorded as the whole state, of which most pieces are known."""
MOST_KEPT = 4096
"""Frames of the log that were recorded, before they are taken into the database."""
_PATIENCE = 30_000
"""Milliseconds that the writer waits for others, as `files.open_writable` says."""


class FollowedDatabase:
    """The database of a copy from the moment its writer opened it until it is closed here."""

    def __init__(self, copy: WorkingCopy, connection: sqlite3.Connection) -> None:
        self._copy = copy
        self._connection = connection
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        self._page_size = int(connection.execute("PRAGMA page_size").fetchone()[0])
        # What the writer did when it opened may be in the database already, and not in its log any more.
        self._is_told = copy.is_untouched()
        self._wal: WalPosition | None = None
        self._read: CommittedPages | None = None
        # Closing any other descriptor of the file would let go of SQLite's locks on it: see `close`.
        self._file = os.open(copy.path, os.O_RDONLY | os.O_CLOEXEC)
        address = f"{copy.path.resolve().as_uri()}?mode=ro"
        self._reader = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        self._hold_on()

    def changes(self) -> PageChanges | None:
        """Return what was committed since the last record; None where it is too much, or only the whole database tells.

        Raises StateError where it cannot be told what was committed.
        """
        if self._connection.in_transaction:
            raise unexplained("a transaction is open")
        self._read = None
        if not self._is_told:
            return None
        with contextlib.ExitStack() as stack:
            try:
                stream = stack.enter_context(self._copy.path.with_name("state.db-wal").open("rb"))
            except FileNotFoundError:
                raise unexplained("it is gone") from None
            if frames_behind(os.fstat(stream.fileno()).st_size, self._wal, self._page_size) > MOST_FRAMES:
                return None
            self._read = read_committed(stream, self._wal)
        if not self._read.is_clear:
            self._require_all(self._read)
        return PageChanges(self._page_size, self._read.size, self._read.pages)

    def recorded(self, end: LogEnd) -> None:
        """Note that a record with what `changes` returned, or `whole` yielded, stands. Raises OSError, StateError."""
        if self._read is not None:
            self._wal, self._read = self._read.end, None
        if self._wal is not None and self._wal.frames >= MOST_KEPT:
            self._take_in()
        self._copy.settle(end, self._wal)
        self._hold_on()

    def whole(self) -> Iterator[bytes]:
        """Take all of the log into the database, and return that in pieces. Raises StateLocked while another reads for long."""
        self._copy.unsettle()
        if not self._truncate():
            raise StateLocked(
                "another command reads the state on this machine, and has done so for long",
                hint="nothing was sent; end it, and run the same command again",
            )
        self._wal, self._read, self._is_told = None, None, True
        return pieces(self._file)

    def settled(self) -> Iterator[bytes] | None:
        """Take what was recorded, and that is all, into the database, and return it in pieces; None while another reads it."""
        self._read = None
        is_in = self._take_in()
        self._copy.settle(self._copy.end, self._wal)
        return pieces(self._file) if is_in else None

    def is_over(self, connection: sqlite3.Connection) -> bool:
        return connection is self._connection

    def packs(self) -> tuple[str, ...]:
        """Return the objects of the packs that the state has at this moment, in order."""
        rows = self._connection.execute("SELECT object FROM stored_pack ORDER BY object")
        return tuple(name for (name,) in rows)

    def close(self) -> None:
        """Close the writer, too. What was not recorded stays in SQLite's log, where the next start drops it."""
        self._connection.close()
        self._reader.close()
        os.close(self._file)

    def _take_in(self) -> bool:
        """Take the log into the database and begin it anew, unless another reads it; nobody is waited for."""
        frames = 0 if self._wal is None else self._wal.frames
        self._copy.unsettle()
        self._let_go()
        _, there, taken = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if max(there, 0) != frames:
            raise unexplained(f"it has {there} frames, of which {frames} were read")
        is_in = taken == there and self._truncate(patience=0)
        if is_in:
            self._wal = None
        self._hold_on()
        return is_in

    def _truncate(self, patience: int = _PATIENCE) -> bool:
        self._let_go()
        self._connection.execute(f"PRAGMA busy_timeout = {patience}")
        busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._connection.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
        self._hold_on()
        return bool(busy == 0)

    def _require_all(self, read: CommittedPages) -> None:
        """Ask SQLite how many frames count. It takes what was recorded into the database on that occasion."""
        self._copy.unsettle()
        _, there, _ = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if there != (0 if read.end is None else read.end.frames):
            raise unexplained(f"of {there} frames one is damaged")

    def _hold_on(self) -> None:
        """Let the reader see what is committed now, and keep that."""
        self._let_go()
        self._reader.execute("BEGIN")
        self._reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()

    def _let_go(self) -> None:
        if self._reader.in_transaction:
            self._reader.execute("ROLLBACK")
