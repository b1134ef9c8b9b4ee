"""How much the emulated Extend takes at a time: requests a second in three buckets, files a minute over all."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from docbatch.emulators.extend.refusals import Rejected
from docbatch.emulators.server import Request

MINUTE = 60.0


@dataclass
class Limits:
    """The smallest plan by default; `times` makes everything so much faster.

    `told` is how a 429 names the wait: in whole seconds, exactly, or not at all. Files in batches are worked on one
    after the other at their rate; a single run beyond it is refused.
    """

    per_second: float = 10.0
    files_per_minute: float = 80.0
    times: float = 1.0
    told: Literal["whole", "exact"] | None = "whole"
    refused: int = 0
    _passed: dict[str, deque[float]] = field(default_factory=dict)
    _free: float = 0.0

    def admit(self, request: Request, clock: Callable[[], float]) -> None:
        """Count a request. Raises Rejected when there were too many in the last second, or files in the last minute."""
        now, singles = clock(), request.path.endswith("/async")
        if singles:
            self._check("files", self.files_per_minute, MINUTE / self.times, now)
        bucket = _bucket(request)
        self._check(bucket, self.per_second, 1 / self.times, now)
        for name in (bucket, "files")[: 1 + singles]:
            self._passed[name].append(now)

    def over_at(self, now: float) -> float:
        """Return when the next file of a batch will have been worked on."""
        self._free = max(self._free, now) + MINUTE / self.times / self.files_per_minute
        return self._free

    def _check(self, name: str, most: float, span: float, now: float) -> None:
        passed = self._passed.setdefault(name, deque())
        while passed and passed[0] <= now - span:
            passed.popleft()
        if len(passed) >= most:
            self.refused += 1
            raise self._rejected(passed[0] + span - now)

    def _rejected(self, wait: float) -> Rejected:
        rejected = Rejected(429, "RATE_LIMIT_EXCEEDED", "Too many requests")
        if self.told is None:
            return rejected
        seconds = str(math.ceil(wait)) if self.told == "whole" else f"{wait:.3f}"
        return rejected.with_header("Retry-After", seconds)


def _bucket(request: Request) -> str:
    if request.method == "GET":
        return "read"
    return "run" if request.path.endswith(("/batch", "/async")) else "write"
