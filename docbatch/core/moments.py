"""Moments in wall time, in seconds since the epoch, as they are said in UTC: to programs and to people. Pure."""

from datetime import UTC, datetime

_LAST = datetime.max.replace(tzinfo=UTC).timestamp() - 1


def _at(seconds: float) -> datetime:
    """What calendars do not reach is the last moment that they do."""
    return datetime.fromtimestamp(min(seconds, _LAST), UTC)


def iso_moment(seconds: float) -> str:
    """Return a moment as all JSON has it: ISO 8601, to the second."""
    return _at(seconds).isoformat(timespec="seconds").replace("+00:00", "Z")


def iso_moment_or_none(seconds: float | None) -> str | None:
    return None if seconds is None else iso_moment(seconds)


def iso_of_text(text: str) -> str:
    """Return a moment that is recorded as text in the same way."""
    return iso_moment(datetime.fromisoformat(text).timestamp())


def moment_text(seconds: float) -> str:
    """Return a moment as people read it."""
    return f"{_at(seconds):%Y-%m-%d %H:%M:%S} UTC"


def day_text(seconds: float) -> str:
    return f"{_at(seconds):%Y-%m-%d}"
