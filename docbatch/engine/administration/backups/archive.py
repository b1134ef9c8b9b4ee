"""The file of a backup: a plain tar archive, so that `tar` and `sha256sum` can open and check it where docbatch cannot run.

Its last member is `SHA256SUMS`, which names every member before it. What is read has to be what this module would write,
byte for byte, heads and the empty space between members among it, so that no change and no missing end goes unseen.
"""

import hashlib
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

SUMS = "SHA256SUMS"
PIECE = 1 << 20
_BLOCK, _RECORD = tarfile.BLOCKSIZE, tarfile.RECORDSIZE
_IN_MEMORY = 1 << 20
_MODE = 0o600


class Member(NamedTuple):
    """A file in an archive. Its pieces can be had once, in order; who takes the next member passes over those left."""

    name: str
    size: int
    pieces: Iterator[bytes]


class ArchiveWriter:
    """Writes members one after the other, holding a piece of one at a time. Raises OSError."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._sums = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `finish`
        self.size = 0

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """Write a member. Raises ValueError where its pieces do not come to its size."""
        digest = hashlib.sha256()
        self._write(_head(name, size))
        start = self.size
        for piece in pieces:
            digest.update(piece)
            self._write(piece)
        if self.size - start != size:
            raise ValueError(f"{name} has another size than it was said to have")
        self._write(bytes(-size % _BLOCK))
        self._sums.write(_line(digest.hexdigest(), name))

    def finish(self) -> None:
        """Write the sums and the end."""
        size = self._sums.tell()
        self._sums.seek(0)
        self._write(_head(SUMS, size))
        for piece in iter(lambda: self._sums.read(PIECE), b""):
            self._write(piece)
        self._write(bytes(-size % _BLOCK + 2 * _BLOCK))
        self._write(bytes(-self.size % _RECORD))

    def close(self) -> None:
        self._sums.close()

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self.size += len(data)


def members(stream: BinaryIO) -> Iterator[Member]:
    """Yield the members of an archive up to the sums. Raises ValueError at the first byte that is not as it was written, OSError.

    Nothing of an archive is sound before this has come to its end.
    """
    reader = _Reader(stream)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as sums:
        while (member := reader.head()).name != SUMS:
            digest = hashlib.sha256()
            content = reader.content(member.size, digest)
            yield Member(member.name, member.size, content)
            for _ in content:
                pass
            sums.write(_line(digest.hexdigest(), member.name))
        _compare(reader.content(member.size, hashlib.sha256()), sums)
    reader.end()


class _Reader:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._read = 0

    def head(self) -> tarfile.TarInfo:
        data = self._exactly(_BLOCK)
        try:
            found = tarfile.TarInfo.frombuf(data, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeError) as error:
            raise ValueError("a head in it is damaged") from error
        if found.size < 0 or data != _head(found.name, found.size):
            raise ValueError("it holds what docbatch does not write")
        return found

    def content(self, size: int, digest: "hashlib._Hash") -> Iterator[bytes]:
        left = size
        while left:
            piece = self._exactly(min(PIECE, left))
            digest.update(piece)
            left -= len(piece)
            yield piece
        self._empty(-size % _BLOCK)

    def end(self) -> None:
        self._empty(2 * _BLOCK)
        self._empty(-self._read % _RECORD)
        if self._stream.read(1):
            raise ValueError("something follows its end")

    def _empty(self, size: int) -> None:
        if any(self._exactly(size)):
            raise ValueError("there is something where nothing should be")

    def _exactly(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise ValueError("it ends early")
        self._read += size
        return data


def _compare(said: Iterator[bytes], sums: "tempfile.SpooledTemporaryFile[bytes]") -> None:
    sums.seek(0)
    for piece in said:
        if sums.read(len(piece)) != piece:
            raise ValueError("its checksums do not match")
    if sums.read(1):
        raise ValueError("its checksums do not match")


def _head(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, _MODE
    return entry.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _line(digest: str, name: str) -> bytes:
    return f"{digest}  {name}\n".encode()
