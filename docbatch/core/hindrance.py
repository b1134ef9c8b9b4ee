"""What stops or slows a connection, as people are told of it. Pure: values in, text out."""

from dataclasses import asdict, dataclass
from typing import Any

from docbatch.core.moments import iso_moment, iso_moment_or_none, moment_text
from docbatch.core.report import span, visible

ANSWERED = "answered "
"""Begins a cause that is an answer of the vendor: then it matters what was asked."""
MENTIONED = 60.0
"""Seconds from which on it is said how long a hindrance lasts."""


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One cause that stops or slows a connection.

    `call` is what was asked, empty where nothing can be, `cause` why it was not done, in the same words each time, and
    `message` what was last said of it. `since` and `last` are when it was met first and last, `next` when it is tried
    again, None where that is not known; all in wall time. `tries` counts in one run alone.
    """

    connection: str
    call: str
    cause: str
    message: str
    since: float
    last: float
    next: float | None = None
    tries: int = 1

    def values(self) -> dict[str, Any]:
        """Return it for JSON."""
        times = {
            "since": iso_moment(self.since),
            "last": iso_moment(self.last),
            "next": iso_moment_or_none(self.next),
        }
        return {**asdict(self), **times}

    @property
    def what(self) -> str:
        return cause_text(self.call, self.cause)

    @property
    def seconds(self) -> float:
        return max(0.0, self.last - self.since)


def cause_text(call: str, cause: str) -> str:
    """Return a cause in few words, without its connection: `create answered 429`."""
    return f"{call} {cause}" if cause.startswith(ANSWERED) else cause


def lasting_text(seconds: float) -> str:
    return f" for {span(seconds)}" if seconds >= MENTIONED else ""


def coming_text(seconds: float | None) -> str:
    """Say when it is tried again, given the seconds until then."""
    return "" if seconds is None else f", next try in {span(max(1.0, seconds))}"


def said_text(call: str, cause: str, message: str) -> str:
    """Return the vendor's own words, where they say more than the cause, which is not said again."""
    more = message.removeprefix(cause).removeprefix(": ").replace(f" ({cause})", "")
    return f": {more}" if call and more else ""


def recorded_text(hindrance: Hindrance) -> str:
    """Return a hindrance of some time ago in one line, with when it was met, in UTC, and what was last said of it."""
    since, last = moment_text(hindrance.since), moment_text(hindrance.last)
    met = f"at {since}" if since == last else f"since {since}, last {last}"
    following = "" if hindrance.next is None else f", next try {moment_text(hindrance.next)}"
    said = said_text(hindrance.call, hindrance.cause, hindrance.message)
    return visible(f"{hindrance.connection}: {hindrance.what} ({met}{following}){said}")
