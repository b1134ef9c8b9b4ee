"""How long a run still takes, from how fast documents ended so far: smoothed, and nothing while too little is known. Pure."""

import math

ENOUGH = 5
"""How many documents have to have ended, at two moments at least, before anything is said."""
EARLIEST = 10.0
"""Seconds before which nothing is said."""
_SMOOTHED = 30.0
_SHARE = 3.0
_FOLLOWS = 10.0
_FORGETS = 0.9


class TimeLeft:
    """An estimate that is told of what ended and asked now and then. Moments are monotonic seconds.

    What ended long ago weighs less: in a long run the last third of it counts most. What is said counts down with the clock
    and follows the estimate slowly, so that documents that end many at a time do not make it jump.
    """

    def __init__(self, began: float) -> None:
        self._began = self._last = began
        self._moments = self._ended = 0
        self._documents = self._seconds = self._gap = 0.0
        self._said: tuple[float, float] | None = None

    def note(self, now: float, ended: int) -> None:
        """Take note of documents that ended just now."""
        passed, self._last = now - self._last, now
        window = max(_SMOOTHED, (now - self._began) / _SHARE)
        kept = math.exp(-passed / window)
        # What ended is taken to have ended evenly since the last time.
        share = window * (1 - kept) / passed if passed > 0 else 1.0
        self._documents = self._documents * kept + ended * share
        self._seconds = self._seconds * kept + passed * share
        self._gap = max(passed, self._gap * _FORGETS)
        self._ended += ended
        self._moments += 1

    def seconds(self, now: float, documents: int) -> float | None:
        """Return how many seconds so many documents still take; None while too little is known."""
        if self._ended < ENOUGH or self._moments < 2 or now - self._began < EARLIEST:
            return None
        estimate = max(0.0, documents / self._speed(now) - min(now - self._last, self._gap))
        if self._said is not None:
            at, said = self._said
            follows = 1 - math.exp((at - now) / _FOLLOWS)
            counted = max(0.0, said - (now - at))
            estimate = counted + (estimate - counted) * follows
        self._said = now, estimate
        return estimate

    def rate(self, now: float) -> float | None:
        """Return how many documents end in a second lately; None while too little is known."""
        speed = self._speed(now)
        return speed if self._ended >= ENOUGH and speed else None

    def _speed(self, now: float) -> float:
        """Return documents a second, fewer once nothing has ended for longer than lately."""
        late = max(0.0, now - self._last - self._gap)
        seconds = self._seconds + late
        return self._documents / seconds if seconds else 0.0


def left_text(seconds: float) -> str:
    """Say how much time is left, in steps as coarse as such an estimate is."""
    minutes = seconds / 60
    if minutes <= 1:
        return "less than a minute left"
    for most, step in ((10, 1), (120, 5)):
        if minutes <= most:
            return f"about {math.ceil(minutes / step) * step} min left"
    hours = math.ceil(minutes / 60)
    return f"about {hours} h left" if hours <= 48 else f"about {math.ceil(hours / 24)} d left"


def rate_text(rate: float) -> str:
    """Say how fast documents end, in the unit that gives a number to read; `rate` is a second."""
    if rate >= 1:
        return f"{rate:,.1f}/s"
    return f"{rate * 60:,.1f}/min" if rate * 60 >= 1 else f"{rate * 3600:,.1f}/h"
