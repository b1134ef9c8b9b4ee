"""Small files of one user under the kernel's lock, which ends with its process, however that ends."""

import fcntl
import os
import stat
import time
from pathlib import Path

from docbatch.owner_only import FILE

MOMENT = 0.25
"""Seconds that a lock is waited for. It is held for microseconds, but for longer by a process that somebody has stopped."""
_GLANCE = 0.0005


class FileFault(OSError):
    """A file is not what it has to be, or cannot be had now; the words say why."""

    def __init__(self, why: str) -> None:
        super().__init__(0, why)


def opened_file(path: Path) -> int:
    """Open a file for its owner alone, made if it is not there. Raises OSError, also for one that is somebody else's."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, FILE)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        os.close(descriptor)
        raise FileFault(f"{path.name} is somebody else's, or no file")
    return descriptor


def acquire(descriptor: int) -> None:
    """Take the lock. Raises OSError when another process keeps it for longer than a moment, or there are no locks here."""
    until = time.monotonic() + MOMENT
    while not acquired_at_once(descriptor):
        if time.monotonic() >= until:
            raise FileFault("another process keeps it locked")
        time.sleep(_GLANCE)


def acquired_at_once(descriptor: int) -> bool:
    """Take the lock if nobody has it. Raises OSError where there are no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Say whether a living process holds the lock of a file. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
