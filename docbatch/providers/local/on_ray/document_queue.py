"""Which documents go to which reader of a cluster: enough to keep it busy, never more than the cluster and the driver can hold."""

import math
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.messages import Task

# A reader has work for so many seconds, so that it need not wait for the next.
_AHEAD = 1.0
_MOST_HELD = 64
MOST_BYTES = 256 << 20
"""Bytes of documents that are under way together; a larger document goes alone."""
MOST_BYTES_EACH = 32 << 20
"""Bytes of documents that one reader holds; a larger one it holds alone."""
MOST_LOSSES = 4
"""So often a document is read again whose reader was lost; then it fails."""
_NEW = 0.2


@dataclass(slots=True)
class Holding:
    """What one reader holds, by id. A document whose reader was lost before is held `alone`: nothing else is suspected with it then."""

    tasks: dict[str, Task] = field(default_factory=dict)
    size: int = 0
    alone: bool = False

    def add(self, task: Task) -> None:
        self.tasks[task.id] = task
        self.size += task.size

    def remove(self, id_: str) -> Task | None:
        task = self.tasks.pop(id_, None)
        if task is not None:
            self.size -= task.size
        self.alone = self.alone and bool(self.tasks)
        return task


class DocumentQueue:
    """Documents that wait, and how fast they have been read."""

    def __init__(self) -> None:
        self._waiting: deque[Task] = deque()
        self._losses: dict[str, int] = {}
        self._seconds: float | None = None
        self._under_way = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, tasks: Iterable[Task]) -> None:
        self._waiting.extend(tasks)

    def take(self, holding: Holding, readers: int) -> list[Task]:
        """Give a reader what it should hold beside what it holds, as one of so many."""
        share: list[Task] = []
        wanted = self._wanted(readers)
        while self._waiting and len(holding.tasks) < wanted and self._may_take(holding, self._waiting[0]):
            task = self._waiting.popleft()
            holding.add(task)
            holding.alone = task.id in self._losses
            self._under_way += task.size
            share.append(task)
        return share

    def _wanted(self, readers: int) -> int:
        fast = 2 if self._seconds is None else math.ceil(_AHEAD / max(self._seconds, 1e-6)) + 1
        # Near the end a waiting document is better off with the next free reader than behind a slow one.
        fair = 1 + len(self._waiting) // (2 * max(readers, 1))
        return max(1, min(fast, fair, _MOST_HELD))

    def _may_take(self, holding: Holding, task: Task) -> bool:
        if holding.alone or (task.id in self._losses and holding.tasks):
            return False
        fits_here = not holding.tasks or holding.size + task.size <= MOST_BYTES_EACH
        return fits_here and (not self._under_way or self._under_way + task.size <= MOST_BYTES)

    def end(self, holding: Holding, id_: str, seconds: float | None = None) -> Task | None:
        """Note that a document was read, in so many seconds; return its task, None for one that the reader does not hold."""
        task = holding.remove(id_)
        if task is None:
            return None
        self._under_way -= task.size
        self._losses.pop(id_, None)
        if seconds is not None:
            known = seconds if self._seconds is None else self._seconds
            self._seconds = (1 - _NEW) * known + _NEW * seconds
        return task

    def lose(self, holding: Holding, where: str) -> list[tuple[Task, Failure]]:
        """Have everything wait again that a lost reader held, in front; return what was lost too often, and why it fails."""
        failed: list[tuple[Task, Failure]] = []
        for task in reversed(list(holding.tasks.values())):
            holding.remove(task.id)
            self._under_way -= task.size
            losses = self._losses.get(task.id, 0) + 1
            if losses < MOST_LOSSES:
                self._losses[task.id] = losses
                self._waiting.appendleft(task)
            else:
                self._losses.pop(task.id, None)
                failed.append((task, _lost(losses, where)))
        return failed

    def give_back(self, holding: Holding) -> None:
        """Have everything wait again that a reader held and did not read."""
        for task in reversed(list(holding.tasks.values())):
            holding.remove(task.id)
            self._under_way -= task.size
            self._waiting.appendleft(task)

    def cancel(self, ids: Collection[str]) -> list[Task]:
        """Drop what waits of these, and return it."""
        dropped = [task for task in self._waiting if task.id in ids]
        if dropped:
            self._waiting = deque(task for task in self._waiting if task.id not in ids)
        return dropped


def _lost(times: int, where: str) -> Failure:
    what = f"{times} processes or nodes of the cluster ended while they had it"
    return Failure(FailureClass.CRASHED, f"{what}, the last on node {where}")
