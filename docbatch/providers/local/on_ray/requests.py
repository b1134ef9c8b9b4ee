"""What the driver is asked, and its end: whoever asked is gone then, or wants no more."""

import asyncio
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress

from docbatch.processes.frames import CHUNK, Frame, Frames

_LAST_MOMENT = 4.0


class Requests:
    """Frames from the pool, read in a thread of their own so that the pool never waits, and its end is noticed at once."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._folder = ""
        self._frames = Frames()
        self._held: list[Frame] = []
        self.ended = threading.Event()

    def first(self) -> Frame:
        """Wait for the first frame. Raises EOFError."""
        while not self._held:
            self._held += self._more()
        return self._held.pop(0)

    def _more(self) -> Iterator[Frame]:
        chunk = os.read(self._pipe, CHUNK)
        if not chunk:
            raise EOFError
        yield from self._frames.feed(chunk)

    def follow(self, inbox: "Inbox", folder: str) -> None:
        """Hand on what comes from now on. At its end this process has a moment for an orderly end, and its folder goes."""
        self._folder = folder
        threading.Thread(target=self._follow, args=(inbox,), daemon=True).start()

    def _follow(self, inbox: "Inbox") -> None:
        with suppress(EOFError, OSError, ValueError):
            for frame in self._held:
                inbox.put(frame)
            while True:
                for frame in self._more():
                    inbox.put(frame)
        inbox.end()
        threading.Event().wait(_LAST_MOMENT)
        end_all(self._folder)


class Inbox:
    """What was asked and not taken up yet. Frames that come before the loop runs wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: list[Frame] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()
        self.has_ended = False

    def put(self, frame: Frame) -> None:
        with self._lock:
            self._frames.append(frame)
        self._ring()

    def end(self) -> None:
        self.has_ended = True
        self._ring()

    def _ring(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._rung.set)

    def open(self) -> None:
        """Ring in the loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self._rung.set()

    async def take(self) -> list[Frame]:
        """Wait for frames, or for the end."""
        await self._rung.wait()
        self._rung.clear()
        with self._lock:
            frames, self._frames = self._frames, []
        return frames


def end_all(folder: str) -> None:
    """End this process and whatever it started that is still here: Ray's own processes share its group. Its folder goes, too."""
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)
