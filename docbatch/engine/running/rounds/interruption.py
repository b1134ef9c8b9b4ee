"""Ending a run before it is through, as the first Ctrl-C asks: nothing more is sent, what is under way is recorded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

GRACE = 2.0
"""Seconds that calls under way have to come back once a run is asked to end; what a create became is worth that much."""


class Interruption:
    """A wish that a run end soon. It may be said from any thread, before the run as well, and is not taken back.

    `calls_away` is asked while a run only waits for others: where it says True, it ends as one that does not wait.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self.calls_away: Callable[[], bool] = lambda: False
        self._wake: Callable[[], None] = lambda: None
        self._is_heeded = False

    def ask(self) -> None:
        """Have the run end soon."""
        self.is_asked = True
        self._wake()

    def ask_without_waking(self) -> None:
        """Have the run end once it looks here: for handlers of signals, which must take no lock."""
        self.is_asked = True

    @property
    def is_heeded(self) -> bool:
        """Whether something is sent or written now that ends well when it is asked to; before that nothing was."""
        return self._is_heeded

    @contextmanager
    def heeded(self, wake: Callable[[], None]) -> Iterator[None]:
        """Say that a run looks here from now on. `wake` ends its waiting."""
        self._wake = wake
        self._is_heeded = True
        try:
            yield
        finally:
            self._is_heeded = False
