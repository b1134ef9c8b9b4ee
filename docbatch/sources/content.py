"""A document's bytes: opened without following a device or a pipe, measured without being fooled by a writer."""

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from docbatch.core.models import Failure, FailureClass

CHUNK = 1 << 20
HEAD = 1 << 13
ATTEMPTS = 3

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFDIR: "a folder",
}


STILL_WRITTEN = Failure(
    FailureClass.UNREADABLE,
    "changed after it was found, and may still be written; it is looked at again once nothing changes for a while",
    code="unsettled",
)
"""What is said of a document until then, where a run waits for files to settle."""


class ContentError(Exception):
    """A document whose bytes cannot be had; the reason names no path, the caller knows it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Vanished(ContentError):
    """The file was there a moment ago and is gone."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the bytes of a document are; `digest` is their SHA-256 in hex, `size` in bytes."""

    digest: str
    media_type: str
    size: int


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Let whatever a source's library raises over one document concern that document alone, as a ContentError."""
    try:
        yield
    except ContentError:
        raise
    except OSError as error:
        raise ContentError(unreadable(error)) from error
    except Exception as error:
        reason = f"cannot be read: {type(error).__name__}: {error}"
        raise ContentError(Failure(FailureClass.UNREADABLE, reason)) from error


def unreadable(error: OSError) -> Failure:
    return Failure(
        FailureClass.UNREADABLE,
        f"cannot be read: {error.strerror or error}",
        code=errno.errorcode.get(error.errno or 0),
    )


def special(mode: int) -> Failure:
    kind = _KINDS.get(stat.S_IFMT(mode), "not a regular file")
    return Failure(FailureClass.SPECIAL_FILE, f"is {kind}, not a regular file")


def out_of_reach() -> Failure:
    reason = (
        "is a link that leads out of source.root, not a regular file; follow_links: true lets it be followed"
    )
    return Failure(FailureClass.SPECIAL_FILE, reason, code="outside")


def empty() -> Failure:
    return Failure(FailureClass.EMPTY, "has no bytes")


def open_content(path: bytes, limit: int | None = None) -> BinaryIO:
    """Open a document's bytes. `limit` is the largest size accepted, in bytes. Raises ContentError."""
    file, status = _open(path)
    try:
        _check(status, limit)
    except ContentError:
        file.close()
        raise
    return file


def measure_stream(stream: BinaryIO, name: bytes) -> Measured:
    """Hash a stream that can be rewound and tell its media type. Raises ContentError."""
    from docbatch.media import HEAD_SIZE, detect  # noqa: PLC0415 - an unchanged source needs none

    try:
        head, digest, size = _read(stream, CHUNK)
        stream.seek(0)
        media_type = detect(head[:HEAD_SIZE], name, stream)
    except OSError as error:
        raise ContentError(unreadable(error)) from error
    if size == 0:
        raise ContentError(empty())
    return Measured(digest, media_type, size)


def measure(path: bytes) -> tuple[Measured, os.stat_result]:
    """Hash a file and tell its media type, with its status meanwhile; one that changes is read again. Raises ContentError."""
    for _ in range(ATTEMPTS):
        measured = _measure_once(path)
        if measured is not None:
            return measured
    reason = f"changed while it was read, {ATTEMPTS} times in a row"
    raise ContentError(Failure(FailureClass.UNREADABLE, reason, code="unstable"))


def _measure_once(path: bytes) -> tuple[Measured, os.stat_result] | None:
    from docbatch.media import HEAD_SIZE, detect  # noqa: PLC0415 - an unchanged tree needs none

    with open_content(path) as file:
        before = os.fstat(file.fileno())
        try:
            head, digest, size = _read(file, before.st_size)
            file.seek(0)
            media_type = detect(head[:HEAD_SIZE], path.rpartition(b"/")[2], file)
        except OSError as error:
            raise ContentError(unreadable(error)) from error
        if size != before.st_size or _moved(before, os.fstat(file.fileno())):
            return None
    return Measured(digest, media_type, size), before


def _read(file: BinaryIO, expected: int) -> tuple[bytes, str, int]:
    """Return the first chunk, the SHA-256 and the number of bytes read."""
    chunk = file.read(min(CHUNK, expected + 1))
    head, size, hashed = chunk, len(chunk), hashlib.sha256(chunk)
    while chunk:
        chunk = file.read(CHUNK)
        hashed.update(chunk)
        size += len(chunk)
    return head, hashed.hexdigest(), size


def _moved(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns) != (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )


def _open(path: bytes) -> tuple[BinaryIO, os.stat_result]:
    try:
        # Without blocking, so that a pipe put in the file's place cannot hold up the run.
        handle = os.open(path, _FLAGS)
    except FileNotFoundError as error:
        raise Vanished(unreadable(error)) from error
    except OSError as error:
        raise ContentError(_refused(path, error)) from error
    status = os.fstat(handle)
    if stat.S_ISDIR(status.st_mode):
        os.close(handle)
        raise ContentError(special(status.st_mode))
    return os.fdopen(handle, "rb"), status


def _refused(path: bytes, error: OSError) -> Failure:
    """Sockets and devices without a driver cannot even be opened; say what they are."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a Path holds no bytes
    except OSError:
        return unreadable(error)
    return unreadable(error) if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else special(mode)


def _check(status: os.stat_result, limit: int | None) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ContentError(special(status.st_mode))
    if status.st_size == 0:
        raise ContentError(empty())
    if limit is not None and status.st_size > limit:
        reason = f"has {status.st_size} bytes, more than the limit of {limit}"
        raise ContentError(Failure(FailureClass.TOO_LARGE, reason))
