"""A disk that fails at one chosen moment: when something is made, written, flushed, renamed or committed."""

import builtins
import io
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from docbatch.state.database import Database

CALLS = (
    "mkdir",
    "fsync",
    "fdatasync",
    "ftruncate",
    "pwrite",
    "write",
    "rename",
    "replace",
    "link",
    "unlink",
    "rmdir",
    "chmod",
    "fchmod",
    "utime",
)
SQLITE = {28: "database or disk is full", 5: "disk I/O error"}


class FailingDisk:
    """Counts what is done to files below a folder, and fails the one numbered `at`, from 1, with an error; 0 fails none."""

    def __init__(self, root: Path, at: int, number: int) -> None:
        self.root = os.fsencode(root)
        self.at = at
        self.number = number
        self.seen: list[str] = []

    def touch(self, what: str, place: object) -> None:
        if not self._is_below(place):
            return
        self.seen.append(what)
        if len(self.seen) == self.at:
            raise OSError(
                self.number,
                os.strerror(self.number),
                os.fsdecode(place) if isinstance(place, (str, bytes)) else None,
            )

    def _is_below(self, place: object) -> bool:
        if isinstance(place, int):
            try:
                place = str(Path(f"/proc/self/fd/{place}").readlink())
            except OSError:
                return False
        path = os.fsencode(place)  # type: ignore[arg-type]
        return not path.startswith(b"/") or path.startswith(self.root)

    def guard(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(place: Any, *rest: Any, **options: Any) -> Any:
            self.touch(name, place)
            return plain(place, *rest, **options)

        return guarded

    def opening(self, plain: Callable[..., int]) -> Callable[..., int]:
        def guarded(place: Any, flags: int, *rest: Any, **options: Any) -> int:
            if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
                self.touch("open", place)
            return plain(place, flags, *rest, **options)

        return guarded

    def files(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(place: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if not set(mode) & set("wxa+"):
                return plain(place, mode, *rest, **options)
            if not isinstance(place, int) and "opener" not in options:
                self.touch("open", place)
            return _Written(plain(place, mode, *rest, **options), self, place)

        return guarded

    @contextmanager
    def committing(self, _database: Database) -> Iterator[None]:
        try:
            self.touch("commit", self.root)
        except OSError as error:
            raise sqlite3.OperationalError(SQLITE[self.number]) from error
        yield


class _Written:
    """A file of which each write may fail."""

    def __init__(self, file: Any, disk: FailingDisk, place: object) -> None:
        self._file, self._disk, self._place = file, disk, place

    def write(self, content: Any) -> Any:
        self._disk.touch("write", self._place)
        return self._file.write(content)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)


@contextmanager
def failing(root: Path, at: int = 0, number: int = 28) -> Iterator[FailingDisk]:
    """Let the disk below a folder fail once for the length of the block."""
    disk = FailingDisk(root, at, number)
    write = Database.write

    @contextmanager
    def commit(self: Database) -> Iterator[None]:
        with write(self):
            yield
            with disk.committing(self):
                pass

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, disk.guard(name, getattr(os, name)))
        patch.setattr(os, "open", disk.opening(os.open))
        opened = disk.files(io.open)
        patch.setattr(io, "open", opened)
        patch.setattr(builtins, "open", opened)
        patch.setattr(Database, "write", commit)
        yield disk
