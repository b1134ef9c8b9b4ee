"""How fast a connection may talk: one limiter shared by all its calls, slowed down by the vendor's "too many"."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, Self

from docbatch.core.errors import Unavailable

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
TRUSTED = 5.0
"""Seconds at a rate without a 429 after which one says that the rate is a little too much, not twice: requests bunch on their
way. If it was more, the next 429 comes sooner than that."""
FLAT = 20.0
"""From there on the rate grows with the cube of time, from nothing to full in so many seconds: slowly at first, since
it is close to what the vendor allows, then faster, since that seems to have changed."""
REST = 10.0
FORGETTING = 180.0
"""Seconds without a request that count as any others, and how many of those beyond count as one: what a vendor takes is
learnt by asking, and is forgotten within the hour when nobody asks."""
LONGEST_SLEEP = 30.0
"""Seconds that may be slept at once; a longer wait is the caller's to plan."""
SLEEPS = 2
"""How many times that a call may sleep in all, where its turn is put off by what others are answered."""
_GRAIN = 1e-9


class Pace(Protocol):
    """Which limiter a request asks."""

    def of(self, method: str, path: str) -> "Limiter": ...

    def close(self) -> None:
        """Let nobody wait any more, and no further request go."""


@dataclass(slots=True)
class TokenBucket:
    """What is known of a pace at the moment `now` (monotonic seconds): values alone, so that they can be kept anywhere.

    `full` is the highest rate, `burst` how many requests may go at once after a rest. Whoever asks books a turn, in the order of
    asking, and is granted a request when that has come and there is a token for it: who comes late to its turn finds that
    others do not crowd with it. `booked` is until when turns are taken; those of who never comes pass. A 429 ends them all,
    which `refusals` tells.
    """

    full: float
    burst: int
    now: float
    rate: float
    plateau: float
    tokens: float
    silent_until: float
    episode_until: float
    booked: float
    pause: float
    calm: float = 0.0
    granted: float = float("inf")
    refusals: int = 0

    @classmethod
    def begin(cls, full: float, burst: int, now: float) -> Self:
        return cls(full, burst, now, full, full, float(burst), now, now, now, PAUSE)

    @property
    def silence(self) -> float:
        """Seconds for which nobody may ask."""
        return max(0.0, self.silent_until - self.now)

    @property
    def delay(self) -> float:
        """Seconds until the next turn."""
        return max(self._ready, self.booked - (self.burst - 1) / self.rate) - self.now

    def book(self) -> int:
        """Take the next turn, and return what tells whether it still holds when it comes."""
        self.booked = max(self.booked, self._ready) + 1 / self.rate
        return self.refusals

    def grant(self, turn: int) -> float | None:
        """Grant a request to whose turn has come and return 0, or how long there is no token yet; None for a turn that has ended."""
        if turn != self.refusals:
            return None
        left = self._ready - self.now
        if left <= 0:
            self.tokens = max(self.tokens - 1, 0.0)
            self.granted += 1
        return left

    @property
    def _ready(self) -> float:
        """When there is a token for one who asks no more."""
        missing = 1 - self.tokens
        return self.now + self.silence + (missing / self.rate if missing > _GRAIN else 0.0)

    def refuse(self, retry_after: float | None) -> None:
        """Take note of a 429. `retry_after` is the vendor's own wait in seconds."""
        if self.now >= self.episode_until:
            self._begin_episode(told=retry_after is not None)
            self.silent_until = self.now + (self.pause if retry_after is None else 0.0)
            self.episode_until = self.now + EPISODE
        self.silent_until = max(self.silent_until, self.now + (retry_after or 0.0))
        self.episode_until = max(self.episode_until, self.silent_until)
        self.tokens = 0.0
        self.booked = self.now
        self.refusals += 1

    def advance(self, now: float) -> None:
        """Bring tokens and rate up to now. Nothing is gained during a silence."""
        passed = now - max(self.now, min(self.silent_until, now))
        self.now = now
        if passed > 0:
            self.tokens = min(self.tokens + passed * self.rate, float(self.burst))
            self._recover(min(passed, REST) + max(passed - REST, 0.0) / FORGETTING)

    def stretch(self, full: float, burst: int) -> None:
        """Let another rate be the highest."""
        if self.rate >= self.full:
            self.rate = self.plateau = full
        self.full, self.burst = full, burst
        self.rate, self.plateau = min(self.rate, full), min(self.plateau, full)
        self.tokens = min(self.tokens, float(burst))

    def _begin_episode(self, *, told: bool) -> None:
        if self.granted <= (ECHOES if told or self.pause >= LONGEST_PAUSE else max(self.rate * FEW, ECHOES)):
            self.pause = min(self.pause * 2, LONGEST_PAUSE)
        else:
            self.pause = PAUSE
            self.plateau = self.rate * NEAR
            kept = NEAR if self.calm >= TRUSTED else HALVED
            self.rate = max(self.rate * kept, self.full * SLOWEST)
        self.granted = 0
        self.calm = 0.0

    def _recover(self, passed: float) -> None:
        if self.rate < self.plateau:
            slope = self.full * CLIMB
            needed = (self.plateau - self.rate) / slope
            self.rate = min(self.rate + passed * slope, self.plateau)
            passed -= min(needed, passed)
        before, self.calm = self.calm, self.calm + passed
        gain = self.full * (self.calm**3 - before**3) / FLAT**3
        self.rate = min(self.rate + gain, self.full)


