"""Results read in other processes: what was fetched is checked and compressed there, and outputs are made there.

Nothing depends on them: what they do not bring, because they died or never started, is done here.
"""

import fcntl
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.processes import processors
from docbatch.processes.child import Child, environment
from docbatch.processes.frames import NONSENSE, Frame, message_of

if TYPE_CHECKING:
    from docbatch.engine.reading.result_reader_process import Keep, Kept, Render

_MODULE = "docbatch.engine.reading.result_reader_process"
FEW = 256
"""Results that are read sooner here than processes for them would have started."""
MOST = 4
DEPTH = 3
"""Windows of outputs that are asked for at each process before the first of them is waited for."""
PIPE = 1 << 20
"""Bytes of requests that may wait before a process, and of answers behind it, where the system allows to say so.

Whoever takes answers takes turns with all that this process does: with less room one that makes them would wait for each turn.
"""
REMEMBERED = 4096

Done = Future[bytes | None]


class ResultReaders:
    """The processes of one run, one for each processor but this one's, and two on two; started when there is enough to do.

    Safe to use from several threads.
    """

    def __init__(self, spool: Path, *, few: int = FEW, width: int | None = None) -> None:
        self._spool = spool.absolute()
        self._few = few
        self._width = _width() if width is None else width
        self._processes: list[ReaderProcess] = []
        self._homes: dict[str, ReaderProcess] = {}

    @property
    def depth(self) -> int:
        """How many windows of outputs are worth asking for ahead."""
        return DEPTH * len(self._processes)

    def expect(self, results: int) -> None:
        """Note that so many results are about to be kept or rendered. For the one thread that decides."""
        if results > self._few and not self._processes:
            self._processes = [ReaderProcess(self._spool) for _ in range(self._width)]

    def keep(self, kind: str, payload: bytes, *, soon: bool) -> "Kept | None":
        """Cut, check and draft a payload for the spool; None where that has to be done here. Raises ValueError."""
        from docbatch.engine.reading.result_reader_process import Keep, read_kept  # noqa: PLC0415 - nothing is read where nothing is due

        process = self._idlest()
        done = None if process is None else process.ask(Keep(kind, soon), payload)
        answer = None if done is None else done.result()
        if process is None or answer is None:
            return None
        kept = read_kept(answer)
        if soon:
            self._remember(kept.draft.digest, process)
        return kept

    def shares(self, digests: Iterable[str]) -> Mapping["ReaderProcess | None", Sequence[int]]:
        """Divide results that are about to be rendered, by their numbers: what one process still holds goes to that."""
        shares: dict[ReaderProcess | None, list[int]] = {}
        for number, digest in enumerate(digests):
            shares.setdefault(self._homes.pop(digest, None), []).append(number)
        return shares

    def render(self, wanted: "Render", home: "ReaderProcess | None" = None) -> Done | None:
        """Let outputs be made, None if they were not; None where that has to be done here."""
        process = home or self._idlest()
        return None if process is None else process.ask(wanted)

    def close(self) -> None:
        for process in self._processes:
            process.end()

    def _idlest(self) -> "ReaderProcess | None":
        ready = [process for process in self._processes if process.is_ready]
        return min(ready, key=lambda process: len(process.asked), default=None)

    def _remember(self, digest: str, process: "ReaderProcess") -> None:
        """Render where the answer is still in memory."""
        if len(self._homes) < REMEMBERED:
            self._homes[digest] = process


class ReaderProcess(Child[Done]):
    """One process. A thread of its own takes the answers."""

    chunk = PIPE

    def __init__(self, spool: Path) -> None:
        super().__init__((_MODULE, str(spool)), environment())
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            for pipe in (self.requests, self.answers):
                with suppress(OSError):
                    fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE)
        self._asking = threading.Lock()
        self._listener = threading.Thread(target=self._listen, name="docbatch-reader", daemon=True)
        self._listener.start()

    def ask(self, request: "Keep | Render", payload: bytes = b"") -> Done | None:
        """Ask for something; None where this process is not there, or it is too much to ask."""
        done: Done = Future()
        with self._asking, suppress(ValueError):
            if self.is_ready:
                # The answers are always taken, so that this ends.
                self.give(done, Frame(message_of(request), payload))
                self._leave_undone()
                return done
        return None

    def end(self) -> int:
        self.kill()
        self._listener.join()
        with self._asking:
            return super().end()

    def _listen(self) -> None:
        with suppress(EOFError, *NONSENSE):
            while True:
                for frame in self.arrived():
                    self._answer(frame)
        self.kill()
        self.is_ready = False
        self._leave_undone()

    def _leave_undone(self) -> None:
        """Give up all that was asked of a process that is gone. Who asks looks, too: it may go at that moment."""
        with suppress(IndexError):
            while not self.is_ready:
                self.asked.popleft().set_result(None)

    def _answer(self, frame: Frame) -> None:
        from docbatch.engine.reading.result_reader_process import ReplyKind, read_refusal  # noqa: PLC0415 - the same

        said, *reason = frame.message
        refusal = read_refusal(*reason) if said == ReplyKind.REFUSED else None
        done = self.asked.popleft()
        if refusal:
            done.set_exception(refusal)
        else:
            done.set_result(frame.payload if said == ReplyKind.DONE else None)


def _width() -> int:
    """Return how many processes are worth having. On two processors one would be waited for while this one writes what it made."""
    usable = processors.available()
    return min(max(usable - 1, 2), MOST) if usable > 1 else 0
