"""Time that a test moves, in the place of the system's, and files that somebody has open because the test says so."""

from dataclasses import dataclass


@dataclass
class Hands:
    """Time in the test's hands (seconds), and the paths that somebody has open."""

    now: float = 1000.0
    open: frozenset[bytes] = frozenset()

    def monotonic(self) -> float:
        return self.now
