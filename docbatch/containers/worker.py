"""The process that opens containers: `python -m docbatch.containers.worker PARENT_PID`.

Containers are strangers' bytes: it knows no secret, writes nothing but files without a name, and may be killed at any moment.
"""

import hashlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, cast

from docbatch.containers import messages
from docbatch.containers.bounds import ContainerBounds
from docbatch.containers.inside import OpenContainer
from docbatch.containers.kinds import ContainerKind
from docbatch.containers.member_listing import EMBEDDED, MemberListing, failure_of
from docbatch.containers.messages import BUSY, CHANGED, END, ContainerFile, Place
from docbatch.containers.openers import open_container
from docbatch.core.models import Failure, FailureClass
from docbatch.processes import confine
from docbatch.processes.frames import Frame
from docbatch.processes.parent import die_with, private_pipes, serve_all

MEMORY = 1 << 30
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CHUNK = 1 << 20
_IN_MEMORY = 8 << 20
_OFTEN = 1.0


class ContainerServer:
    """Keeps the container that was asked for last open, and what was opened in it last."""

    def __init__(self, bounds: ContainerBounds) -> None:
        self._bounds = bounds
        self._carried: tuple[str, BinaryIO] | None = None
        self._file: BinaryIO | None = None
        self._opened: tuple[object, OpenContainer] | None = None
        self._inner: Place = ()
        self._within: list[tuple[OpenContainer, BinaryIO | None]] = []

    def answers(self, request: Frame) -> Iterator[Frame]:
        what, first, *rest = request.message
        if what == "carry":
            self._carry(first, request.payload)
            return
        container = messages.read_container(first)
        told = time.monotonic()
        try:
            steps = (
                self._list(container, rest)
                if what == "list"
                else self._read(container, messages.read_place(rest[0]))
            )
            for frame in steps:
                if frame is not BUSY or time.monotonic() - told >= _OFTEN:
                    yield frame
                    told = time.monotonic()
        except OSError as error:
            self._forget()
            reason = f"cannot be read: {error.strerror or error}"
            yield messages.failed(Failure(FailureClass.UNREADABLE, reason))
        except Exception as error:  # noqa: BLE001 - whatever a library raises concerns this container alone
            self._forget()
            yield messages.failed(failure_of(error))

    def _list(self, container: ContainerFile, wish: Sequence[Any]) -> Iterator[Frame]:
        bounds, passed_over = messages.read_wish(wish, self._bounds)
        file = self._content(container)
        file.seek(0)
        before = _status(file)
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            yield BUSY
        size = file.tell()
        confine.limit_memory(MEMORY + size)
        listing = MemberListing(bounds, size, passed_over)
        for name in listing.read(file, container.kind):
            yield BUSY if name is None else messages.opens(name)
        if digest.hexdigest() != container.digest or _status(file) != before:
            yield CHANGED
            return
        for start in range(0, len(listing.rows), messages.TOGETHER):
            yield messages.rows_message(listing.rows[start : start + messages.TOGETHER])
        yield END

    def _read(self, container: ContainerFile, place: Place) -> Iterator[Frame]:
        with self._found(container, place[:-1]).open(int(place[-1])) as stream:
            size = 0
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                yield Frame(["chunk"], chunk)
                if size > self._bounds.one:
                    break
        yield END

    def _found(self, container: ContainerFile, outer: Place) -> OpenContainer:
        """Return the container that something lies in, which may lie in others itself."""
        top = self._top(container)
        if not outer:
            return top
        if self._inner != outer:
            self._leave_inner()
            within = top
            for number, kind in zip(outer[::2], outer[1::2], strict=True):
                within = self._next(within, int(number), str(kind))
            self._inner = outer
            return within
        return self._within[-1][0] if self._within else top

    def _next(self, container: OpenContainer, number: int, kind: str) -> OpenContainer:
        if kind == EMBEDDED:
            found = container.within(number)
            assert found is not None, "the listing says what lies there"
            self._within.append((found, None))
            return found
        content = cast("BinaryIO", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - stays open with what is in it
        with container.open(number) as stream:
            while content.tell() <= self._bounds.one and (chunk := stream.read(_CHUNK)):
                content.write(chunk)
        content.seek(0)
        opened = open_container(content, ContainerKind(kind), self._bounds)
        self._within.append((opened, content))
        return opened

    def _top(self, container: ContainerFile) -> OpenContainer:
        """Return the container itself: the one that is open, unless the file became another."""
        file = self._content(container)
        now = (container, _status(file))
        if self._opened is None or self._opened[0] != now:
            self._leave_inner()
            confine.limit_memory(MEMORY + file.seek(0, os.SEEK_END))
            file.seek(0)
            self._opened = (now, open_container(file, container.kind, self._bounds))
        return self._opened[1]

    def _content(self, container: ContainerFile) -> BinaryIO:
        """Return the container's bytes, wherever reading them has come to."""
        if not container.file:
            if self._carried is None or self._carried[0] != container.token:
                raise OSError("its bytes were not handed over")
            return self._carried[1]
        if self._file is not None and self._opened is not None:
            known = self._opened[0]
            if known == (container, _status(self._file)) and _is_at(container.file, self._file):
                return self._file
        self._forget()
        handle = os.open(os.fsencode(container.file), _FLAGS)
        self._file = os.fdopen(handle, "rb")
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("is no regular file")
        return self._file

    def _carry(self, token: str, content: bytes) -> None:
        if self._carried is None or self._carried[0] != token:
            self._forget()
            if self._carried is not None:
                self._carried[1].close()
            self._carried = (token, cast("BinaryIO", tempfile.TemporaryFile()))  # noqa: SIM115 - stays open until the next
        self._carried[1].seek(0, os.SEEK_END)
        self._carried[1].write(content)
        self._carried[1].seek(0)

    def _leave_inner(self) -> None:
        for container, content in reversed(self._within):
            container.close()
            if content is not None:
                content.close()
        self._inner, self._within = (), []

    def _forget(self) -> None:
        self._leave_inner()
        if self._opened is not None:
            self._opened[1].close()
            self._opened = None
        if self._file is not None:
            self._file.close()
            self._file = None


def _status(file: BinaryIO) -> tuple[int, ...]:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _is_at(path: str, file: BinaryIO) -> bool:
    found = os.stat(os.fsencode(path))  # noqa: PTH116 - a Path holds no bytes
    return os.path.samestat(found, os.fstat(file.fileno()))


def main(parent: int) -> None:
    die_with(parent)
    confine.no_core_file()
    server = ContainerServer(ContainerBounds())
    serve_all(private_pipes(), server.answers, lambda: False)
    # Native code has nothing to put in order here.
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
