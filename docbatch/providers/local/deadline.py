"""When the document at hand must be done, for steps that can stop halfway and name what they did not reach."""

import math
import time
from typing import Final

_SHARE = 0.8


class Deadline:
    """The time a worker has for the document it reads."""

    def __init__(self) -> None:
        self.seconds = math.inf
        self._stop = math.inf

    def start(self, seconds: float) -> None:
        """Begin a document that may take so many seconds."""
        self.seconds = seconds
        self._stop = time.monotonic() + seconds * _SHARE

    def is_near(self) -> bool:
        """Whether so much time is used up that what is left should go to writing down what was read."""
        return time.monotonic() >= self._stop


CURRENT: Final = Deadline()
"""That of this process, which reads one document at a time."""
