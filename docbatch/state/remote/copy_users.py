"""Who has the copy of a state open on this machine: any number who use it as it is, or one who brings it up to date.

SQLite's own locks do not tell: a copy is brought up to date by writing its files, beside SQLite.
"""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from docbatch.core.errors import StateLocked
from docbatch.owner_only import opener

NAME = "copy.lock"
PATIENCE = 30.0
"""Seconds that who brings a copy up to date waits for those who read it."""
_BETWEEN_TRIES = 0.05


class CopyUse:
    """Whoever has the copy of a folder open, until `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = opener(str(folder / NAME), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)

    def share(self) -> None:
        """Use the copy as it is, once nobody changes it any more."""
        fcntl.flock(self._open(), fcntl.LOCK_SH)

    def have_alone(self, is_needless: Callable[[], bool] = lambda: False) -> bool:
        """Be the only one, or say that this became needless while others were waited for. Raises StateLocked."""
        until = time.monotonic() + PATIENCE
        while not is_needless():
            try:
                fcntl.flock(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise StateLocked(
                        f"{self._folder}: another command reads the copy of the state on this machine, and has done so for long",
                        hint="nothing was sent or changed; end it, and run the same command again",
                    ) from None
                # As a lock that is let go wakes nobody.
                time.sleep(_BETWEEN_TRIES)
            else:
                return True
        return False

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _open(self) -> int:
        assert self._descriptor is not None, "it is closed"
        return self._descriptor
