"""Processes that count documents, two at once, each document under a deadline and a limit of memory.

What hangs, crashes or takes too much memory costs the document it happened at, not those that wait behind it.
"""

import math
import os
import selectors
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Self

from docbatch.core.extents import UNCOUNTED
from docbatch.counting.messages import CountedExtent, Uncounted, read_answer, request
from docbatch.processes import processors
from docbatch.processes.child import Child, environment
from docbatch.processes.frames import NONSENSE
from docbatch.sources.content import ContentError, reading

_MODULE = "docbatch.counting.worker"
_WIDTH = 2
_TOGETHER = 64
_FEW_LEFT = 16
_LONGEST = 48 << 10
"""Bytes of one message, at most: it has to find room in a pipe that nobody reads yet."""
_CARRIED = 64 << 20
"""The largest document that is sent to a process, where no file has it."""
_START_PATIENCE = 60.0
_START_ATTEMPTS = 3
_MARGIN_NS = 2_000_000_000
"""The coarsest clock among common file systems ticks every two seconds."""


@dataclass(frozen=True, slots=True)
class CountingBounds:
    """Seconds for one document, and for all of them together."""

    each: float = 10.0
    all: float = math.inf


class CountingProcess(Child[Uncounted]):
    """One process, and the documents it was given in order. Those it counted last may not be answered yet."""

    def __init__(self) -> None:
        env = environment() | {"OMP_THREAD_LIMIT": "1"}
        super().__init__((_MODULE, str(os.getpid())), env, patience=_START_PATIENCE)
        self._newest = 0

    @property
    def has_room(self) -> bool:
        """Whether it can be given more without waiting: what it was given before, it has read."""
        left = len(self.asked)
        return not self.is_leaving and (not left or left <= min(_FEW_LEFT, self._newest - 1))

    @property
    def is_alone(self) -> bool:
        """Whether it was given one document, and nothing before that is unanswered."""
        return self._newest == len(self.asked) == 1

    def hand(self, documents: list[Uncounted], since_ns: int, content: bytes = b"") -> None:
        self._newest = len(documents)
        self.give_all(documents, request(documents, since_ns, content))


class CountingPool:
    """Counts documents as they come. To be closed; used by one thread, with which its processes end.

    `since_ns` is a moment (of the wall clock) before the documents were looked at.
    """

    def __init__(self, bounds: CountingBounds, since_ns: int) -> None:
        self._bounds = bounds
        self._since_ns = since_ns - _MARGIN_NS
        self._width = min(_WIDTH, processors.available())
        self._processes: list[CountingProcess] = []
        self._again: deque[Uncounted] = deque()
        self._false_starts = 0
        self._selector = selectors.DefaultSelector()
        self._end = math.inf

    def counted(self, documents: Iterable[Uncounted]) -> Iterator[tuple[Uncounted, CountedExtent]]:
        """Yield each of the documents with what it has, in whatever order; no more of them are taken than are soon counted."""
        coming = iter(documents)
        self._end = time.monotonic() + self._bounds.all
        while True:
            yield from self._hand_out(coming)
            if not any(process.asked for process in self._processes) and not self._again:
                return
            if self._is_over():
                yield from self._leave(coming)
                return
            yield from self._listen()

    def close(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.end()
        self._processes.clear()
        self._selector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _is_over(self) -> bool:
        return self._false_starts >= _START_ATTEMPTS or time.monotonic() >= self._end

    def _leave(self, coming: Iterator[Uncounted]) -> Iterator[tuple[Uncounted, CountedExtent]]:
        """Yield what is left as not counted."""
        for process in self._processes:
            process.kill()
        given = [each for process in self._processes for each in process.asked]
        for each in chain(given, self._again, coming):
            yield each, CountedExtent(None)
        for process in self._processes:
            process.asked.clear()
        self._again.clear()

    def _hand_out(self, coming: Iterator[Uncounted]) -> Iterator[tuple[Uncounted, CountedExtent]]:
        while not self._is_over():
            process = next((each for each in self._processes if each.has_room), None)
            if process is None and len(self._processes) >= self._width:
                return
            documents = self._next(coming)
            if not documents:
                return
            content = b""
            if documents[0].file is None:
                if process is None or not process.is_ready or process.asked:
                    # What is carried is written at once, to a process that reads.
                    self._again.extendleft(reversed(documents))
                    if process is None:
                        self._start()
                    return
                read = _content(documents[0])
                if read is None:
                    yield documents[0], CountedExtent(None)
                    continue
                content = read
            process = process or self._start()
            process.hand(documents, self._since_ns, content)
            process.clock(self._allowance)

    def _next(self, coming: Iterator[Uncounted]) -> list[Uncounted]:
        """Take documents for one message: a few whose files are known, or one that is carried, or that something happened at."""
        if self._again:
            return [self._again.popleft()]
        taken: list[Uncounted] = []
        length = 0
        for each in islice(coming, _TOGETHER):
            taken.append(each)
            # A byte that is no letter is written as six.
            length += 6 * len(each.file or b"") + 256
            if each.file is None or length >= _LONGEST:
                break
        if len(taken) > 1 and taken[-1].file is None:
            self._again.appendleft(taken.pop())
        return taken

    def _start(self) -> CountingProcess:
        process = CountingProcess()
        self._processes.append(process)
        self._selector.register(process.answers.fileno(), selectors.EVENT_READ, process)
        return process

    def _allowance(self, _document: Uncounted) -> float:
        return self._bounds.each

    def _listen(self) -> Iterator[tuple[Uncounted, CountedExtent]]:
        deadline = min([self._end, *(process.deadline for process in self._processes)])
        patience = None if deadline == math.inf else max(deadline - time.monotonic(), 0)
        for key, _ in self._selector.select(patience):
            process: CountingProcess = key.data
            try:
                for frame in process.arrived():
                    self._false_starts = 0
                    for extent in read_answer(frame.message):
                        yield process.asked.popleft(), CountedExtent(extent)
                process.clock(self._allowance)
            except EOFError:
                yield from self._bury(process)
            except NONSENSE:
                process.kill()
        now = time.monotonic()
        for process in self._processes:
            if now >= process.deadline:
                process.deadline = math.inf
                process.kill()

    def _bury(self, process: CountingProcess) -> Iterator[tuple[Uncounted, CountedExtent]]:
        """Pass on what a process had when it ended, one by one; where that was one document, it is what ended it."""
        self._selector.unregister(process.answers.fileno())
        self._processes.remove(process)
        process.end()
        if not process.is_ready:
            self._false_starts += 1
        elif process.is_guilty() and process.is_alone:
            yield process.asked.popleft(), CountedExtent(UNCOUNTED, ended=True)
        self._again.extendleft(reversed(process.asked))


def _content(document: Uncounted) -> bytes | None:
    """Return the bytes of a document that no file has, None where they cannot be had."""
    if document.size > _CARRIED:
        return None
    try:
        with reading(), document.open() as stream:
            content = b""
            while len(content) <= document.size and (piece := stream.read(document.size + 1 - len(content))):
                content += piece
            return content
    except ContentError:
        return None
