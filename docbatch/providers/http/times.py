"""Times as vendors write them, in seconds since the epoch."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def moment(text: object) -> float | None:
    """Return an ISO timestamp, in UTC where it names no zone; None where there is none that can be read."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def header_date(text: str) -> float | None:
    """Return the time in a header such as `Date`; None where there is none that can be read."""
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except (ValueError, OverflowError):
        return None
