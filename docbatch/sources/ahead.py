"""The walk of a large tree, carried on in a second process while this one compares what was found.

Asking the system about files takes as long as all the rest of a scan, and both need the interpreter. The first windows
are walked here; a tree that is not through by then is worth a process. It only saves time: whatever becomes of it, the
walk goes on here, after the last path it told.
"""

import gc
import marshal
import os
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from docbatch.models import Failure, FailureClass
from docbatch.sources.globs import Globs, compile_globs
from docbatch.sources.walk import WINDOW, Unusable, Window, walk

ALONE = 16
PIPE = 1 << 20

# It imports what this process imports, and nothing from the folder it happens to be started in.
_CHILD = """
import marshal, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.path[:] = marshal.load(sys.stdin.buffer)
from docbatch.sources.ahead import serve
serve()
"""


def walk_ahead(
    root: Path, globs: Globs, *, alone: int = ALONE, size: int = WINDOW
) -> Generator[Window, None, None]:
    """Yield what `walk` yields. Trees of fewer than half of `alone` windows cost no process."""
    after = b""
    with _Walker() as walker:
        for number, window in enumerate(walk(root, globs, size=size), start=1):
            yield window
            after = window.last()
            if number == alone // 2 and _cores() > 1:
                walker.start()
            if number == alone and walker.begin(root, globs, after, size):
                break
        else:
            return
        for window in walker:
            yield window
            after = window.last()
    if not walker.finished:
        yield from walk(root, globs, after=after, size=size)


class _Walker:
    """A process that walks, and waits when it is too far ahead. It ends with this one, however this one ends."""

    def __init__(self) -> None:
        self.finished = False
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; that takes it a while, so the walk is handed over later."""
        with suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _CHILD],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pipesize=PIPE,
            )
            self._tell(sys.path)

    def begin(self, root: Path, globs: Globs, after: bytes, size: int) -> bool:
        """Hand the walk over, if there is a process to take it."""
        if self._process is None:
            return False
        with suppress(OSError):
            self._tell((bytes(root), *globs.patterns, after, size))
        return True

    def __enter__(self) -> Self:
        return self

    def __iter__(self) -> Iterator[Window]:
        stream = self._process.stdout if self._process is not None else None
        while stream is not None and (payload := _receive(stream)) is not None:
            if not payload:
                self.finished = True
                return
            yield _unpack(payload)

    def _tell(self, order: Any) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(marshal.dumps(order))
        self._process.stdin.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(OSError):
                self._process.communicate()


def serve() -> None:
    """Walk for another process, which orders on standard input, holds it open, and reads from standard output."""
    # Nothing here makes cycles, and looking for them takes a tenth of the time.
    gc.disable()
    root, include, exclude, hidden, after, size = marshal.load(sys.stdin.buffer)  # noqa: S302 - from our own parent
    threading.Thread(target=_end_with_reader, daemon=True).start()
    stream = sys.stdout.buffer
    globs = compile_globs(include, exclude, hidden=hidden)
    for window in walk(Path(os.fsdecode(root)), globs, after=after, size=size):
        _send(stream, _pack(window))
    _send(stream, b"")
    os._exit(0)


def _end_with_reader() -> None:
    os.read(0, 1)
    os._exit(1)


def _send(stream: BinaryIO, payload: bytes) -> None:
    stream.write(len(payload).to_bytes(8, "little") + payload)
    stream.flush()


def _receive(stream: Any) -> bytes | None:
    """Return the next payload, None when the stream ends early."""
    header = stream.read(8)
    length = int.from_bytes(header, "little")
    payload: bytes = stream.read(length)
    return payload if len(header) == 8 and len(payload) == length else None


def _pack(window: Window) -> bytes:
    unusable = [(path, str(it.kind), it.message, it.code) for path, it in window.unusable]
    return marshal.dumps((window.found, unusable))


def _unpack(payload: bytes) -> Window:
    found, unusable = marshal.loads(payload)  # noqa: S302 - from our own child
    return Window(
        found,
        [
            Unusable(path, Failure(FailureClass(kind), message, code))
            for path, kind, message, code in unusable
        ],
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
