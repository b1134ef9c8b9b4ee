"""What the system tells of changed files, by the library watchfiles: gathered in threads that nothing waits for."""

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

STEP = 100
"""Milliseconds between looks at what the system told."""
MOST_GATHERED = 1000
"""Milliseconds for which events are gathered that go on and on."""
READY = 10.0
"""Seconds after which it is gone on without a folder of many folders: it is heard of once it is set up."""
_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")


class HeardChange(NamedTuple):
    """A path of which the system told; `came` says that something is there now that was not."""

    path: bytes
    came: bool
    left: bool


Heard = Callable[[list[HeardChange]], object]


class FileEvents:
    """Hears of changes below some folders, or in them alone, until it is closed. `heard` is called in its own thread."""

    def __init__(self, folders: Collection[bytes], heard: Heard, *, deep: bool) -> None:
        self.identities = {folder: identity(folder) for folder in folders}
        # Some systems tell of paths without links.
        self._real = {os.path.realpath(folder): folder for folder in folders}
        self.failure: str | None = None
        self._heard = heard
        self._deep = deep
        self._stop = threading.Event()
        self._ready = threading.Event()
        if folders:
            threading.Thread(target=self._listen, name="file events", daemon=True).start()
            self._ready.wait(READY)

    def are_of(self, folders: Collection[bytes]) -> bool:
        """Say whether, of these folders, it was begun for the very ones that are there now."""
        now = {folder: identity(folder) for folder in folders if os.path.isdir(folder)}  # noqa: PTH112 - bytes
        return now == self.identities

    def close(self) -> None:
        self._stop.set()

    def _listen(self) -> None:
        from watchfiles import Change, watch  # noqa: PLC0415 - an extra, and most commands watch nothing

        try:
            for changes in watch(
                *map(os.fsdecode, self._real),
                watch_filter=None,
                debounce=MOST_GATHERED,
                step=STEP,
                stop_event=self._stop,
                rust_timeout=STEP,
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=self._deep,
                ignore_permission_denied=True,
            ):
                self._ready.set()
                if changes:
                    self._heard(
                        [
                            HeardChange(self._named(path), change is Change.added, change is Change.deleted)
                            for change, path in changes
                        ]
                    )
        except Exception as error:  # noqa: BLE001 - whatever the library raises, it hears no more: the folders are looked at instead
            self.failure = _reason(error)
        finally:
            self._ready.set()

    def _named(self, path: str) -> bytes:
        """Return a path as the folder that it lies in is called here."""
        told = os.fsencode(path)
        for real, folder in self._real.items():
            if real != folder and (told == real or told.startswith(real + b"/")):
                return folder + told[len(real) :]
        return told


def identity(folder: bytes) -> tuple[int, int] | None:
    """Return what tells a folder from another in its place, None where there is none."""
    try:
        status = os.stat(folder)  # noqa: PTH116 - a Path holds no bytes
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.ENOSPC or "os error 28" in str(error) or "watch limit" in str(error).lower():
        limit = "unknown"
        with contextlib.suppress(OSError):
            limit = _LIMIT.read_text(encoding="ascii").strip()
        return f"the system watches no more folders for this user (fs.inotify.max_user_watches is {limit}; sysctl raises it)"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
