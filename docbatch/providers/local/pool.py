"""Worker processes, one per slot, each reading one document at a time under a deadline and a memory limit.

A thread of the parent hands out tasks and collects answers; it never touches a document's bytes. A worker that
hangs, crashes or runs out of memory costs the document it was reading, not the one waiting behind it.
"""

import importlib
import math
import os
import resource
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from docbatch.core.models import Failure, FailureClass
from docbatch.processes import processors
from docbatch.processes.child import environment
from docbatch.processes.frames import NONSENSE
from docbatch.providers.local.engines import Catalogue, shows_pages
from docbatch.providers.local.messages import MORE_TIME, Task, without_advice
from docbatch.providers.local.ocr import ways
from docbatch.providers.local.process import WorkerProcess
from docbatch.providers.local.reading_pool import TaskOutcome
from docbatch.providers.local.shares import take_shares

CATALOGUE = "docbatch.providers.local.engines"

ONE_THREAD_EACH = {
    "TOKIO_WORKER_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "HF_HUB_OFFLINE": "1",
}
_START_PATIENCE = 120.0
_START_ATTEMPTS = 3
# Where all workers hold so many, their answers are read every few milliseconds, not one by one.
_PLENTY = 16
_GATHERING = 0.001, 0.01
_MANY = 512
"""So many results are worth a round of their own."""
_FEW_LEFT = 16
"""While more than so many documents wait for each worker, results need not be taken at once."""
_PIPES = 3
_OTHER_FILES = 512


