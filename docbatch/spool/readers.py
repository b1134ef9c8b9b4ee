"""Who reads results while somebody else may write: a shared lock on one file, so that no pack is removed under a reader."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from docbatch.owner_only import make_file, opener
from docbatch.spool.pack import open_to_read

_NAME = "readers"


@contextlib.contextmanager
def reading(root: Path) -> Iterator[None]:
    """Keep every pack in its place for the block; begin it before the index is asked. Nothing is written."""
    descriptor = _opened(root)
    try:
        if descriptor is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


@contextlib.contextmanager
def without_readers(root: Path) -> Iterator[bool]:
    """Keep new readers waiting for the block; say whether there are none at this moment. Raises OSError."""
    descriptor = opener(str(root / _NAME), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def make(root: Path) -> None:
    """Make what readers hold, before there is a pack. Raises OSError."""
    make_file(root / _NAME)


def _opened(root: Path) -> int | None:
    try:
        return open_to_read(root / _NAME)
    except (OSError, ValueError):
        return None
