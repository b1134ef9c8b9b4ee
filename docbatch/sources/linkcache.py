"""What links said when they were last looked at. Nothing is lost with it but another look."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from docbatch.core.models import Failure, FailureClass
from docbatch.sources.statcache import StatCache

_READ = (
    "SELECT path, link, etag, modified, looked, size, mtime_ns, inode, problem_class, problem_message"
    " FROM link WHERE root = ?"
)
_READ_ONE = f"{_READ} AND path = ?"
_KEEP = "INSERT OR REPLACE INTO link VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DROP = "DELETE FROM link WHERE root = ? AND path = ?"


@dataclass(frozen=True, slots=True)
class LastLook:
    """`link` tells which link it was; `looked` in seconds since the epoch.

    Size, time and inode are those of the file that was written then, so that a file put in its place is not taken for
    it; all are 0 where there was a `problem`.
    """

    link: str
    etag: str | None
    modified: str | None
    looked: int
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    problem: Failure | None = None


class LinkCache:
    """A table beside the stat cache, of which it is as deletable."""

    def __init__(self, cache: StatCache) -> None:
        self._file = cache.file

    def of(self, root: bytes) -> dict[bytes, LastLook]:
        """Return what is known of a mirror's links, by document path."""
        rows = [] if self._file is None else self._file.read(_READ, (root,))
        return {path: _look(*columns) for path, *columns in rows}

    def last(self, root: bytes, path: bytes) -> LastLook | None:
        """Return what is known of one document's link."""
        rows = [] if self._file is None else self._file.read(_READ_ONE, (root, path))
        return next((_look(*columns) for _, *columns in rows), None)

    def keep(self, root: bytes, looks: Mapping[bytes, LastLook], gone: Iterable[bytes] = ()) -> None:
        if self._file is not None:
            rows = [(root, path, *_columns(look)) for path, look in looks.items()]
            self._file.write([(_DROP, [(root, path) for path in gone]), (_KEEP, rows)])


def _look(*columns: Any) -> LastLook:
    link, etag, modified, looked, size, mtime_ns, inode, kind, message = columns
    problem = None if kind is None else Failure(FailureClass(kind), message or "")
    return LastLook(link, etag, modified, looked, size, mtime_ns, inode, problem)


def _columns(look: LastLook) -> tuple[object, ...]:
    problem = look.problem
    told = (None, None) if problem is None else (str(problem.kind), problem.message)
    return look.link, look.etag, look.modified, look.looked, look.size, look.mtime_ns, look.inode, *told
