"""The pool's side of one worker process."""

import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from subprocess import PIPE

from docbatch.core.models import Failure, FailureClass
from docbatch.processes.child import Child
from docbatch.processes.frames import CHUNK, Frame
from docbatch.providers.local.messages import (
    MORE_MEMORY,
    PERHAPS_MORE_MEMORY,
    Answer,
    Task,
    read_answer,
    read_returned,
    tasks_message,
)
from docbatch.providers.local.pace import AnswerPace

_MODULE = "docbatch.providers.local.worker"
_TAIL = 4096
# Bytes of an answer beside its payload, or a little more.
_MESSAGE = 256
# With the models that read pictures.
_ENGINES_OWN = 1 << 30
_MEMORY_WORDS = (b"memory allocation", b"bad_alloc", b"out of memory", b"MemoryError", b"Cannot allocate")


class WorkerProcess(Child[Task]):
    """One worker and the tasks it holds: the first is being read, the rest wait."""

    def __init__(self, catalogue: str, env: dict[str, str], patience: float) -> None:
        super().__init__((_MODULE, str(os.getpid()), catalogue), env, PIPE, patience)
        self._killed_for: Failure | None = None
        self._tail = b""
        self._unsent = b""
        self.pace = AnswerPace()
        self._returned: list[Task] = []
        assert self._process.stderr
        self._stderr = self._process.stderr
        for stream in (*self.streams(), self.requests.fileno()):
            os.set_blocking(stream, False)

    def streams(self) -> tuple[int, int]:
        """Return the descriptors to watch: answers, and what the worker says on standard error."""
        return self.answers.fileno(), self._stderr.fileno()

    @property
    def has_unsent(self) -> bool:
        """Whether the pipe to the worker was full, so that `send_rest` has to be called when there is room."""
        return bool(self._unsent)

    def hand(self, tasks: Sequence[Task]) -> None:
        """Give the worker tasks to read, one after the other."""
        if not self.asked:
            self.pace.begin()
        self.give_all(tasks, Frame(tasks_message(tasks)))

    def send_rest(self) -> None:
        """Send on what found no room so far."""
        rest, self._unsent = self._unsent, b""
        self._send((rest, b""))

    def _send(self, packed: tuple[bytes, bytes]) -> None:
        # The worker may itself be waiting for room, until its answers are read here: nobody waits for it.
        self._unsent += b"".join(packed)
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self.requests.fileno(), self._unsent) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent = b""

    def ended(self) -> Iterator[tuple[Task, Answer]]:
        """Yield tasks whose answers have come. Raises EOFError after the last, and one of NONSENSE."""
        count = size = 0
        was_ready = self.is_ready
        try:
            for frame in self.arrived():
                if back := read_returned(frame):
                    self._take_back(*back)
                    continue
                answer = read_answer(frame)
                count += 1
                size += len(frame.payload) + _MESSAGE
                yield self.asked.popleft(), answer
        finally:
            if count:
                self.pace.note(count, size, was_idle=not self.asked)
            elif self.is_ready and not was_ready:
                self.pace.begin()

    def returned(self) -> list[Task]:
        """Take over what the worker gave back unread since the last call."""
        returned, self._returned = self._returned, []
        return returned

    def _take_back(self, kept: int, count: int) -> None:
        asked = list(self.asked)
        end = kept + count
        if end > len(asked):
            raise ValueError(f"{end} tasks of {len(asked)}")
        self._returned += asked[kept:end]
        self.asked = deque(asked[:kept] + asked[end:])

    def listen(self) -> bool:
        """Keep the end of what the worker says on standard error; return whether there may be more."""
        chunk = os.read(self._stderr.fileno(), CHUNK)
        self._tail = (self._tail + chunk)[-_TAIL:]
        return bool(chunk)

    def kill(self, reason: Failure | None = None) -> None:
        """Kill the worker and whatever it started. `reason` becomes the verdict on the document it was reading."""
        self._killed_for = self._killed_for or reason
        super().kill()

    def end(self) -> int:
        code = super().end()
        with suppress(BlockingIOError), self._stderr:
            while self.listen():
                pass
        return code

    def said(self) -> str:
        """Return the last line the worker wrote to standard error."""
        return self._tail.decode("utf-8", "replace").strip().rpartition("\n")[2]

    def was_taken_away(self, code: int) -> bool:
        """Say whether the system or a person killed the worker."""
        return code == -signal.SIGKILL and self._killed_for is None

    def verdict(self, code: int, task: Task) -> Failure:
        """Say why the worker died on this task."""
        if self._killed_for:
            return self._killed_for
        if (
            any(word in self._tail for word in _MEMORY_WORDS)
            or self.peak > _ENGINES_OWN + task.max_memory // 2
        ):
            needs = f"the document needs more than max_memory ({task.max_memory} bytes)"
            return Failure(FailureClass.MEMORY, f"{needs}; {MORE_MEMORY}")
        if code == -signal.SIGKILL:
            return Failure(
                FailureClass.MEMORY, "the system killed the engine, most likely because memory ran out"
            )
        end = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        said = self.said()
        # Some engines end at once, and without a word, when they get no more memory.
        guess = f"; {PERHAPS_MORE_MEMORY}" if code == -signal.SIGABRT else ""
        return Failure(FailureClass.CRASHED, f"the engine died ({end}){': ' + said if said else guess}")
