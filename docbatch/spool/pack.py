r"""A pack: one file of many results, written at its end only, by one run.

    16 bytes   b"docbatch pack 1\n"
    entries    see `docbatch.packed`; between them marks of the same size as their heads:
    1 byte     0xDC
    8 bytes    up to where results of this pack were recorded in the state when the mark was written, big-endian
    29 bytes   the first of SHA-256 of these 9

A mark tells what a killed run left behind from what a state that was put back does not know any more.
"""

import contextlib
import hashlib
import os
import re
import secrets
import stat
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from docbatch.core.models import ResultPlace
from docbatch.owner_only import make_folder, opener
from docbatch.packed import HEAD_SIZE, Codec, Head, read_head

MAGIC = b"docbatch pack 1\n"
SUFFIX = ".pack"
DRAFT = ".part"
"""What the names of packs end with that are on their way from a store."""
NAME = re.compile("[0-9a-f]{16}")
MARK_SIZE = HEAD_SIZE
_MARK = b"\xdc"
_PIECE = 1 << 20


class Found(NamedTuple):
    """Something in a pack: an entry by its head, or a mark by up to where it says that results were recorded."""

    start: int
    end: int
    head: Head | None
    recorded: int = 0


def new_name() -> str:
    """Return a name that no pack of any state has."""
    return secrets.token_hex(8)


def file_of(folder: Path, name: str) -> Path:
    return folder / f"{name}{SUFFIX}"


def is_there(folder: Path, name: str) -> bool:
    """Say whether there is a pack of this name. Anything else in its place is none, as in `packs_in`."""
    try:
        return NAME.fullmatch(name) is not None and stat.S_ISREG(file_of(folder, name).lstat().st_mode)
    except OSError:
        return False


def mark(recorded: int) -> bytes:
    """Return a mark that says that results were recorded up to this place of the pack."""
    said = _MARK + recorded.to_bytes(8, "big")
    return said + hashlib.sha256(said).digest()[: MARK_SIZE - len(said)]


def packs_in(folder: Path) -> dict[str, int]:
    """Return the packs of a folder by name, with the size of each; none where it is no folder. Raises OSError."""
    try:
        with os.scandir(folder) as entries:
            return {
                each.name.removesuffix(SUFFIX): each.stat(follow_symlinks=False).st_size
                for each in entries
                if each.name.endswith(SUFFIX)
                and NAME.fullmatch(each.name.removesuffix(SUFFIX))
                and each.is_file(follow_symlinks=False)
            }
    except (FileNotFoundError, NotADirectoryError):
        return {}


