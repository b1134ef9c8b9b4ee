"""Makes many small files durable for the price of few."""

import os
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FEW = 16
_WIDTH = 16
_PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder: a name in an open folder, or a path when `folder` is None."""

    name: str | bytes | Path
    folder: int | None = None


class Flusher:
    """Flushes files and folders to disk.

    Many at once are flushed by one call for their whole file system where the kernel reports errors of that call
    (Linux 5.8 and later). That call also waits for what other programs wrote; once it was slow, files are flushed
    one by one from then on.
    """

    def __init__(self) -> None:
        self._one_by_one = False

    def flush(self, places: Collection[Place], within: Collection[int] = ()) -> None:
        """Return once all places are durable. Raises OSError when one is gone or cannot be written.

        `within` are open folders, where all places are files that were made in them: then these are looked at instead.
        """
        syncfs = None if self._one_by_one or len(places) < _FEW else _syncfs()
        if syncfs is None:
            _flush_each(places)
            return
        started = time.monotonic()
        looked_at = [Place(b".", folder) for folder in within] or places
        file_systems = {os.stat(place.name, dir_fd=place.folder).st_dev: place for place in looked_at}
        for place in file_systems.values():
            _with_open(place, syncfs)
        self._one_by_one = time.monotonic() - started > _PATIENCE


def _flush_each(places: Collection[Place]) -> None:
    if len(places) < 3:
        for place in places:
            _with_open(place, os.fsync)
        return
    with ThreadPoolExecutor(_WIDTH) as threads:
        for done in [threads.submit(_with_open, place, os.fsync) for place in places]:
            done.result()


def _with_open(place: Place, act: Callable[[int], None]) -> None:
    descriptor = os.open(place.name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=place.folder)
    try:
        act(descriptor)
    finally:
        os.close(descriptor)


def _reports_errors() -> bool:
    release = os.uname()
    if release.sysname != "Linux":
        return False
    major, minor = release.release.split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)) or 0)) >= (5, 8)


@cache
def _syncfs() -> Callable[[int], None] | None:
    import ctypes  # noqa: PLC0415 - needed only where something is written

    if not _reports_errors():
        return None
    try:
        call = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None

    def syncfs(descriptor: int) -> None:
        if call(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return syncfs
