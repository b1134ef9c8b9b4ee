"""Making a repeatable call again when a vendor cannot answer at the moment."""

from collections.abc import Callable
from typing import TypeVar

from docbatch.engine.clock import Clock
from docbatch.errors import Unavailable

TRIES = 5
LONGEST = 60.0

T = TypeVar("T")


def patiently(clock: Clock, call: Callable[[], T]) -> T:
    """Return what the call gives, after a few tries if need be. Raises Unavailable when none of them was answered."""
    for attempt in range(TRIES - 1):
        try:
            return call()
        except Unavailable as error:
            pause = 2.0**attempt if error.retry_after is None else error.retry_after
            clock.wait(clock.monotonic() + min(pause, LONGEST))
    return call()
