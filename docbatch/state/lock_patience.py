"""Waiting for another run to let go of the state. It holds for all that takes the lock in a block, and is told while it lasts."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

from docbatch.core.errors import Interrupted

LOOK = 0.25
"""Seconds between tries: a lock that is let go wakes nobody."""
AGAIN = 60.0
"""Seconds after which it is told once more that the same owner is waited for."""


@dataclass(frozen=True, slots=True)
class LockAwaited:
    """Another run holds the lock: who, as a phrase, and for how many seconds more it is waited for at most."""

    owner: str
    seconds: float


@dataclass(slots=True)
class LockPatience:
    """Waits for `seconds` in all, from the first time that a lock is found taken, and calls `tell` at once and now and then.

    `is_ended` is asked at each look; where it says True, the wait ends with Interrupted.
    """

    seconds: float
    tell: Callable[[LockAwaited], object]
    is_ended: Callable[[], bool] = lambda: False
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    _until: float | None = field(default=None, init=False)
    _told: tuple[str, float] | None = field(default=None, init=False)

    def wait(self, owner: str) -> bool:
        """Wait for a moment; return False where the time is up. Raises Interrupted."""
        now = self.monotonic()
        self._until = now + self.seconds if self._until is None else self._until
        if self.is_ended():
            raise Interrupted(
                f"ended while the state was locked by {owner}",
                hint="nothing was done; run the same command again",
            )
        left = self._until - now
        if left <= 0:
            return False
        if self._told is None or self._told[0] != owner or now - self._told[1] >= AGAIN:
            self._told = (owner, now)
            self.tell(LockAwaited(owner, left))
        self.sleep(min(LOOK, left))
        return True


_CURRENT: ContextVar[LockPatience | None] = ContextVar("lock_patience", default=None)


@contextlib.contextmanager
def patiently(patience: LockPatience) -> Iterator[None]:
    """Have all that takes a lock in the block wait for it."""
    token = _CURRENT.set(patience)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> LockPatience | None:
    """Return what waits for locks here, None where nothing does."""
    return _CURRENT.get()
