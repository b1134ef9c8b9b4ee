"""Hours of the day in which something may be sent. Pure."""

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache

DAY = 86_400
_STEP = 3 * 3600


@dataclass(frozen=True, slots=True)
class SendingWindow:
    """From `begin` on and before `end`, on the clocks of a zone; over midnight where it ends earlier than it begins."""

    begin: time
    end: time
    zone: tzinfo

    def opens_at(self, now: float) -> float | None:
        """Return when it opens next, None where it is open; both are seconds since the epoch."""
        local = datetime.fromtimestamp(now, self.zone)
        if self._holds(local.time()):
            return None
        day = local.date() if local.time() < self.begin else local.date() + timedelta(days=1)
        return max(datetime.combine(day, self.begin, self.zone).timestamp(), now)

    def _holds(self, at: time) -> bool:
        if self.begin < self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    @property
    def shown(self) -> str:
        """Say when it is open, for people."""
        return f"{self.begin:%H:%M}-{self.end:%H:%M} {self.zone}"


class Overlap(enum.Enum):
    """How hours lie to others: wholly within them, partly or perhaps, or outside of them."""

    WHOLE = "whole"
    PART = "part"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SendingHours:
    """When something is sent: in a window, at any hour without one; `may_leave` says that it need not be held to.

    `day` is from when on, in days since the epoch: clocks are put forward and back within a year.
    """

    window: SendingWindow | None = None
    may_leave: bool = False
    day: int = 0

    def within(self, hours: SendingWindow | None) -> Overlap:
        """Return how it lies to some hours; None are hours that nobody knows."""
        if self.window is None or hours is None or self.may_leave:
            return Overlap.PART
        return _overlap(self.window, hours, self.day)


@lru_cache(maxsize=256)
def _overlap(one: SendingWindow, other: SendingWindow, day: int) -> Overlap:
    found = {
        _on_clocks(one, other, *offsets)
        for offsets in {
            (_offset(one.zone, at), _offset(other.zone, at))
            for at in range(day * DAY, (day + 366) * DAY, _STEP)
        }
    }
    return found.pop() if len(found) == 1 else Overlap.PART


def _offset(zone: tzinfo, at: int) -> int:
    offset = zone.utcoffset(datetime.fromtimestamp(at, UTC).astimezone(zone))
    assert offset is not None, "a zone tells it"
    return int(offset.total_seconds())


def _on_clocks(one: SendingWindow, other: SendingWindow, ahead: int, others_ahead: int) -> Overlap:
    """Return how one window lies to another while their clocks are so many seconds ahead of UTC."""
    begins = (_second(one.begin) - ahead - _second(other.begin) + others_ahead) % DAY
    lasts, others_last = ((_second(each.end) - _second(each.begin)) % DAY for each in (one, other))
    if begins + lasts <= others_last:
        return Overlap.WHOLE
    return Overlap.NONE if begins >= others_last and begins + lasts <= DAY else Overlap.PART


def _second(at: time) -> int:
    return at.hour * 3600 + at.minute * 60
