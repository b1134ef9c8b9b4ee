"""Waiting for what another process or thread does. The only place in the tests that looks at a clock to judge."""

import time
from collections.abc import Callable

LONG = 60.0
"""Far more than anything here takes: it ends a wait for what never comes, and says nothing about how fast things are."""


def comes_true(condition: Callable[[], object], seconds: float = LONG) -> bool:
    """Say whether a condition comes to hold before patience ends."""
    end = time.monotonic() + seconds
    pause = 0.0002
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(2 * pause, 0.005)
    return True


def until(condition: Callable[[], object], otherwise: str) -> None:
    """Return once a condition holds."""
    assert comes_true(condition), otherwise
