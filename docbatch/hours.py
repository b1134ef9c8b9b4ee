"""Hours of the day, as users write them: those in which a job sends, and those in which a price is lower."""

from datetime import time
from functools import cache
from typing import Annotated, ClassVar, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import Field, model_validator

from docbatch.core.windows import SendingWindow
from docbatch.fields import SpecModel, refuse
from docbatch.naming.closest import closest

_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"


class HoursOfDay(SpecModel):
    """The hours in which a price is lower."""

    endless: ClassVar[tuple[str, str]] = (
        "these hours never end",
        "leave off_peak and off_peak_hours out, and write the lower price",
    )
    """What is said of hours that begin when they end, and what to do about it."""

    hours: Annotated[str, Field(pattern=rf"^{_CLOCK}-{_CLOCK}$(?!\n)")] = Field(
        description="from one time of day to another, over midnight where the second is earlier, as in `22:00-06:00`"
    )
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        default="UTC", description="whose clocks are meant, as in `Europe/Berlin`"
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        begin, _, end = self.hours.partition("-")
        if begin == end:
            refuse(*self.endless)
        if _zone(self.timezone) is None:
            close = closest(self.timezone, sorted(available_timezones()))
            hint = f"did you mean {close}?" if close else "write as in Europe/Berlin"
            refuse(f"there is no time zone {self.timezone}", hint)
        return self

    @property
    def window(self) -> SendingWindow:
        begin, _, end = self.hours.partition("-")
        zone = _zone(self.timezone)
        assert zone is not None, "judged before"
        return SendingWindow(time.fromisoformat(begin), time.fromisoformat(end), zone)


@cache
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
