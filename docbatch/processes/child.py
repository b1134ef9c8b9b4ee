"""A process that was started here, and what it was asked. What it does at its end is in `parent.py`."""

import math
import os
import resource
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import ClassVar, Generic, TypeVar

import docbatch
from docbatch.processes.frames import CHUNK, LAST, READY, Frame, Frames, pack, write

_LAST_MOMENT = 0.5
# A kilobyte is what Linux counts peak memory in; macOS counts bytes.
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024

Asked = TypeVar("Asked")


def environment(search: Sequence[str] = ()) -> dict[str, str]:
    """Return what a process that reads strangers' bytes needs to know: no secret and no program to start."""
    own = str(Path(docbatch.__file__).parents[1])
    inherited = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")
    return {name: os.environ[name] for name in inherited if name in os.environ} | {
        "LANG": "C.UTF-8",
        "PATH": "/nonexistent",
        "HOME": "/nonexistent",
        "PYTHONPATH": os.pathsep.join((own, *search)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MALLOC_ARENA_MAX": "2",
    }


class Child(Generic[Asked]):
    """A process of `python -m MODULE` that answers in order what it is `asked`: it is at the first of that once it `is_ready`.

    One that `is_spent` gave its last answer and ends. `deadline` (monotonic) is the moment by which it has to be ready or
    to answer, for whoever holds it to that; `patience` are the seconds for its start. `peak` is what it held in memory at
    most, in bytes, known at its end; 0 where that is no more than this process held when it started the child.
    So many bytes of its answers as `chunk` says are taken at once.
    """

    chunk: ClassVar[int] = CHUNK

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        stderr: int = DEVNULL,
        patience: float = math.inf,
    ) -> None:
        # Linux counts the memory of the process that starts another as the other's own: below that nothing is known.
        self._inherited_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # Ctrl-C asks this process to end well; it still needs its children then: they get a session of their own.
        self._process = Popen(
            [sys.executable, "-P", "-m", *command],
            bufsize=0, stdin=PIPE, stdout=PIPE, stderr=stderr, env=env, cwd="/", start_new_session=True,
        )  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        self.requests, self.answers = self._process.stdin, self._process.stdout
        self.asked: deque[Asked] = deque()
        self.at_work: Asked | None = None
        self.is_ready = self.is_spent = self.is_killed = False
        self.since = time.monotonic()
        self.deadline = self.since + patience
        self.peak = 0
        self._frames = Frames()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_leaving(self) -> bool:
        """Whether the child begins nothing more."""
        return self.is_spent or self.is_killed

    def give(self, asked: Asked, frame: Frame) -> None:
        """Ask the child for something. Raises ValueError for what is too large to ask."""
        self.give_all((asked,), frame)

    def give_all(self, asked: Iterable[Asked], frame: Frame) -> None:
        """Ask the child for several things at once, each of which it answers. Raises ValueError for what is too large to ask."""
        packed = pack(frame)
        self.asked.extend(asked)
        # One that is dying says so by the end of its answers, and leaves all it was asked undone.
        with suppress(BrokenPipeError):
            self._send(packed)

    def _send(self, packed: tuple[bytes, bytes]) -> None:
        write(self.requests.fileno(), packed)

    def arrived(self) -> Iterator[Frame]:
        """Yield the answers that a read of the pipe brings. Raises EOFError after the last, and one of NONSENSE."""
        chunk = os.read(self.answers.fileno(), self.chunk)
        if not chunk:
            raise EOFError
        for frame in self._frames.feed(chunk):
            self.is_ready = self.is_ready or frame == READY
            self.is_spent = self.is_spent or frame == LAST
            if frame not in (READY, LAST):
                yield frame

    def clock(self, seconds: Callable[[Asked], float]) -> None:
        """Start the clock of what the child now works at, unless it runs already. `seconds` says how long that may take."""
        if not self.is_ready or self.is_leaving:
            return
        head = self.asked[0] if self.asked else None
        if head is None:
            self.deadline = math.inf
        elif head is not self.at_work:
            self.since = time.monotonic()
            self.deadline = self.since + seconds(head)
        self.at_work = head

    def is_guilty(self) -> bool:
        """Whether the child died at the first of what it was asked, and not before it came to it."""
        return bool(self.asked) and self.is_ready and not self.is_spent and self.asked[0] is self.at_work

    def kill(self) -> None:
        """Kill the child and whatever it started."""
        self.is_killed = True
        # Some systems refuse to signal what has ended and is not reaped yet.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def end(self) -> int:
        """Kill the child unless it ends by itself within a moment, so that its own reason is seen, and close its pipes.

        Return its exit code, negative for a signal.
        """
        patience = time.monotonic() + (0 if self.is_killed else _LAST_MOMENT)
        while time.monotonic() < patience and hasattr(os, "waitid"):
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                break
            time.sleep(0.005)
        self.kill()
        _, status, usage = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.peak = usage.ru_maxrss * _PEAK_UNIT if usage.ru_maxrss > self._inherited_peak else 0
        for stream in (self.requests, self.answers):
            stream.close()
        return self._process.returncode