def contents(path: Path, start: int = len(MAGIC)) -> Iterator[Found]:
    """Yield what lies in a pack from a place on, up to the first that is no whole entry or mark. Raises OSError."""
    with os.fdopen(open_to_read(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(start)
        while found := _found(file.read(HEAD_SIZE), start):
            if found.end > size:
                return
            yield found
            start = found.end
            file.seek(start)


def may_follow(path: Path, end: int) -> bool:
    """Say whether what lies behind a place begins as an entry or a mark does, or is a part of another file. Raises OSError."""
    with os.fdopen(open_to_read(path), "rb") as file:
        file.seek(end)
        found = _found(file.read(HEAD_SIZE), end)
    return found is not None and (found.head is None or found.head.codec in set(map(int, Codec)))


def _found(data: bytes, start: int) -> Found | None:
    head = read_head(data)
    if head is not None:
        return Found(start, start + head.size, head)
    if len(data) == MARK_SIZE and data[:1] == _MARK:
        recorded = int.from_bytes(data[1:9], "big")
        if data == mark(recorded):
            return Found(start, start + MARK_SIZE, None, recorded)
    return None


class PackWriter:
    """The pack that a run writes; made with the first entry.

    Not to be used from two threads at once, but for `flush`: that may go on beside whatever else is done.
    """

    def __init__(self, folder: Path) -> None:
        self.name = new_name()
        self.folder = folder
        self.end = 0
        self.is_flushed = True
        self._recorded = self._marked = 0
        self._descriptor: int | None = None
        self._is_named = False
        self._flushing = threading.Lock()
        self._failure: OSError | None = None

    @property
    def path(self) -> Path:
        return file_of(self.folder, self.name)

    def append(self, entry: bytes) -> ResultPlace:
        """Write an entry. Raises OSError; what was half written is written over."""
        return self._append(iter((entry,)))

    def append_file(self, file: BinaryIO) -> ResultPlace:
        """Copy an entry that lies in a file, from where that stands to its end. Raises OSError."""
        return self._append(iter(partial(file.read, _PIECE), b""))

    def note_recorded(self, place: ResultPlace) -> None:
        """Note that a result was recorded in the state as lying there; a mark of that goes before the next entry."""
        if place.pack == self.name:
            self._recorded = max(self._recorded, place.start + place.length)

    def mark(self) -> None:
        """Write down how far results are recorded, if that was not done yet. Raises OSError."""
        if self._descriptor is not None and self._recorded > self._marked:
            _write(self._descriptor, mark(self._recorded), self.end)
            self.end += MARK_SIZE
            self._marked = self._recorded

    def flush(self) -> None:
        """Make durable all that was appended before; who comes while that goes on waits for it. Raises OSError.

        Once this failed it always fails: a second try would succeed without the lost bytes.
        """
        with self._flushing:
            if self._failure is not None:
                raise self._failure
            if self._descriptor is None or self.is_flushed:
                return
            # What is appended meanwhile makes it untrue again.
            self.is_flushed = True
            try:
                self._settle(self._descriptor)
            except OSError as error:
                self._failure = error
                raise

    def close(self) -> None:
        with self._flushing:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _settle(self, descriptor: int) -> None:
        os.fsync(descriptor)
        if not self._is_named:
            for folder in (self.folder, self.folder.parent, self.folder.parent.parent):
                _settle(folder)
            self._is_named = True

    def _append(self, pieces: Iterator[bytes]) -> ResultPlace:
        descriptor = self._opened()
        self.mark()
        start = at = self.end
        for piece in pieces:
            _write(descriptor, piece, at)
            at += len(piece)
        self.end = at
        self.is_flushed = False
        return ResultPlace(self.name, start, at - start)

    def _opened(self) -> int:
        if self._descriptor is None:
            make_folder(self.folder)
            descriptor = opener(str(self.path), os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW)
            try:
                _write(descriptor, MAGIC, 0)
            except BaseException:
                os.close(descriptor)
                self.path.unlink()
                raise
            self._descriptor, self.end = descriptor, len(MAGIC)
        return self._descriptor


class OpenPacks:
    """Packs that are open to be read, a few at a time. Safe to use from several threads."""

    def __init__(self, folder: Path, most: int = 16) -> None:
        self._folder = folder
        self._most = most
        self._open: dict[str, _OpenPack] = {}

    def read(self, place: ResultPlace, most: int) -> bytes:
        """Return what lies somewhere. Raises OSError, and ValueError where it is too large, or nothing can lie there."""
        name, start, length = place
        if length > most:
            raise ValueError(f"it is larger than {most} bytes")
        pack = self._open.get(name)
        if pack is None:
            if not NAME.fullmatch(name):
                raise ValueError("no pack has such a name")
            pack = _OpenPack(file_of(self._folder, name))
            while len(self._open) >= self._most:
                # Another thread may have been faster; who reads from what is dropped here still holds it.
                self._open.pop(next(iter(self._open), ""), None)
            self._open[name] = pack
        return pack.read(start, length)

    def forget(self, name: str | None = None) -> None:
        """Open again what is read next: of one pack, or of all."""
        if name is None:
            self._open.clear()
        else:
            self._open.pop(name, None)


class _OpenPack:
    """An open file that is closed when nobody holds it any more."""

    def __init__(self, path: Path) -> None:
        self._descriptor = -1
        self._descriptor = open_to_read(path)

    def read(self, start: int, length: int) -> bytes:
        # Memory is taken for what is asked for, whether or not there is as much.
        is_large = length > _PIECE
        if start < 0 or length < 0 or (is_large and start + length > os.fstat(self._descriptor).st_size):
            raise ValueError("its pack ends before it")
        data = os.pread(self._descriptor, length, start)
        while len(data) < length:
            more = os.pread(self._descriptor, length - len(data), start + len(data))
            if not more:
                raise ValueError("its pack ends before it")
            data += more
        return data

    def __del__(self) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)


def open_to_read(path: Path) -> int:
    """Open a regular file. Raises OSError, ValueError where it is another: a pipe would be waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("it is no regular file")
    return descriptor


def _write(descriptor: int, data: bytes, at: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, at)
        rest, at = rest[written:], at + written


def _settle(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
