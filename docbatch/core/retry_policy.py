"""When a document that failed is tried again by itself: how often at most, and after which pause. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST = 6 * 3600.0
"""Seconds that no pause is longer than, unless the first of them is."""
JITTER = 0.25
"""The share of a pause that it may be longer, so that documents that failed together do not all come back at once."""


@dataclass(frozen=True, slots=True)
class RetryRule:
    """`times` is how often a document is tried again, whoever asked for it; `wait` (seconds) is the first pause."""

    times: int
    wait: float

    def allows(self, attempt: int) -> bool:
        """Say whether one more try may follow, where so many followed the first."""
        return attempt < self.times

    def pause(self, attempt: int, seed: str) -> float:
        """Return the seconds until the next try, where so many followed the first: doubled with each of them."""
        length = max(self.wait, min(self.wait * 2.0 ** min(attempt, 20), LONGEST))
        digest = hashlib.sha256(f"{seed} {attempt}".encode()).digest()
        return length * (1.0 + JITTER * int.from_bytes(digest[:4], "big") / 2**32)


RetryPolicy = Mapping[str, RetryRule]
"""Rules by failure class; `lost` stands for partial documents. What is not in it is never tried again by itself."""


@dataclass(frozen=True, slots=True)
class FailingRules:
    """What a job does about documents that failed, about what takes longer than its timeout, and about what is gone.

    `cancels_stuck` and `cancels_removed` say that the vendor is asked to stop it.
    """

    retry: RetryPolicy = field(default_factory=dict)
    cancels_stuck: bool = False
    cancels_removed: bool = False
