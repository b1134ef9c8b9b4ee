"""How fast a worker answers, and with that how much it may hold and how long its answers may wait for their reader."""

import time

# While a worker is this fast, documents that are read in so many seconds wait at it.
_AHEAD = 0.04
_MOST = 128
# Half of what a pipe holds.
_ROOM = 1 << 15


class AnswerPace:
    """The pace of late, nothing as long as nobody was waited for."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._seconds = 0.0
        self._size = 0.0

    def begin(self) -> None:
        """Start the clock: the worker has something to do again."""
        self._since = time.monotonic()

    def note(self, answers: int, size: int, *, was_idle: bool) -> None:
        """Note so many answers of so many bytes since the last time. One that `was_idle` before they were seen was faster yet."""
        now = time.monotonic()
        seconds, self._since = (now - self._since) / answers, now
        if not self._seconds:
            self._seconds, self._size = seconds, size / answers
        elif not was_idle or seconds < self._seconds:
            self._seconds += (seconds - self._seconds) / 2
        self._size += (size / answers - self._size) / 2

    @property
    def ahead(self) -> int:
        """How many small documents may wait at the worker, 0 where nothing is known yet."""
        return min(_MOST, int(_AHEAD / self._seconds)) if self._seconds else 0

    def may_gather(self, asked: int) -> float:
        """Return for how many seconds a worker that was asked so much will have both work, and room for its answers."""
        return self._seconds * min(asked / 2, _ROOM / self._size) if self._size else 0.0
