"""Watching over what is asked of stores while a plan is made: how far it came is told, and it ends when the run's time does."""

import time
from collections.abc import Callable

from docbatch.core.errors import TimeUp
from docbatch.engine.progress_notices import Notice, ReadObjects, Trouble
from docbatch.stores.object_store import PATIENCE

_TOLD_EVERY = 1.0
SILENCE = 5.0
"""Seconds without a list after which that is said."""


class WatchedReading:
    """Called as it goes on, with how many objects were read since. `patience` tells the seconds that are left. Raises TimeUp."""

    def __init__(self, observe: Callable[[Notice], object], patience: Callable[[], float]) -> None:
        self._observe = observe
        self._patience = patience
        self._objects = 0
        self._told = time.monotonic()
        self._was_silent = 0.0

    def silent(self, store: str, seconds: float) -> None:
        """Say once that a store gives no list, each time that it does not for so long."""
        if seconds >= SILENCE > self._was_silent:
            told = f"has given no list for {SILENCE:.0f} s; errors that pass are asked about again for {PATIENCE} s at most"
            self._observe(Trouble(f"store '{store}'", told))
        self._was_silent = seconds

    def __call__(self, objects: int = 0) -> None:
        if self._patience() <= 0:
            raise TimeUp(
                f"the time of this run was up while buckets were listed; {self._objects:,} new objects were read",
                hint="nothing was sent, and what was read is not read again to be planned: run it again with a longer --timeout,"
                " or without one",
            )
        self._objects += objects
        now = time.monotonic()
        if objects and now - self._told >= _TOLD_EVERY:
            self._told = now
            self._observe(ReadObjects(self._objects))
