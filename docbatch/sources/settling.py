"""Files that may just be written: what was seen of them, so that none is read before it has been the same for a while.

It lies in a temporary database, so that memory does not grow with the number of files that somebody unpacks.
"""

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple, Self

from docbatch.core.settling import FileSighting, heard, judge
from docbatch.naming.pathtext import escape
from docbatch.processes.open_files import is_written
from docbatch.sources.documents import Observed
from docbatch.sources.found_files import device_of, packed, told
from docbatch.sources.inside_paths import outer_paths
from docbatch.sources.mounts import is_served
from docbatch.sources.selection_tally import SelectionTally

_SCHEMA = """
CREATE TABLE file (place BLOB PRIMARY KEY, status BLOB, since REAL, changing_since REAL, look_at REAL, settled INTEGER,
    look INTEGER, told INTEGER DEFAULT 0) WITHOUT ROWID;
CREATE INDEX waiting ON file (look_at) WHERE settled = 0;
"""
_KEEP = (
    "INSERT INTO file (place, status, since, changing_since, look_at, settled, look) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET status = excluded.status, since = excluded.since, changing_since = excluded.changing_since,"
    " look_at = excluded.look_at, settled = excluded.settled, look = excluded.look, told = told AND NOT excluded.settled"
)
_SEEN = "SELECT status, since, changing_since, look_at, settled FROM file WHERE place = ?"
_MOST_TOLD = 20


class LongChange(NamedTuple):
    """A file, by its absolute path, that has been changing for so many seconds."""

    place: bytes
    seconds: float


class Settling:
    """What was seen of files by their absolute paths. One is whole once it was the same for `seconds`.

    It may be used from several threads. Closed with its process.
    """

    def __init__(
        self,
        seconds: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        is_open: Callable[[bytes, bytes], bool] | None = None,
    ) -> None:
        self.seconds = seconds
        self._monotonic = monotonic
        self._is_open = _is_open if is_open is None else is_open
        self._lock = threading.RLock()
        # Without a name SQLite keeps it in a file that is gone with the process, however that ends.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA)
        self._look = 0

    def begin_look(self) -> None:
        """Begin to look at all files."""
        self._look += 1

    def end_look(self) -> None:
        """Forget what settled and was not met in this look: what it is, is known elsewhere by now, or it is gone."""
        with self._lock:
            self._database.execute("DELETE FROM file WHERE settled = 1 AND look < ?", (self._look,))

    def held(self, root: bytes, files: Sequence[tuple[bytes, bytes]]) -> set[bytes]:
        """Return the paths of those that may be written just now, of files by path below `root` and packed status."""
        with self._at_once():
            return {path for path, status in files if not self._see(root + b"/" + path, status).settled}

    def is_whole(self, place: bytes, status: bytes) -> bool:
        """Say whether a file counts as whole that is like this now."""
        with self._lock:
            return self._see(place, status).settled

    def has(self, place: bytes) -> bool:
        """Say whether a file may be written just now, as it was seen last."""
        with self._lock:
            row = self._one("SELECT settled FROM file WHERE place = ?", place)
        return row is not None and not row[0]

    def has_between(self, first: bytes, last: bytes) -> bool:
        """Say whether that is so of any between two places, which count as well."""
        sql = "SELECT 1 FROM file WHERE settled = 0 AND place BETWEEN ? AND ? LIMIT 1"
        with self._lock:
            return self._one(sql, first, last) is not None

    def note(self, places: Iterable[bytes]) -> None:
        """Take that files were heard to change."""
        with self._at_once():
            for place in places:
                status = _status(place)
                if status is not None:
                    self._keep(place, heard(self._seen(place), status, self._monotonic(), self.seconds))

    def look_again(self) -> bool:
        """Look at the files for which it is time; say whether one is whole by now, or gone."""
        with self._at_once():
            sql = "SELECT place FROM file WHERE settled = 0 AND look_at <= ?"
            due = [place for (place,) in self._database.execute(sql, (self._monotonic(),))]
            ended = [place for place in due if self._is_over(place)]
        return bool(ended)

    @property
    def due_at(self) -> float | None:
        """When (monotonic) a file is worth another look; None where none waits."""
        with self._lock:
            row = self._one("SELECT min(look_at) FROM file WHERE settled = 0")
        return None if row is None or row[0] is None else float(row[0])

    @property
    def waiting(self) -> tuple[int, bytes]:
        """How many files may be written just now, and the first of them."""
        with self._lock:
            row = self._one("SELECT count(*), min(place) FROM file WHERE settled = 0")
        assert row is not None
        return int(row[0]), row[1] or b""

    def long_changes(self, seconds: float) -> list[LongChange]:
        """Return files that have been changing for so long, each once until it settles."""
        now = self._monotonic()
        sql = "SELECT place, changing_since FROM file WHERE settled = 0 AND told = 0 AND changing_since <= ? LIMIT ?"
        with self._at_once():
            found = self._database.execute(sql, (now - seconds, _MOST_TOLD)).fetchall()
            self._database.executemany(
                "UPDATE file SET told = 1 WHERE place = ?", [(place,) for place, _ in found]
            )
        return [LongChange(place, now - since) for place, since in found]

    @property
    def number(self) -> int:
        """Of how many files something is kept."""
        with self._lock:
            row = self._one("SELECT count(*) FROM file")
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is_over(self, place: bytes) -> bool:
        status = _status(place)
        if status is None:
            self._database.execute("DELETE FROM file WHERE place = ?", (place,))
            return True
        return self._see(place, status).settled

    def _see(self, place: bytes, status: bytes) -> FileSighting:
        before = self._seen(place)
        now = judge(before, status, self._monotonic(), self.seconds, lambda: self._is_open(place, status))
        self._keep(place, now)
        return now

    def _seen(self, place: bytes) -> FileSighting | None:
        row = self._one(_SEEN, place)
        return None if row is None else FileSighting(row[0], row[1], row[2], row[3], bool(row[4]))

    def _keep(self, place: bytes, now: FileSighting) -> None:
        times = (now.since, now.changing_since, now.look_at)
        self._database.execute(_KEEP, (place, now.status, *times, now.settled, self._look))

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._database.execute(sql, values).fetchone()
        return row

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        with self._lock:
            self._database.execute("BEGIN")
            try:
                yield
            finally:
                self._database.execute("COMMIT")


