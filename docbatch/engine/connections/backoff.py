"""How long to wait before the same is asked again: longer each time, never longer than a minute of our own."""

from dataclasses import dataclass

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
LIMITED = 4.0
"""The longest where the vendor is there and only too much was asked: its limits open again by the second or minute."""


@dataclass(slots=True)
class Backoff:
    """The pauses of one matter. `length` (seconds) is the last of our own, None after a try that went well."""

    length: float | None = None

    def next(self, asked: float | None = None, *, limited: bool = False) -> float:
        """Return the seconds until the next try: the vendor's own wait where it names one, else twice our last."""
        if asked:
            return asked
        self.length = min(FIRST_PAUSE if self.length is None else self.length * 2, LONGEST_PAUSE)
        if limited:
            self.length = min(self.length, LIMITED)
        return self.length

    def relax(self) -> None:
        """Forget earlier pauses: the last try went well."""
        self.length = None
