"""Time as the engine sees it, so that tests can hold it in their hands."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    def monotonic(self) -> float:
        """Return seconds that only ever grow; all waiting is measured in these."""

    def wall(self) -> float:
        """Return seconds since the epoch, for people and for vendors' expiry dates."""

    def wait(self, until: float) -> None:
        """Return at `until` (monotonic), or earlier when woken."""

    def wake(self) -> None:
        """End a wait early. May be called from any thread."""


class SystemClock:
    def __init__(self) -> None:
        self._event = threading.Event()

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def wait(self, until: float) -> None:
        self._event.wait(max(0.0, until - time.monotonic()))
        self._event.clear()

    def wake(self) -> None:
        self._event.set()