class Withholding:
    """Withholds the files of one source that may be written just now, and counts them in `tally`."""

    def __init__(self, settling: Settling, root: bytes, tally: SelectionTally) -> None:
        self._settling = settling
        self._root = root
        self._tally = tally

    def held(self, unknown: Sequence[tuple[bytes, bytes]], known: Sequence[bytes]) -> set[bytes]:
        """Return which are withheld, of files of which nothing is known but path and packed status, and of known ones by path."""
        held = self._settling.held(self._root, unknown) if unknown else set()
        if known and self._settling.has_between(self._place(known[0]), self._place(known[-1])):
            held.update(path for path in known if self._settling.has(self._place(path)))
        self._count(held)
        return held

    def rest(self, documents: Sequence[Observed]) -> Sequence[Observed]:
        """Return those that are not withheld, of documents that are as they were known."""
        if not documents or not self._settling.has_between(
            self._place(documents[0].path), self._place(documents[-1].path)
        ):
            return documents
        held = {each.path for each in documents if self._settling.has(self._place(each.path))}
        self._count(held)
        return [each for each in documents if each.path not in held] if held else documents

    def is_other(self, path: bytes, status: bytes) -> bool:
        """Say whether a file is no longer like this, so that it is withheld although it was read."""
        if _status(self._place(path)) in {status, None}:
            return False
        self._settling.note([self._place(path)])
        self._count({path})
        return True

    def _place(self, path: bytes) -> bytes:
        return self._root + b"/" + path

    def _count(self, paths: Collection[bytes]) -> None:
        self._tally.unsettled += len(paths)
        if paths and not self._tally.first_unsettled:
            self._tally.first_unsettled = escape(min(paths))


class UnsettledBelow:
    """The documents of one source that may be written just now, or lie in what may be."""

    def __init__(self, settling: Settling, root: bytes) -> None:
        self._settling = settling
        self._root = root

    def __contains__(self, path: object) -> bool:
        if not isinstance(path, bytes):
            return False
        return any(self._settling.has(self._root + b"/" + each) for each in (path, *outer_paths(path)))


def _is_open(place: bytes, status: bytes) -> bool:
    return is_written(place) and not is_served(device_of(status))


def _status(place: bytes) -> bytes | None:
    """Return the packed status of a file, None where there is none, or something else."""
    try:
        seen = os.stat(place)  # noqa: PTH116 - a Path holds no bytes
    except OSError:
        return None
    return packed(told(seen)) if stat.S_ISREG(seen.st_mode) else None
