"""What work amounts to: documents, pages, credits and money, each between two bounds. Pure, and exact: all are whole numbers."""

from dataclasses import dataclass
from operator import add

MILLION = 1_000_000
"""Credits and US dollars are counted in millionths, so that sums of prices such as 0.00125 stay exact."""

MOST_CREDITS = 1e12
"""No document is charged more: who tells so made a mistake."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """At least `low` and at most `high`, which is None where nothing says how much it may become."""

    low: int = 0
    high: int | None = 0

    def __add__(self, other: "Bounds") -> "Bounds":
        high = None if self.high is None or other.high is None else self.high + other.high
        return Bounds(self.low + other.low, high)

    def times(self, other: "Bounds") -> "Bounds":
        """Return what so many of these come to, such as pages of a price that is itself a range."""
        if 0 in {self.high, other.high}:
            return Bounds()
        high = None if self.high is None or other.high is None else self.high * other.high
        return Bounds(self.low * other.low, high)

    @property
    def is_exact(self) -> bool:
        return self.low == self.high


def exactly(number: int) -> Bounds:
    return Bounds(number, number)


UNKNOWN = Bounds(0, None)
"""Nothing is known of it."""


def plain(millionths: int) -> str:
    """Say so many millionths as people do: 1.50, 12, 0.00125."""
    whole, rest = divmod(millionths, MILLION)
    digits = f"{rest:06}".rstrip("0")
    return f"{whole:,}.{digits:0<2}" if digits else f"{whole:,}"


def said(bounds: Bounds, unit: str) -> str:
    """Say how much that is, in millionths of a unit such as USD."""
    if bounds.high is None:
        return f"at least {plain(bounds.low)} {unit}" if bounds.low else f"an unknown number of {unit}"
    return (
        f"{plain(bounds.high)} {unit}"
        if bounds.is_exact
        else f"{plain(bounds.low)} to {plain(bounds.high)} {unit}"
    )


@dataclass(frozen=True, slots=True)
class Amount:
    """What some work comes to. `credits` are the provider's own, `money` is in US dollars; both in millionths."""

    documents: Bounds = Bounds()
    pages: Bounds = Bounds()
    credits: Bounds = Bounds()
    money: Bounds = Bounds()

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(*map(add, self.parts, other.parts))

    @property
    def parts(self) -> tuple[Bounds, Bounds, Bounds, Bounds]:
        return self.documents, self.pages, self.credits, self.money


def believed_credits(told: float | None) -> float | None:
    """Return the credits that an answer tells, None where they cannot be that: what was reserved stays counted then."""
    return told if told is not None and 0 <= told <= MOST_CREDITS else None
