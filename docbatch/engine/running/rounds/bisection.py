"""Batches that a vendor refuses as a whole without a reason that says why: their halves are sent apart, until the culprit is alone."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from docbatch.core.errors import Refused
from docbatch.core.models import WorkItem
from docbatch.core.scheduler import Queue

MOST_REFUSALS = 32
"""How many refused creates a run makes of what it has to halve: enough to single out one in a thousand, and a few."""


@dataclass
class Bisection:
    """What is sent apart, by item: the number of its part. `tried` counts the refused batches that an item was in."""

    parts: dict[str, int] = field(default_factory=dict)
    tried: dict[str, int] = field(default_factory=dict)
    refusals: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def halves(self, items: Sequence[WorkItem], error: Exception) -> bool:
        """Have the halves of a refused batch sent apart; say whether they are, or the refusal has to stand."""
        if not isinstance(error, Refused) or not error.unexplained:
            return False
        self.refusals += 1
        for item in items:
            self.tried[item.key] = self.tried.get(item.key, 0) + 1
        if len(items) < 2 or self.refusals > MOST_REFUSALS:
            return False
        middle = len(items) // 2
        for half in (items[:middle], items[middle:]):
            number = next(self._numbers)
            self.parts.update((item.key, number) for item in half)
        return True

    def explained(self, items: Sequence[WorkItem], error: Refused) -> Refused:
        """Return a refusal that stands, with what was tried before."""
        before = max((self.tried.get(item.key, 1) for item in items), default=1) - 1
        if not before:
            return error
        alone = "sent alone" if len(items) == 1 else "sent in ever smaller batches"
        times = "once" if before == 1 else f"{before} times"
        text = f"{error.message}; it was refused with others {times} before it was {alone}"
        return Refused(text, code=error.code, kind=error.kind, hint=error.hint, unexplained=True)

    def forget(self, keys: Collection[str]) -> None:
        """Let go of what was taken, or ended."""
        for key in keys:
            self.parts.pop(key, None)
            self.tried.pop(key, None)

    def apart(self, queue: Queue) -> Iterator[Queue]:
        """Yield a queue without what is sent apart, and each part of that by itself."""
        if not any(item.key in self.parts for item in queue.items):
            yield queue
            return
        by_part: dict[int, list[WorkItem]] = {}
        for item in queue.items:
            by_part.setdefault(self.parts.get(item.key, 0), []).append(item)
        for part, items in sorted(by_part.items()):
            yield replace(queue, items=tuple(items), more=queue.more and not part)