class KeptBucket(Protocol):
    """Where a bucket lies that several share."""

    def opened(self) -> AbstractContextManager[TokenBucket]:
        """Have the bucket as of now, to oneself for the block, and keep what became of it."""

    @property
    def users(self) -> str:
        """Who else takes from it, as a phrase; empty where nobody does."""


class OwnBucket:
    """A bucket of this process alone."""

    users = ""

    def __init__(self, bucket: TokenBucket, clock: Callable[[], float]) -> None:
        self._bucket = bucket
        self._clock = clock
        self._lock = threading.Lock()

    @contextmanager
    def opened(self) -> Iterator[TokenBucket]:
        with self._lock:
            self._bucket.advance(self._clock())
            yield self._bucket


class Limiter:
    """A token bucket. A 429 halves its rate and silences it for the vendor's own wait; then the rate recovers.

    `per_second` is the full rate, `burst` the number of requests that may go at once after a rest. Where the pace is `shared`,
    this is the bound of one among several that take from it. Thread-safe.
    """

    def __init__(
        self,
        per_second: float,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        shared: KeptBucket | None = None,
    ) -> None:
        if per_second <= 0 or burst < 1:
            raise ValueError("a rate and a burst are above zero")
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait
        own = OwnBucket(TokenBucket.begin(per_second, burst, clock()), clock)
        self._pace: KeptBucket = shared or own
        self._turns: tuple[KeptBucket, ...] = (own,) if shared is None else (own, shared)

    @property
    def rate(self) -> float:
        """Requests a second as of now."""
        with self._pace.opened() as bucket:
            return bucket.rate

    def wait(self, *, within: float = float("inf")) -> None:
        """Return when the next request may go.

        Raises Unavailable when that is long from now, or not `within` so many seconds, with the seconds until then as `retry_after`,
        and once closed.
        """
        slept = 0.0
        for kept in self._turns:
            slept = self._await_turn(kept, slept, min(within, SLEEPS * LONGEST_SLEEP))

    def of(self, method: str, path: str) -> Self:  # noqa: ARG002 - one for all requests
        return self

    def close(self) -> None:
        """Let nobody wait any more, and no further request go."""
        self._closed.set()

    def slow_down(self, retry_after: float | None) -> None:
        """Take note of a 429. `retry_after` is the vendor's own wait in seconds."""
        with self._pace.opened() as bucket:
            bucket.refuse(retry_after)

    def _await_turn(self, kept: KeptBucket, slept: float, most: float) -> float:
        """Return once a request may go, how long its call has slept by then, which is `most` at most. Raises Unavailable."""
        turn: int | None = None
        while not self._closed.is_set():
            with kept.opened() as bucket:
                left = None if turn is None else bucket.grant(turn)
                if left is None:
                    left, turn = bucket.delay, None
                silence = bucket.silence
                is_long = max(silence, left - silence) > LONGEST_SLEEP
                if is_long or slept + left > most:
                    raise _long(silence, left, kept.users)
                if turn is None:
                    turn = bucket.book()
                    left = left if left > 0 else bucket.grant(turn) or 0.0
            if left <= 0:
                return slept
            self._sleep(left)
            slept += left
        from docbatch.providers.http.exchanges import CLOSED  # noqa: PLC0415 - heavy, and who shows where paces lie asks nobody

        raise Unavailable(CLOSED)


def _long(silence: float, left: float, users: str) -> Unavailable:
    who = "the service asked to wait" if silence else "the connection's rate allows the next request in"
    delay = silence or left
    told = f"{who} {delay:,.0f} seconds" + (f"; {users}" if users else "")
    return Unavailable(told, retry_after=delay, cause=who, general=True)
