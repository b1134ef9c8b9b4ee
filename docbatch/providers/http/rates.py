"""How fast a connection may talk: one limiter shared by all its calls, slowed down by the vendor's "too many"."""

import threading
import time
from collections.abc import Callable
from typing import Protocol, Self

from docbatch.core.errors import Unavailable
from docbatch.providers.http.exchanges import CLOSED

HALVED = 0.5
SLOWEST = 1 / 64
PAUSE = 1.0
"""Seconds of silence after a 429 that names no wait; doubled while the door stays closed."""
LONGEST_PAUSE = 4.0
EPISODE = 1.0
"""Seconds in which further 429 are echoes of the first: they answer requests that were under way together."""
FEW = 1 / 10
"""Part of a second's requests that are no evidence about the rate when they are refused: the door was still closed."""
ECHOES = 2
"""The same, in requests, after a silence that was long enough for certain: the vendor's own, or the longest."""
CLIMB = 1 / 10
"""Part of the full rate that is won back each second, up to `NEAR` of the rate that was too much."""
NEAR = 0.9
FLAT = 20.0
"""From there on the rate grows with the cube of time, from nothing to full in so many seconds: slowly at first, since
it is close to what the vendor allows, then faster, since that seems to have changed."""
LONGEST_SLEEP = 30.0
"""Seconds that may be slept at once; a longer wait is the caller's to plan."""
SLEEPS = 2
"""How many times that a call may sleep in all, where others take the tokens it waits for."""
_GRAIN = 1e-9


class Pace(Protocol):
    """Which limiter a request asks."""

    def of(self, method: str, path: str) -> "Limiter": ...

    def close(self) -> None:
        """Let nobody wait any more, and no further request go."""


class Limiter:
    """A token bucket. A 429 halves its rate and silences it for the vendor's own wait; then the rate recovers.

    `per_second` is the full rate, `burst` the number of requests that may go at once after a rest. Thread-safe.
    """

    def __init__(
        self,
        per_second: float,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        if per_second <= 0 or burst < 1:
            raise ValueError("a rate and a burst are above zero")
        self._full = per_second
        self._burst = burst
        self._clock = clock
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait
        self._lock = threading.Lock()
        self._rate = per_second
        self._plateau = per_second
        self._calm = 0.0
        self._tokens = float(burst)
        self._now = clock()
        self._silent_until = self._now
        self._episode_until = self._now
        self._granted = float("inf")
        self._pause = PAUSE

    @property
    def rate(self) -> float:
        """Requests a second as of now."""
        with self._lock:
            self._advance()
            return self._rate

    def wait(self) -> None:
        """Return when the next request may go.

        Raises Unavailable when that is long from now, with the seconds until then as `retry_after`, and once closed.
        """
        slept = 0.0
        while not self._closed.is_set():
            delay = self._take()
            if delay <= 0:
                return
            if delay > LONGEST_SLEEP or slept + delay > SLEEPS * LONGEST_SLEEP:
                raise self._long(delay)
            self._sleep(delay)
            slept += delay
        raise Unavailable(CLOSED)

    def of(self, method: str, path: str) -> Self:  # noqa: ARG002 - one for all requests
        return self

    def close(self) -> None:
        """Let nobody wait any more, and no further request go."""
        self._closed.set()

    def _long(self, delay: float) -> Unavailable:
        with self._lock:
            silent = self._now < self._silent_until
        who = "the service asked to wait" if silent else "the connection's rate allows the next request in"
        return Unavailable(f"{who} {delay:,.0f} seconds", retry_after=delay, cause=who, general=True)

    def slow_down(self, retry_after: float | None) -> None:
        """Take note of a 429. `retry_after` is the vendor's own wait in seconds."""
        with self._lock:
            self._advance()
            if self._now >= self._episode_until:
                self._begin_episode(told=retry_after is not None)
                self._silent_until = self._now + (self._pause if retry_after is None else 0.0)
                self._episode_until = self._now + EPISODE
            self._silent_until = max(self._silent_until, self._now + (retry_after or 0.0))
            self._episode_until = max(self._episode_until, self._silent_until)
            self._tokens = 0.0

    def _begin_episode(self, *, told: bool) -> None:
        if self._granted <= (
            ECHOES if told or self._pause >= LONGEST_PAUSE else max(self._rate * FEW, ECHOES)
        ):
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        else:
            self._pause = PAUSE
            self._plateau = self._rate * NEAR
            self._rate = max(self._rate * HALVED, self._full * SLOWEST)
        self._granted = 0
        self._calm = 0.0

    def _take(self) -> float:
        """Take a token and return 0, or return how long until there may be one."""
        with self._lock:
            self._advance()
            if self._now < self._silent_until:
                return self._silent_until - self._now
            if self._tokens < 1 - _GRAIN:
                return (1 - self._tokens) / self._rate
            self._tokens = max(self._tokens - 1, 0.0)
            self._granted += 1
            return 0.0

    def _advance(self) -> None:
        """Bring tokens and rate up to now. Nothing is gained during a silence."""
        now = self._clock()
        passed = now - max(self._now, min(self._silent_until, now))
        self._now = now
        if passed > 0:
            self._tokens = min(self._tokens + passed * self._rate, float(self._burst))
            self._recover(passed)

    def _recover(self, passed: float) -> None:
        if self._rate < self._plateau:
            slope = self._full * CLIMB
            needed = (self._plateau - self._rate) / slope
            self._rate = min(self._rate + passed * slope, self._plateau)
            passed -= min(needed, passed)
        before, self._calm = self._calm, self._calm + passed
        gain = self._full * (self._calm**3 - before**3) / FLAT**3
        self._rate = min(self._rate + gain, self._full)
