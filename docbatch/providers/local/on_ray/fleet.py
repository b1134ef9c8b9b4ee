"""The readers of a cluster: one for each processor of each node, made as nodes come and mourned as they go."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from docbatch.core.models import Failure, FailureClass
from docbatch.packed import MOST_CARRIED, write_entry
from docbatch.processes.frames import Frame
from docbatch.providers.local import reading
from docbatch.providers.local.engines import Options
from docbatch.providers.local.messages import Answer, Task, Unkept, Written, read_tasks
from docbatch.providers.local.on_ray.cluster_nodes import NodePauses, node_name, spread
from docbatch.providers.local.on_ray.conversation import (
    ClusterIdle,
    ClusterLost,
    ClusterNews,
    ClusterRemark,
    ClusterSettings,
    ClusterSize,
    ClusterUnfit,
    DriverRequest,
    ended_frame,
    news_frame,
)
from docbatch.providers.local.on_ray.document_queue import DocumentQueue, Holding
from docbatch.providers.local.on_ray.node_parts import difference, parts
from docbatch.providers.local.on_ray.node_reader import NodeReader, SentDocument
from docbatch.providers.local.on_ray.requests import Inbox

T = TypeVar("T")

_LOOKS = 3.0
"""Seconds between two looks at which nodes there are."""
_HEAD_SILENT = 30.0
_READER_SILENT = 300.0
_PATIENCE = 30.0
"""Seconds without a reader after which it is told that nothing is read."""
_SMALL = 1 << 20
_LONGEST_FAULT = 300
_OF_THE_PLACE = frozenset({FailureClass.TIMEOUT, FailureClass.MEMORY, FailureClass.CRASHED})
"""Failures that say something of the node as well as of the document."""
_INSTALL = "install docbatch and what it needs in the same versions on every node (docs/ray.md), then run the same command again; nothing was lost"


class _Over(Exception):
    """Nothing more is read on this cluster, and why."""

    def __init__(self, news: ClusterNews) -> None:
        super().__init__()
        self.news = news


@dataclass(slots=True, eq=False)
class _Reader:
    node: str
    node_name: str
    actor: Any
    holding: Holding = field(default_factory=Holding)
    cancelled: set[str] = field(default_factory=set)
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    known: set[Options] = field(default_factory=set)
    is_ready: bool = False


class Fleet:
    def __init__(self, settings: ClusterSettings, say: Callable[[Frame], None]) -> None:
        self._settings = settings
        self._say = say
        self._queue = DocumentQueue()
        self._readers: set[_Reader] = set()
        self._talks: set[asyncio.Task[None]] = set()
        self._refused: dict[str, str] = {}
        self._last_fault = ""
        self._pauses = NodePauses()
        self._over: asyncio.Future[ClusterNews | None] | None = None
        self._idle_since = 0.0
        self._is_waiting = False

    async def serve(self, inbox: Inbox) -> ClusterNews | None:
        """Have documents read until nothing more is asked; return what ended it before, if anything did."""
        loop = asyncio.get_running_loop()
        self._over = loop.create_future()
        self._idle_since = loop.time()
        inbox.open()
        jobs = [self._watched(self._listen(inbox)), self._watched(self._look_again_and_again())]
        news = await self._over
        for each in (*jobs, *self._talks):
            each.cancel()
        return news

    def _watched(self, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have something done that ends all else with it."""

        async def done() -> None:
            try:
                await job
            except _Over as over:
                self._finish(over.news)
            except Exception as error:  # noqa: BLE001 - told by who waits for the end
                self._finish(ClusterLost(_brief(error)))
            else:
                self._finish(None)

        return asyncio.ensure_future(done())

    def _finish(self, news: ClusterNews | None) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(news)

    async def _listen(self, inbox: Inbox) -> None:
        while True:
            for frame in await inbox.take():
                name, *values = frame.message
                if name == DriverRequest.TASKS:
                    self._queue.add(read_tasks(values[0]))
                elif name == DriverRequest.CANCEL:
                    self._cancel(set(values[0]))
            if inbox.has_ended:
                return
            self._ring()

    def _cancel(self, ids: set[str]) -> None:
        for task in self._queue.cancel(ids):
            self._end(task, Failure(FailureClass.CANCELLED, "cancelled"))
        for reader in self._readers:
            reader.cancelled |= ids & reader.holding.tasks.keys()

    def _ring(self) -> None:
        for reader in self._readers:
            reader.bell.set()

    async def _look_again_and_again(self) -> None:
        told: ClusterSize | None = None
        while True:
            try:
                nodes = await asyncio.wait_for(asyncio.to_thread(ray.nodes), _HEAD_SILENT)
            except TimeoutError:
                raise _Over(ClusterLost(f"its head has not answered for {_HEAD_SILENT:g} seconds")) from None
            size = ClusterSize(self._place_readers([node for node in nodes if node["Alive"]]))
            if size != told:
                self._say(news_frame(size))
                told = size
            self._tell_waiting()
            await asyncio.sleep(_LOOKS)

    def _place_readers(self, nodes: list[dict[str, Any]]) -> int:
        """Make the readers that are missing, and return how many there should be."""
        usable = {node["NodeID"]: node for node in nodes if node["NodeID"] not in self._refused}
        seats = [id_ for id_, node in usable.items() for _ in range(int(node["Resources"].get("CPU", 0)))]
        if not seats and any(node["NodeID"] in self._refused for node in nodes):
            raise _Over(ClusterUnfit(self._why_refused(nodes), _INSTALL))
        for reader in self._readers:
            if reader.node in seats:
                seats.remove(reader.node)
        width = len(self._readers) + len(seats)
        if self._settings.workers is not None:
            width = min(width, self._settings.workers)
        # One on each node before a second on any.
        seats = [seat for seat in spread(seats) if self._pauses.may_try(seat, self._now())]
        for id_ in seats[: max(width - len(self._readers), 0)]:
            self._make_reader(id_, node_name(usable[id_]))
        return width

    def _make_reader(self, node: str, name: str) -> None:
        actor = (
            ray.remote(NodeReader)
            .options(
                num_cpus=1,
                max_restarts=0,
                max_task_retries=0,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node_id=node, soft=False),
            )
            .remote(self._settings.catalogue, list(self._settings.search))
        )
        reader = _Reader(node, name, actor)
        self._readers.add(reader)
        talk = asyncio.ensure_future(self._talk(reader))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: _Reader) -> None:
        try:
            await self._check(reader, Options(ocr="off"))
            reader.is_ready = True
            self._pauses.forget(reader.node)
            self._tell_waiting()
            while reader in self._readers:
                await self._exchange(reader)
        except _Over as over:
            self._finish(over.news)
        except Exception as error:  # noqa: BLE001 - whatever Ray says, this reader is of no more use
            self._bury(reader, error)

    async def _exchange(self, reader: _Reader) -> None:
        tasks = self._queue.take(reader.holding, sum(each.is_ready for each in self._readers))
        for options in {
            replaced for task in tasks if (replaced := _without_secrets(task.options)) not in reader.known
        }:
            await self._check(reader, options)
        sent = [each for task in tasks if (each := await self._opened(reader, task)) is not None]
        if not reader.holding.tasks:
            if not tasks:
                await reader.bell.wait()
                reader.bell.clear()
            return
        cancelled, reader.cancelled = list(reader.cancelled), set()
        answers = await _answered(reader.actor.read.remote(sent, cancelled))
        for id_, answer in answers:
            self._take(reader, id_, answer)
        if answers:
            self._ring_idle()

    def _ring_idle(self) -> None:
        for reader in self._readers:
            if not reader.holding.tasks:
                reader.bell.set()

    async def _opened(self, reader: _Reader, task: Task) -> SentDocument | None:
        small = task.size <= _SMALL
        content = reading.read(task) if small else await asyncio.to_thread(reading.read, task)
        if isinstance(content, bytes):
            return SentDocument(task, content)
        self._queue.end(reader.holding, task.id)
        self._end(task, content)
        return None

    def _take(self, reader: _Reader, id_: str, answer: Answer) -> None:
        seconds = answer.seconds if isinstance(answer, Written) else None
        task = self._queue.end(reader.holding, id_, seconds)
        if task is None:
            return
        if isinstance(answer, Failure) and answer.kind in _OF_THE_PLACE:
            answer = Failure(answer.kind, f"on node {reader.node_name}: {answer.message}", answer.code)
        self._end(task, answer)

    def _end(self, task: Task, answer: Answer) -> None:
        self._say(ended_frame(task.id, _as_kept(task, answer)))

    async def _check(self, reader: _Reader, options: Options) -> None:
        """Make sure that documents would be read there as here; refuse the node otherwise."""
        there = await _answered(reader.actor.parts.remote(options))
        if unlike := difference(parts(options), there):
            self._refuse(reader, f"it has {unlike}")
            raise _Unlike
        reader.known.add(options)

    def _refuse(self, reader: _Reader, why: str) -> None:
        if reader.node not in self._refused:
            self._refused[reader.node] = f"node {reader.node_name}: {why}"
            self._say(news_frame(ClusterRemark(f"node {reader.node_name} of the cluster is not used: {why}")))

    def _why_refused(self, nodes: list[dict[str, Any]]) -> str:
        told = [why for node in nodes if (why := self._refused.get(node["NodeID"]))]
        return f"no node of the cluster can be used: {'; '.join(told)}"

    def _bury(self, reader: _Reader, error: Exception) -> None:
        self._readers.discard(reader)
        with suppress(Exception):
            ray.kill(reader.actor)
        if isinstance(error, _Unlike):
            self._queue.give_back(reader.holding)
        elif _lacks_docbatch(error):
            self._refuse(reader, "docbatch, or something it needs, is not installed there")
        if not reader.is_ready:
            self._last_fault = f"node {reader.node_name}: {_brief(error)}"
            self._pauses.note(reader.node, self._now())
        again = len(reader.holding.tasks)
        for task, failure in self._queue.lose(reader.holding, reader.node_name):
            self._end(task, failure)
        if again:
            self._say(news_frame(ClusterRemark(_mourned(reader.node_name, again))))
        self._ring()

    def _tell_waiting(self) -> None:
        now = self._now()
        if any(reader.is_ready for reader in self._readers):
            self._idle_since = now
        is_waiting = now - self._idle_since > _PATIENCE
        if is_waiting != self._is_waiting:
            self._is_waiting = is_waiting
            self._say(news_frame(ClusterIdle(self._why_waiting() if is_waiting else "")))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _why_waiting(self) -> str:
        last = f" (the last fault: {self._last_fault})" if self._last_fault else ""
        return f"no node of the cluster has a processor free for docbatch{last}"


class _Unlike(Exception):
    """A node that does not read as this machine does."""


async def _answered(reference: Awaitable[T]) -> T:
    return await asyncio.wait_for(reference, _READER_SILENT)


def _without_secrets(options: Options) -> Options:
    return Options(options.ocr, options.languages, options.tessdata)


def _as_kept(task: Task, answer: Answer) -> Answer:
    """Return an answer as the run takes it: what is large goes into the task's file."""
    if not isinstance(answer, Written) or answer.entry is None or len(answer.entry) <= MOST_CARRIED:
        return answer
    try:
        write_entry(task.out, answer.entry)
    except OSError as error:
        return Unkept(error.strerror or str(error))
    return Written(answer.digest, answer.size, answer.seconds, answer.partial, answer.warnings)


def _lacks_docbatch(error: Exception) -> bool:
    return "ModuleNotFoundError" in str(error) or "PackageNotFoundError" in str(error)


def _brief(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:_LONGEST_FAULT]


def _mourned(name: str, documents: int) -> str:
    what = "1 document is" if documents == 1 else f"{documents:,} documents are"
    return f"a process on node {name} of the cluster was lost, or the node itself; {what} read again"
