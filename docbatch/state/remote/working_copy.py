"""The copy of a state that a machine works on: begun from chunks, taken on by records, and never more than a copy."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

from docbatch.core.errors import GuardRefused
from docbatch.owner_only import make_folder, opener
from docbatch.state.copies import settle_on_disk
from docbatch.state.remote.copy_position import CopyPosition, FileMark, is_copy, note, noted
from docbatch.state.remote.log_records import ENDS, START, LogEnd, LogRecord, RecordKind
from docbatch.state.remote.object_names import log_name
from docbatch.state.remote.page_changes import PageChanges, WholeState, read_changes, read_whole, write_all
from docbatch.state.remote.recorded_history import RecordedHistory
from docbatch.state.remote.sealed_text import altered
from docbatch.state.remote.state_chunks import PIECE, PLAIN, ChunkForm, digest_in, pieces
from docbatch.state.remote.state_key import require_key
from docbatch.state.remote.wal_frames import WalPosition, reaches

_WITHOUT_CHANGES = ENDS | {RecordKind.OPEN, RecordKind.SNAPSHOT}

Fetch = Callable[[Sequence[str]], Iterator[bytes]]
"""Yields the contents of chunks in order, each judged by its name."""


class WorkingCopy:
    """A folder with `state.db` and how far that has come. Whoever calls holds the lock of the folder; nobody has the file open."""

    def __init__(self, folder: Path, project: str, form: ChunkForm = PLAIN) -> None:
        self.folder = folder
        self.path = folder / "state.db"
        self.end = START
        self.project = project
        self._form = form

    def begin(self) -> LogEnd:
        """Cut the copy back to what was recorded, and return the last record that is in it: START where it is not believed.

        Raises GuardRefused where a state lies there that is no copy, OSError.
        """
        make_folder(self.folder)
        if not is_copy(self.folder):
            self._refuse_another()
            self.unsettle()
        position = noted(self.folder, self.project)
        if position is None or not self._is_as(position) or not self._cut_back(position):
            position = None
            self.unsettle()
            self._remove_logs()
        self.end = START if position is None else position.end
        return self.end

    def settled(self) -> LogEnd | None:
        """Return the last record that is in the copy as it lies there, None where something has to be done to it first."""
        position = noted(self.folder, self.project)
        if position is None or position.wal is not None or not self._is_as(position):
            return None
        log = self._beside("-wal")
        return None if log.exists() and log.stat().st_size else position.end

    def bring(self, history: RecordedHistory, fetch: Fetch) -> None:
        """Make the copy what a history says. Raises AlteredState, OSError; then it is not believed the next time, but for its pieces.

        Raises CredentialsError, GuardRefused for another key, before anything is done.
        """
        for said in history.keys:
            require_key(said, self._form.key)
        base, records = self._base(history)
        changes = [each for each in records if each.body and each.kind not in _WITHOUT_CHANGES]
        if base is not None or changes:
            self.unsettle()
            if base is not None:
                self._assemble(base, fetch)
            self._take_on(changes)
        if history.end != self.end or base is not None or changes:
            self.settle(history.end)

    def settle(self, end: LogEnd, wal: WalPosition | None = None) -> None:
        """Note that the copy is what the log says up to a record. What it is must be durable. Raises OSError."""
        note(self.folder, self.project, CopyPosition(end, FileMark.of(self.path), wal))
        self.end = end

    def unsettle(self) -> None:
        """Note that nobody knows what the copy is, until `settle`. Raises OSError."""
        note(self.folder, self.project, None)

    @property
    def size(self) -> int:
        """Bytes of the database, zero where there is none."""
        mark = FileMark.of(self.path)
        return 0 if mark is None else mark.size

    def clear(self) -> None:
        """Remove the database, of which nothing is known any more then. Raises OSError."""
        self.unsettle()
        self._remove_logs()
        self.path.unlink(missing_ok=True)

    def is_untouched(self) -> bool:
        """Say whether the database is as it was noted: then all that was written since is in SQLite's log."""
        position = noted(self.folder, self.project)
        return position is not None and position.file is not None and position.file == FileMark.of(self.path)

    def _refuse_another(self) -> None:
        if os.path.lexists(self.path):
            raise GuardRefused(
                f"{self.folder}: holds a state that is no copy of one in a store",
                hint="nothing was sent or changed; 'docbatch state migrate' takes it into the store first; where it is not wanted there, move it away",
            )

    def _is_as(self, position: CopyPosition) -> bool:
        if FileMark.of(self.path) != position.file or self._beside("-journal").exists():
            return False
        if position.wal is None:
            return True
        try:
            with self._beside("-wal").open("rb") as stream:
                return reaches(stream, position.wal)
        except FileNotFoundError:
            return False

    def _cut_back(self, position: CopyPosition) -> bool:
        """Take what was recorded of SQLite's log into the database, and drop the rest; say whether SQLite read all of it."""
        if position.wal is None:
            self._remove_logs()
            return True
        self.unsettle()
        os.truncate(self._beside("-wal"), position.wal.offset)
        self._beside("-shm").unlink(missing_ok=True)
        frames = position.wal.frames
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            try:
                done = connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
            except sqlite3.DatabaseError:
                return False
        if done != (0, frames, frames):
            return False
        self._remove_logs()
        settle_on_disk(self.path)
        self.settle(position.end)
        return True

    def _remove_logs(self) -> None:
        for end in ("-wal", "-shm", "-journal"):
            self._beside(end).unlink(missing_ok=True)

    def _beside(self, end: str) -> Path:
        return self.path.with_name(self.path.name + end)

    def _base(self, history: RecordedHistory) -> tuple[tuple[str, ...] | None, Sequence[LogRecord]]:
        """Return of which chunks to begin, None where with the copy at hand, and which records follow."""
        for place in reversed(range(len(history.records))):
            record = history.records[place]
            whole = None if record.kind in _WITHOUT_CHANGES else read_whole(record, self._form)
            if whole is not None:
                return whole.chunks, history.records[place + 1 :]
        if history.goes_on and self.end != START:
            return None, history.records
        return () if history.snapshot is None else history.snapshot.chunks, history.records

    def changed(self, record: LogRecord) -> PageChanges | WholeState | None:
        """Return what a record changes, None where it is of a kind that changes nothing. Raises AlteredState."""
        return None if record.kind in _WITHOUT_CHANGES else read_changes(record, self._form)

    def _assemble(self, chunks: Sequence[str], fetch: Fetch) -> None:
        """Make the database of chunks. What the one that lies there has of them is not fetched, whatever else it is."""
        self._remove_logs()
        if not chunks:
            self.path.unlink(missing_ok=True)
            return
        draft = self.path.with_name("state.db.loading")
        descriptor = opener(str(draft), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            with _Pieces(self.path, self._form) as there:
                offset = 0
                fetched = fetch([name for name in chunks if digest_in(name) not in there])
                for name in chunks:
                    content = there.find(digest_in(name)) if digest_in(name) in there else next(fetched)
                    write_all(descriptor, content, offset)
                    offset += len(content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(draft, self.path)  # noqa: PTH105 - as in copy_position
        settle_on_disk(self.folder)

    def _take_on(self, records: Sequence[LogRecord]) -> None:
        """Write what records changed, of which one at a time is inflated."""
        if not records:
            return
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise altered(log_name(records[0].position), "it changes a database that is not there") from None
        try:
            page_size = _page_size(os.pread(descriptor, 18, 0))
            for record in records:
                changed = read_changes(record, self._form)
                if not isinstance(changed, PageChanges) or changed.page_size != page_size:
                    raise altered(log_name(record.position), "its pages are not those of this database")
                changed.apply(descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class _Pieces:
    """What a database that may be anything has of pieces that are looked for by their digests."""

    def __init__(self, path: Path, form: ChunkForm) -> None:
        self._form = form
        self._places: dict[str, int] = {}
        try:
            self._descriptor: int | None = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self._descriptor = None

    def __enter__(self) -> Self:
        if self._descriptor is not None:
            for place, content in enumerate(pieces(self._descriptor)):
                self._places[self._form.digest(content)] = place * PIECE
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def __contains__(self, digest: str) -> bool:
        return digest in self._places

    def find(self, digest: str) -> bytes:
        assert self._descriptor is not None
        return os.pread(self._descriptor, PIECE, self._places[digest])


def _page_size(header: bytes) -> int:
    size = int.from_bytes(header[16:18], "big")
    return 65536 if size == 1 else size
