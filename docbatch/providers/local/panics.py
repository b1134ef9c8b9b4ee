"""Whether an engine broke down while this process read a document, for steps that go on without it."""

from typing import Final


class Panics:
    """Notes that something broke down inside an engine, which may have left locks or memory in disorder."""

    def __init__(self) -> None:
        self._noted = False

    def note(self) -> None:
        self._noted = True

    def taken(self) -> bool:
        """Return whether something was noted since the last call."""
        noted, self._noted = self._noted, False
        return noted


CURRENT: Final = Panics()
"""Those of this process, which reads one document at a time."""
