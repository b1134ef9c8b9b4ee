"""Containers as they are asked for: listed, and read member by member, by a process that is killed where it takes too long."""

import math
import os
import secrets
import select
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from docbatch.containers import messages
from docbatch.containers.bounds import ContainerBounds
from docbatch.containers.inside import ContainerMember, NotOpened, UnfitMember
from docbatch.containers.kinds import ContainerKind
from docbatch.containers.messages import ContainerFile, Place
from docbatch.core.models import Failure, FailureClass
from docbatch.processes.child import Child, environment
from docbatch.processes.frames import NONSENSE, Frame

_MODULE = "docbatch.containers.worker"
_PATIENCE = 60.0
_CHUNK = 1 << 20
_IN_MEMORY = 4 << 20
_MOST_PASSED_OVER = 20
"""Files in one container over which a process may end: each takes another one."""


class ContainerSource:
    """A container to be read: what it should be, the file that holds it, and how to open it where none does."""

    def __init__(
        self, digest: str, kind: ContainerKind, file: bytes | None, opened: Callable[[], BinaryIO]
    ) -> None:
        self.digest = digest
        self.kind = kind
        self.file = file
        self.open = opened


class OpeningEnded(NotOpened):
    """The process that read a container ended over it: another time may come further.

    `within` is the name of what it had begun to open in there, empty for the container itself.
    """

    def __init__(self, failure: Failure, within: str = "") -> None:
        super().__init__(failure)
        self.within = within


class ContainerReader:
    """Reads one container at a time, from whatever threads. Its process ends with it.

    `patience` are the seconds in which something has to come of each step.
    """

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._child: Child[None] | None = None
        self._carried = ""
        self._token = ""
        self._within = ""
        self._until = math.inf
        self._end: Callable[[], object] = _nothing

    def members(
        self, source: ContainerSource, bounds: ContainerBounds | None = None, until: float = math.inf
    ) -> list[ContainerMember | UnfitMember]:
        """Return what lies in a container, in path order. Raises NotOpened, also where it is not through at a moment of the monotonic clock.

        What a process ends over in there is passed over by the next one: one such file does not hide the others.
        """
        passed_over: dict[str, Failure] = {}
        while True:
            self._until = until
            try:
                return self._members(source, bounds or ContainerBounds(), passed_over)
            except OpeningEnded as error:
                is_known = not error.within or error.within in passed_over
                if is_known or len(passed_over) >= _MOST_PASSED_OVER or time.monotonic() >= until:
                    raise
                passed_over[error.within] = error.failure
            finally:
                self._until = math.inf

    def _members(
        self, source: ContainerSource, bounds: ContainerBounds, passed_over: Mapping[str, Failure]
    ) -> list[ContainerMember | UnfitMember]:
        rows: list[ContainerMember | UnfitMember] = []

        def take(frame: Frame) -> None:
            if frame.message[0] == "rows":
                rows.extend(messages.unpack_rows(frame.message[1]))

        def request(file: ContainerFile) -> Frame:
            return messages.list_members(file, bounds, passed_over)

        self._ask(source, request, take, rows.clear)
        return rows

    def content(self, source: ContainerSource, place: Place) -> BinaryIO:
        """Return the bytes of something in a container; whether it is what was meant, the caller sees. Raises NotOpened."""
        held = SpooledTemporaryFile[bytes](_IN_MEMORY)

        def again() -> None:
            held.seek(0)
            held.truncate()

        def take(frame: Frame) -> None:
            held.write(frame.payload)

        try:
            self._ask(source, lambda file: messages.read_member(file, place), take, again)
        except BaseException:
            held.close()
            raise
        held.seek(0)
        return cast("BinaryIO", held)

    def close(self) -> None:
        with self._lock:
            self._finish()

    def _ask(
        self,
        source: ContainerSource,
        request: Callable[[ContainerFile], Frame],
        take: Callable[[Frame], None],
        again: Callable[[], None],
    ) -> None:
        """Ask, and hand on what is answered. A process that ended is tried once more: it may have been ended from outside."""
        with self._lock:
            for last in (False, True):
                again()
                self._within = ""
                try:
                    self._exchange(source, request, take)
                except (EOFError, BrokenPipeError, *NONSENSE):
                    self._finish()
                    if last:
                        reason = "the process that opened it ended, as over damaged or hostile bytes"
                        raise OpeningEnded(Failure(FailureClass.CRASHED, reason), self._within) from None
                except NotOpened:
                    if self._child is not None and self._child.is_killed:
                        self._finish()
                    raise
                except BaseException:
                    # What is left of an answer would be taken for that to the next request.
                    self._finish()
                    raise
                else:
                    return

    def _exchange(
        self,
        source: ContainerSource,
        request: Callable[[ContainerFile], Frame],
        take: Callable[[Frame], None],
    ) -> None:
        child = self._child or self._start()
        file = os.fsdecode(source.file) if source.file is not None else ""
        token = "" if file else self._carry(child, source)
        child.give(None, request(ContainerFile(file, token, source.digest, source.kind)))
        child.asked.clear()
        for frame in self._frames(child):
            match frame.message[0]:
                case "busy":
                    continue
                case "opens":
                    self._within = str(frame.message[1])
                    continue
                case "rows":
                    self._within = ""
                case "end":
                    return
                case "changed":
                    raise NotOpened(Failure(FailureClass.UNREADABLE, "changed while it was read", "unstable"))
                case "failed":
                    raise NotOpened(messages.read_failure(frame.message[1:]))
            take(frame)

    def _frames(self, child: Child[None]) -> Iterator[Frame]:
        """Yield what is answered, as long as something comes in time. Raises EOFError where the process ended."""
        until = min(time.monotonic() + self._patience, self._until)
        while True:
            ready, _, _ = select.select([child.answers], [], [], max(until - time.monotonic(), 0))
            if not ready:
                child.kill()
                reason = f"nothing came of opening it for {self._patience:.0f} seconds"
                raise OpeningEnded(Failure(FailureClass.TIMEOUT, reason), self._within)
            yield from child.arrived()
            until = min(time.monotonic() + self._patience, self._until)

    def _carry(self, child: Child[None], source: ContainerSource) -> str:
        """Hand over the bytes of a container that no file has, unless they were the last."""
        if self._carried != source.digest:
            self._carried, self._token = "", secrets.token_hex(8)
            with source.open() as stream:
                while chunk := stream.read(_CHUNK):
                    child.give(None, messages.carry(self._token, chunk))
            self._carried = source.digest
        return self._token

    def _start(self) -> Child[None]:
        child = Child[None]((_MODULE, str(os.getpid())), environment())
        self._child = child
        self._end = weakref.finalize(self, _ended, child, os.getpid())
        return child

    def _finish(self) -> None:
        self._end()
        self._child, self._carried, self._end = None, "", _nothing


def _nothing() -> None:
    """There is no process."""


def _ended(child: Child[None], owner: int) -> None:
    # One that was forked off has no children.
    if os.getpid() == owner:
        child.kill()
        with suppress(ChildProcessError):
            child.end()
