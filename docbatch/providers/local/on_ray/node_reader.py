"""What runs on a node for each of its processors: an actor that has documents read by a worker process it may kill.

Here as on one machine a document that hangs, crashes or eats memory costs itself alone.
"""

import sys
import threading
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple

from docbatch.providers.local.engines import Options
from docbatch.providers.local.messages import Answer, Task
from docbatch.providers.local.on_ray.loaned_bytes import LoanedBytes
from docbatch.providers.local.on_ray.node_parts import at_home, parts
from docbatch.providers.local.pool import Pool

_LONGEST_CALL = 1.0
_GATHERING = 0.25


class SentDocument(NamedTuple):
    """A task and the document's bytes. Its paths mean nothing here."""

    task: Task
    content: bytes


class NodeReader:
    """Is given documents and asked for answers in one call after the other; between them it goes on reading."""

    def __init__(self, catalogue: str, search: Sequence[str]) -> None:
        # For the catalogue that is asked here which engines there are; the worker has a path of its own.
        sys.path.extend(folder for folder in search if folder not in sys.path)
        self._rung = threading.Event()
        self._pool = Pool(self._rung.set, width=1, catalogue=catalogue, search=search)
        self._loans = LoanedBytes()
        self._held: set[str] = set()

    def parts(self, options: Options) -> dict[str, str]:
        """Return what documents are read with here under these options, by name and version."""
        return parts(options)

    def read(self, sent: Sequence[SentDocument], cancelled: Collection[str]) -> list[tuple[str, Answer]]:
        """Take more documents, and return answers by their tasks' ids: those that there are after a moment, perhaps none."""
        self._take(sent)
        if cancelled:
            self._pool.cancel(cancelled)
        answers: list[tuple[str, Answer]] = []
        until = time.monotonic() + _LONGEST_CALL
        while self._held and (left := until - time.monotonic()) > 0:
            self._rung.wait(min(left, _GATHERING))
            self._rung.clear()
            ended = [(outcome.task.id, outcome.answer) for outcome in self._pool.drain()]
            if ended and not answers:
                until = min(until, time.monotonic() + _GATHERING)
            answers += ended
            for id_, _ in ended:
                self._held.discard(id_)
                self._loans.take_back(id_)
        return answers

    def _take(self, sent: Sequence[SentDocument]) -> None:
        tasks = [
            task._replace(path=self._loans.lend(task.id, content), out=b"", options=at_home(task.options))
            for task, content in sent
        ]
        self._held.update(task.id for task in tasks)
        if tasks:
            self._pool.submit(tasks)
