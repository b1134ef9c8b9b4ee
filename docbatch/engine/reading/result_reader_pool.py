"""Results read in other processes: what was fetched is checked and compressed there, and outputs are made there.

Nothing depends on them: what they do not bring, because they died or never started, is done here.
"""

import fcntl
import subprocess
import sys
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from docbatch.engine.reading.result_reader_process import (
    HEAD,
    Keep,
    Kept,
    Render,
    ReplyKind,
    line,
    read_kept,
    read_refusal,
)
from docbatch.processes import environment, slots

FEW = 256
"""Results that are read sooner here than processes for them would have started."""
MOST = 4
DEPTH = 8
"""Outputs that are asked for at each process before the first of them is waited for."""
PIPE = 1 << 20
"""Bytes of requests that may wait before a process, where the system allows to say so."""
REMEMBERED = 4096

Done = Future[bytes | None]


class ResultReaders:
    """The processes of one run, one for each processor but this one's; started when there is enough to do.

    Safe to use from several threads.
    """

    def __init__(self, spool: Path, *, few: int = FEW, width: int | None = None) -> None:
        self._spool = spool.absolute()
        self._few = few
        self._width = min(slots() - 1, MOST) if width is None else width
        self._processes: list[_Process] = []
        self._homes: dict[str, _Process] = {}

    @property
    def depth(self) -> int:
        """How many outputs are worth asking for ahead."""
        return DEPTH * len(self._processes)

    def expect(self, results: int) -> None:
        """Note that so many results are about to be kept or rendered. For the one thread that decides."""
        if results > self._few and not self._processes:
            self._processes = [_Process(self._spool) for _ in range(self._width)]

    def keep(self, kind: str, payload: bytes, *, soon: bool) -> Kept | None:
        """Cut, check and draft a payload for the spool; None where that has to be done here. Raises ValueError."""
        process = self._idlest()
        done = None if process is None else process.ask(line(Keep(kind, len(payload), soon)), payload)
        answer = None if done is None else done.result()
        if process is None or answer is None:
            return None
        kept = read_kept(answer)
        if soon:
            self._remember(kept.draft.digest, process)
        return kept

    def render(self, wanted: Render) -> Done | None:
        """Let an output be made, None if it was not; None where that has to be done here."""
        process = self._homes.pop(wanted.digest, None) or self._idlest()
        return None if process is None else process.ask(line(wanted))

    def close(self) -> None:
        for process in self._processes:
            process.end()

    def _idlest(self) -> "_Process | None":
        ready = [process for process in self._processes if process.is_ready]
        return min(ready, key=lambda process: process.waiting, default=None)

    def _remember(self, digest: str, process: "_Process") -> None:
        """Render where the answer is still in memory."""
        if len(self._homes) < REMEMBERED:
            self._homes[digest] = process


class _Process:
    """One process, and what it was asked and has not answered. A thread of its own takes the answers."""

    def __init__(self, spool: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "docbatch.engine.reading.result_reader_process", str(spool)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            cwd="/",
            # Ctrl-C asks this process to end well; it still needs the others then.
            start_new_session=True,
        )
        assert self._process.stdin
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):
                fcntl.fcntl(self._process.stdin, fcntl.F_SETPIPE_SZ, PIPE)
        self.is_ready = False
        self._asked: deque[Done] = deque()
        self._asking = threading.Lock()
        self._lock = threading.Lock()
        self._listener = threading.Thread(target=self._listen, name="docbatch-reader", daemon=True)
        self._listener.start()

    @property
    def waiting(self) -> int:
        return len(self._asked)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: bytes, payload: bytes = b"") -> Done | None:
        """Ask for something; None where this process is not there."""
        assert self._process.stdin
        done: Done = Future()
        with self._asking:
            with self._lock:
                if not self.is_ready:
                    return None
                self._asked.append(done)
            # The answers are always taken, so that this ends. A process that dies leaves all it was asked undone.
            with suppress(BrokenPipeError):
                self._process.stdin.write(request)
                self._process.stdin.write(payload)
                self._process.stdin.flush()
        return done

    def end(self) -> None:
        self._process.kill()
        self._listener.join()
        self._process.communicate()

    def _listen(self) -> None:
        assert self._process.stdout
        while len(head := self._process.stdout.read(HEAD.size)) == HEAD.size:
            said, length = HEAD.unpack(head)
            content = self._process.stdout.read(length)
            if len(content) < length:
                break
            if said == ReplyKind.READY:
                self.is_ready = True
            else:
                self._answer(said, content)
        with self._lock:
            self.is_ready = False
            unanswered = list(self._asked)
            self._asked.clear()
        for done in unanswered:
            done.set_result(None)

    def _answer(self, said: int, content: bytes) -> None:
        with self._lock:
            done = self._asked.popleft()
        if said == ReplyKind.REFUSED:
            done.set_exception(read_refusal(content))
        else:
            done.set_result(content if said == ReplyKind.DONE else None)
