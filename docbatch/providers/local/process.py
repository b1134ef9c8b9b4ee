"""The pool's side of one worker process."""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.messages import READY, SPENT, Answer, Task, decode_answer, encode_task

_TAIL = 4096
_CHUNK = 1 << 16
_LAST_MOMENT = 0.5
_ENGINES_OWN = 256 << 20
_MEMORY_WORDS = (b"memory allocation", b"bad_alloc", b"out of memory", b"MemoryError", b"Cannot allocate")
# A kilobyte is what Linux counts peak memory in; macOS counts bytes.
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


class WorkerProcess:
    """One worker and the tasks it holds: the first is being read once it is `ready`, the rest wait.

    A `spent` worker has ended its last document and leaves.
    """

    def __init__(self, catalogue: str, env: dict[str, str], *, now: float, patience: float) -> None:
        command = [sys.executable, "-P", "-m", "docbatch.providers.local.worker", str(os.getpid()), catalogue]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, env=env, cwd="/", start_new_session=True
        )
        self.tasks: deque[Task] = deque()
        self.ready = False
        self.spent = False
        self.reading: Task | None = None
        self.since = now
        self.deadline: float | None = now + patience
        self._killed_for: Failure | None = None
        self._lines = b""
        self._tail = b""
        self._peak = 0
        for stream in self.streams():
            os.set_blocking(stream, False)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def leaving(self) -> bool:
        return self.spent or self._killed_for is not None

    def guilty(self) -> bool:
        """Whether the worker died on the first of its tasks, and not before it came to it."""
        return bool(self.ready and not self.spent and self.tasks and self.tasks[0] is self.reading)

    def streams(self) -> tuple[int, int]:
        """Return the descriptors to watch: answers, and what the worker says on standard error."""
        assert self._process.stdout
        assert self._process.stderr
        return self._process.stdout.fileno(), self._process.stderr.fileno()

    def give(self, task: Task) -> None:
        self.tasks.append(task)
        assert self._process.stdin
        try:
            self._process.stdin.write(encode_task(task) + b"\n")
        except BrokenPipeError:
            # It is dying; the end of its answers will say so, and the task is given to another.
            return

    def answers(self) -> Iterator[Answer]:
        """Yield the answers that have arrived. Raises EOFError when there will be no more."""
        chunk = self._read(self.streams()[0])
        *lines, self._lines = (self._lines + chunk).split(b"\n")
        for line in lines:
            if line == READY:
                self.ready = True
            elif line == SPENT:
                self.spent = True
            else:
                yield decode_answer(line)
        if not chunk:
            raise EOFError

    def listen(self) -> bool:
        """Keep the end of what the worker says on standard error; return whether there may be more."""
        chunk = self._read(self.streams()[1])
        self._tail = (self._tail + chunk)[-_TAIL:]
        return bool(chunk)

    def _read(self, stream: int) -> bytes:
        return os.read(stream, _CHUNK)

    def kill(self, reason: Failure | None = None) -> None:
        """Kill the worker and whatever it started. `reason` becomes the verdict on the document it was reading."""
        self._killed_for = self._killed_for or reason
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def leave(self) -> None:
        """Give a worker that closed its pipes a moment to end by itself, so that its own reason is seen; then kill it."""
        if self._killed_for is None and hasattr(os, "waitid"):
            patience = time.monotonic() + _LAST_MOMENT
            while time.monotonic() < patience:
                if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                    break
                time.sleep(0.005)
        self.kill()

    def reap(self) -> int:
        """Wait for the end of a killed or ended worker, close its pipes, return its exit code (negative: a signal)."""
        if self._process.returncode is None:
            _, status, usage = os.wait4(self.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self._peak = usage.ru_maxrss * _PEAK_UNIT
        self._last_words()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream
            stream.close()
        return self._process.returncode

    def _last_words(self) -> None:
        try:
            while self.listen():
                pass
        except BlockingIOError:
            return

    def said(self) -> str:
        """Return the last line the worker wrote to standard error."""
        return self._tail.decode("utf-8", "replace").strip().rpartition("\n")[2]

    def verdict(self, code: int, task: Task) -> Failure:
        """Say why the worker died on this task."""
        if self._killed_for:
            return self._killed_for
        if (
            any(word in self._tail for word in _MEMORY_WORDS)
            or self._peak > _ENGINES_OWN + task.max_memory // 2
        ):
            return Failure(
                FailureClass.MEMORY, f"the document needs more than max_memory ({task.max_memory} bytes)"
            )
        if code == -signal.SIGKILL:
            return Failure(
                FailureClass.MEMORY, "the system killed the engine, most likely because memory ran out"
            )
        end = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        said = self.said()
        return Failure(FailureClass.CRASHED, f"the engine died ({end}){': ' + said if said else ''}")
