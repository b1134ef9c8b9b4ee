"""Time as the engine sees it, so that tests can hold it in their hands."""

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from docbatch.core.errors import Unavailable

GLANCE = 1.0
"""Seconds between glances at what cannot wake anybody, such as a folder."""


class Clock(Protocol):
    def monotonic(self) -> float:
        """Return seconds that only ever grow; all waiting is measured in these."""

    def wall(self) -> float:
        """Return seconds since the epoch, for people and for vendors' expiry dates."""

    def wait(self, until: float, has_news: Callable[[], bool] = lambda: False) -> None:
        """Return at `until` (monotonic), or earlier when woken, or within a moment of there being news."""

    def listen(self, until: float, has_news: Callable[[], bool]) -> None:
        """Wait in the same way for what other threads do. Time that is held in hands stands still meanwhile."""

    def wake(self) -> None:
        """End a wait early. May be called from any thread."""


class SystemClock:
    def __init__(self) -> None:
        self._event = threading.Event()

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    def wait(self, until: float, has_news: Callable[[], bool] = lambda: False) -> None:
        while (left := until - self.monotonic()) > 0 and not has_news():
            if self._event.wait(min(left, GLANCE)):
                break
        self._event.clear()

    def listen(self, until: float, has_news: Callable[[], bool]) -> None:
        self.wait(until, has_news)

    def wake(self) -> None:
        self._event.set()


def pause(clock: "Clock", until: float) -> None:
    """Wait until a moment (monotonic), whoever is woken meanwhile."""
    while clock.monotonic() < until:
        clock.wait(until)


TRIES = 5
LONGEST = 60.0

T = TypeVar("T")


def patiently(clock: Clock, call: Callable[[], T]) -> T:
    """Return what the call gives, after a few tries if need be. Raises Unavailable when none of them was answered."""
    for attempt in range(TRIES - 1):
        try:
            return call()
        except Unavailable as error:
            seconds = 2.0**attempt if error.retry_after is None else error.retry_after
            pause(clock, clock.monotonic() + min(seconds, LONGEST))
    return call()
