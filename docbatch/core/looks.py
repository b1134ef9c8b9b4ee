"""Looks that count: far enough apart by the vendor's clock, so that several short runs settle what one long one would."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from docbatch.core.models import Traits

LEAST_PAUSE = 0.05
"""Seconds before a look that is due because the vendor's dates, cut to seconds, may have moved on."""


class LookKind(StrEnum):
    """What was looked for in vain.

    EMPTY: an unanswered create, beside a visible witness. BLIND: the same, without one, which proves nothing. UNSEEN: a
    trace of documents of work that was found. DOUBTED: a sign of life of documents that the vendor seems to have dropped.
    WATCH: work that a copied state does not know.
    """

    EMPTY = "empty"
    BLIND = "blind"
    UNSEEN = "unseen"
    DOUBTED = "doubted"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class SpacedLooks:
    """How many looks of one kind count, and when the first and the last were made: vendor's time, seconds since the epoch."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0

    def with_one(self, at: float, traits: Traits) -> Self:
        """Return them with one more, made at `at`, if that is far enough from the last.

        Once they are many enough only time is missing, and any later look tells that it has passed. A clock that jumped
        back by more than the grace was wrong before or is now: then counting begins anew, which is slower and never wrong.
        """
        if not self.count or at < self.last - traits.grace:
            return replace(self, count=1, first=at, last=at)
        if self.count >= traits.looks:
            return replace(self, last=max(self.last, at))
        if at - self.last < traits.least_spacing:
            return self
        return replace(self, count=self.count + 1, last=at)

    def are_enough(self, traits: Traits) -> bool:
        """Say whether so many looks, over such a time, are what the traits ask for."""
        return self.count >= traits.looks and self.last - self.first >= traits.grace

    def until(self, traits: Traits) -> float:
        """Return when they are enough at the earliest, if looks go on without a break: vendor's time."""
        lacking = max(traits.looks - self.count, 0)
        return max(self.first + traits.grace, self.last + lacking * traits.look_spacing)

    def pause(self, traits: Traits) -> float:
        """Return the seconds until the next look of this run: the spacing, or what is left of the grace after enough."""
        if self.count < traits.looks:
            return traits.look_spacing
        return min(max(self.first + traits.grace - self.last, LEAST_PAUSE), traits.look_spacing)


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks for one unanswered create: what counts of them, and when the next is due in this process (monotonic).

    `asked` says that this process has looked, whatever it saw.
    """

    empty: SpacedLooks = field(default_factory=SpacedLooks)
    blind: SpacedLooks = field(default_factory=SpacedLooks)
    asked: bool = False
    next_at: float = 0.0

    @property
    def most(self) -> SpacedLooks:
        """Return those that are nearest to an end of the question."""
        return self.blind if self.blind.count > self.empty.count else self.empty
