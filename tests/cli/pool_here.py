"""The local engine's pool without its processes: documents are read as in a worker, by one thread of the test's own process."""

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Self
from unittest import mock

from docbatch.counting.messages import Asked, CountedExtent, Uncounted
from docbatch.counting.pool import CountingBounds
from docbatch.counting.worker import DocumentCounter
from docbatch.engine.planning.amounts import count_extents
from docbatch.processes import confine, processors
from docbatch.providers.local import engines, provider
from docbatch.providers.local.messages import Task
from docbatch.providers.local.pool import CATALOGUE
from docbatch.providers.local.reading_pool import TaskOutcome
from docbatch.providers.local.worker import DocumentReader

_AT_WORK = threading.Lock()
"""A reader reads one document at a time, whatever runs at once."""


@cache
def _reader() -> DocumentReader:
    return DocumentReader(engines)


class PoolHere:
    """Stands for the pool where a test is not about its processes, each of which takes long to start.

    It is the engine of documents that harm nobody: nothing is killed here, and no memory is limited.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        *,
        width: int | None = None,
        catalogue: str = CATALOGUE,
        search: Sequence[str] = (),
    ) -> None:
        assert catalogue == CATALOGUE, "other engines belong in processes"
        self.width = width or processors.available()
        self._wake = wake
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._ended: deque[TaskOutcome] = deque()
        self._thread = threading.Thread(target=self._run, name="docbatch-pool-here", daemon=True)
        self._thread.start()

    def remark(self) -> str:
        return ""

    def submit(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self._tasks.put(task)

    def drain(self) -> list[TaskOutcome]:
        return [self._ended.popleft() for _ in range(len(self._ended))]

    def cancel(self, ids: Collection[str]) -> None:
        raise AssertionError("what is cancelled belongs in processes")

    def pids(self) -> list[int]:
        return [os.getpid()]

    def close(self) -> None:
        self._tasks.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            with _AT_WORK, mock.patch.object(confine, "limit_memory", _unlimited):
                answer = _reader().answer(task)
            self._ended.append(TaskOutcome(task, answer))
            self._wake()


def _unlimited(_extra: int) -> None:
    """Leave the memory of the tests alone."""


class CountingHere:
    """Stands for the processes that count, in the same way."""

    def __init__(self, _bounds: CountingBounds, since_ns: int) -> None:
        self._since_ns = since_ns
        self._counter = DocumentCounter()

    def counted(self, documents: Iterable[Uncounted]) -> Iterator[tuple[Uncounted, CountedExtent]]:
        for each in documents:
            assert each.file is not None, "what is carried belongs in processes"
            asked = Asked(os.fsdecode(each.file), each.size, each.digest, each.media_type)
            yield each, CountedExtent(self._counter.count(asked, self._since_ns, b""))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be ended."""


@contextmanager
def reading_here() -> Iterator[None]:
    """Let the local provider read in this process, and plans count in it."""
    with (
        mock.patch.object(provider, "Pool", PoolHere),
        mock.patch.object(count_extents, "CountingPool", CountingHere),
    ):
        yield
