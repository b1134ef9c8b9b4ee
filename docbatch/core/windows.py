"""Hours of the day in which something may be sent. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo


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