class Pool:
    """Reads tasks in worker processes.

    `wake` is called, from the pool's thread, when much has ended that nobody took, or when there is soon nothing left to do.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        *,
        width: int | None = None,
        catalogue: str = CATALOGUE,
        search: Sequence[str] = (),
    ) -> None:
        self._wake = wake
        self._width = width or processors.available()
        _make_room(self._width)
        self._catalogue = catalogue
        self._engines = cast("Catalogue", importlib.import_module(catalogue))
        self._env = environment(search) | ONE_THREAD_EACH
        self._lock = threading.Lock()
        self._queue: deque[Task] = deque()
        self._ended: deque[TaskOutcome] = deque()
        self._failed_before: dict[str, Failure] = {}
        self._cancelled: set[str] = set()
        self._given_again: set[str] = set()
        self._workers: list[WorkerProcess] = []
        self._false_starts = 0
        self._closing = False
        self._fault: Exception | None = None
        self._selector = selectors.DefaultSelector()
        self._bell, self._ring = os.pipe()
        os.set_blocking(self._bell, False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="docbatch-local-pool", daemon=True)
        self._thread.start()

    @property
    def width(self) -> int:
        return self._width

    def remark(self) -> str:
        return ""

    def submit(self, tasks: Iterable[Task]) -> None:
        with self._lock:
            self._queue.extend(tasks)
        os.write(self._ring, b"\0")

    def drain(self) -> list[TaskOutcome]:
        """Return what ended since the last call."""
        if self._fault:
            raise RuntimeError("the local engine's pool stopped") from self._fault
        with self._lock:
            ended, self._ended = list(self._ended), deque()
        return ended

    def cancel(self, ids: Collection[str]) -> None:
        """Give up these tasks; those that have not ended end as cancelled."""
        with self._lock:
            self._cancelled.update(ids)
        os.write(self._ring, b"\0")

    def pids(self) -> list[int]:
        """Return the ids of the worker processes."""
        return [worker.pid for worker in self._workers]

    def close(self) -> None:
        """Kill all workers. What has not ended is dropped."""
        if self._closing:
            return
        self._closing = True
        os.write(self._ring, b"\0")
        self._thread.join()
        self._selector.close()
        os.close(self._bell)
        os.close(self._ring)

    # The rest runs in the pool's thread. Workers must be started there: on Linux a worker dies with the *thread*
    # that started it.

    def _run(self) -> None:
        try:
            while not self._closing:
                if self._cancelled:
                    self._give_up_cancelled()
                self._hand_out()
                if self._is_awaited():
                    self._wake()
                self._attend()
                self._kill_late()
        except Exception as error:  # noqa: BLE001 - shown by the next `drain`; a silent thread would hang the run
            self._fault = error
            self._wake()
        finally:
            for worker in self._workers:
                worker.kill()
            for worker in self._workers:
                worker.end()
            self._workers.clear()

    def _is_awaited(self) -> bool:
        """Say whether it is time to take what ended. Where much is waiting to be read, it is looked for often enough."""
        with self._lock:
            return bool(self._ended) and (
                len(self._ended) >= _MANY or len(self._queue) <= _FEW_LEFT * self._width
            )

    def _hand_out(self) -> None:
        with self._lock:
            waiting = len(self._queue)
        idle = sum(not worker.asked for worker in self._workers)
        for _ in range(min(self._width - len(self._workers), waiting - idle)):
            self._start()
        workers = [worker for worker in self._workers if not worker.is_leaving]
        with self._lock:
            shares = take_shares(self._queue, workers, self._width)
        for worker, share in zip(workers, shares, strict=True):
            if share:
                worker.hand(share)
                worker.clock(self._allowance)
                self._watch_for_room(worker)

    def _watch_for_room(self, worker: WorkerProcess) -> None:
        """Have the selector tell when there is room for what a worker was not sent yet."""
        stream = worker.requests.fileno()
        is_watched = stream in self._selector.get_map()
        if worker.has_unsent and not is_watched:
            self._selector.register(stream, selectors.EVENT_WRITE, worker)
        elif is_watched and not worker.has_unsent:
            self._selector.unregister(stream)

    def _start(self) -> None:
        worker = WorkerProcess(self._catalogue, self._env, _START_PATIENCE)
        self._workers.append(worker)
        for stream in worker.streams():
            self._selector.register(stream, selectors.EVENT_READ, worker)

    def _attend(self) -> None:
        deadline = min((worker.deadline for worker in self._workers), default=math.inf)
        self._gather(deadline)
        patience = max(deadline - time.monotonic(), 0)
        for key, _ in self._selector.select(None if patience == math.inf else patience):
            if key.data is None:
                os.read(self._bell, 4096)
            elif key.data in self._workers:
                self._hear(key.data, key.fd)

    def _gather(self, deadline: float) -> None:
        """Let answers come together while all workers have enough to do."""
        if not self._workers or any(
            len(worker.asked) < _PLENTY or worker.has_unsent for worker in self._workers
        ):
            return
        least, most = _GATHERING
        wait = min(most, *(worker.pace.may_gather(len(worker.asked)) for worker in self._workers))
        if wait >= least:
            time.sleep(max(min(wait, deadline - time.monotonic()), 0))

    def _hear(self, worker: WorkerProcess, stream: int) -> None:
        if stream == worker.requests.fileno():
            worker.send_rest()
            self._watch_for_room(worker)
            return
        if stream == worker.streams()[1]:
            if not worker.listen():
                self._selector.unregister(stream)
            return
        ended: list[TaskOutcome] = []
        try:
            for task, answer in worker.ended():
                ended.append(TaskOutcome(task, answer))
            if worker.is_ready:
                self._false_starts = 0
            worker.clock(self._allowance)
        except EOFError:
            self._bury(worker)
        except NONSENSE as error:
            worker.kill(Failure(FailureClass.CRASHED, f"the engine's answer makes no sense: {error}"))
        finally:
            self._end(ended)
            self._queue_again(worker.returned())

    def _allowance(self, task: Task) -> float:
        """Return the seconds this attempt may take: half of them where another engine would still be tried.

        Reading pictures is slow and the other engine no faster: there the first attempt gets all the time.
        """
        slow = shows_pages(task.media_type) and ways.of(task.options) is not None
        return task.timeout / 2 if self._others(task) and not slow else task.timeout

    def _others(self, task: Task) -> bool:
        return len(self._engines.route(task.media_type, task.options)) > task.skip + 1

    def _kill_late(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if now >= worker.deadline:
                worker.deadline = math.inf
                timeout = worker.at_work.timeout if worker.at_work else _START_PATIENCE
                message = f"not read within {timeout:g} seconds; {MORE_TIME}"
                worker.kill(Failure(FailureClass.TIMEOUT, message))

    def _bury(self, worker: WorkerProcess) -> None:
        """Replace a dead worker: judge the document it was reading and pass on the one that waited."""
        for stream in (*worker.streams(), worker.requests.fileno()):
            if stream in self._selector.get_map():
                self._selector.unregister(stream)
        self._workers.remove(worker)
        code = worker.end()
        if worker.is_guilty():
            self._blame(worker, worker.asked.popleft(), code)
        elif not worker.is_ready:
            self._false_start(worker)
        self._queue_again(worker.asked)

    def _queue_again(self, tasks: Sequence[Task]) -> None:
        with self._lock:
            self._queue.extendleft(reversed(tasks))

    def _blame(self, worker: WorkerProcess, task: Task, code: int) -> None:
        if task.options.pages and task.id not in self._given_again and worker.was_taken_away(code):
            # No other engine reads parts, and this one did nothing wrong as far as anybody can tell.
            self._given_again.add(task.id)
            self._queue_again([task])
            return
        verdict = worker.verdict(code, task)
        # It may have begun to write.
        if task.out:
            Path(os.fsdecode(task.out)).unlink(missing_ok=True)
        left = task.timeout - (time.monotonic() - worker.since)
        if self._others(task) and left > 0 and verdict.kind is not FailureClass.CANCELLED:
            first = self._failed_before.setdefault(task.id, verdict)
            again = task._replace(skip=task.skip + 1, died=_why(first), timeout=left)
            self._queue_again([again])
        else:
            self._end([TaskOutcome(task, verdict)])

    def _false_start(self, worker: WorkerProcess) -> None:
        self._false_starts += 1
        if self._false_starts < _START_ATTEMPTS:
            return
        self._false_starts = 0
        failure = Failure(FailureClass.CRASHED, f"the local engine does not start: {worker.said()}")
        with self._lock:
            doomed = [*worker.asked, *self._queue]
            self._queue.clear()
        worker.asked.clear()
        self._end([TaskOutcome(task, failure) for task in doomed])

    def _give_up_cancelled(self) -> None:
        with self._lock:
            cancelled = set(self._cancelled)
            dropped = [task for task in self._queue if task.id in cancelled]
            if dropped:
                self._queue = deque(task for task in self._queue if task.id not in cancelled)
        verdict = Failure(FailureClass.CANCELLED, "cancelled")
        self._end([TaskOutcome(task, verdict) for task in dropped])
        for worker in self._workers:
            if worker.at_work and worker.at_work.id in cancelled:
                worker.kill(verdict)

    def _end(self, outcomes: Sequence[TaskOutcome]) -> None:
        self._given_again.difference_update(outcome.task.id for outcome in outcomes)
        if self._failed_before:
            outcomes = [self._judged(outcome) for outcome in outcomes]
        with self._lock:
            if self._cancelled:
                self._cancelled.difference_update(outcome.task.id for outcome in outcomes)
            self._ended.extend(outcomes)

    def _judged(self, outcome: TaskOutcome) -> TaskOutcome:
        """Where all engines failed on a document, the first reason is told."""
        before = self._failed_before.pop(outcome.task.id, None)
        return (
            TaskOutcome(outcome.task, before) if before and isinstance(outcome.answer, Failure) else outcome
        )


def _why(failure: Failure) -> str:
    """Return why an engine failed where another one may still read the document."""
    is_late = failure.kind is FailureClass.TIMEOUT
    return "it needed more than its share of config.timeout" if is_late else without_advice(failure)


def _make_room(workers: int) -> None:
    """Let this process hold the pipes of so many workers, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = workers * _PIPES + _OTHER_FILES
    if resource.RLIM_INFINITY != soft < wanted:
        # Some systems have a limit of their own below the one they tell.
        with suppress(ValueError, OSError):
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
