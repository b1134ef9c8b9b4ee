"""The files inside a zip that is a document, read with care: their sizes are checked before they are unpacked."""

import contextlib
import copy
import io
import posixpath
import urllib.parse
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from docbatch.providers.local.flow import xml_tree
from docbatch.providers.local.flow.unreadable import LockedPartError, OversizedPartError, UnreadablePartError

LARGEST_MEMBER = 512 << 20
# A part of honest documents has a few megabytes; as a tree it takes many times the bytes of its text.
LARGEST_TREE = 64 << 20
_LARGEST_WHOLE = 1 << 30
_CHUNK = 1 << 18


class Archive:
    """A zip in memory. Names have no leading slash and are found whatever their case.

    Raises UnreadablePartError where the bytes are no zip. All that is read together is bounded.
    """

    def __init__(self, data: bytes) -> None:
        with _said("the archive is damaged"):
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        # Some writers part folders with the stroke of their system.
        self._names = {info.filename.replace("\\", "/").lstrip("/"): info for info in self._zip.infolist()}
        self._members = {name.lower(): info for name, info in self._names.items()}
        self._left = _LARGEST_WHOLE

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._members

    def names(self) -> Iterator[str]:
        yield from self._names

    def size(self, name: str) -> int:
        return self._member(name).file_size

    def chunks(self, name: str, largest: int = LARGEST_MEMBER) -> Iterator[bytes]:
        """Yield a file piece by piece; raises UnreadablePartError after what could be unpacked of a damaged one."""
        checksum = 0
        with self._open(name, largest) as file:
            while chunk := _piece(file):
                checksum = zlib.crc32(chunk, checksum)
                yield chunk
        if checksum != self._member(name).CRC:
            raise UnreadablePartError("it is damaged: its checksum is another")

    def read(self, name: str, largest: int = LARGEST_MEMBER) -> bytes:
        return b"".join(self.chunks(name, largest))

    def tree(self, name: str) -> tuple[ET.Element, str]:
        """Return a file's XML, and what is wrong with it: where it breaks off, the tree holds what came before."""
        return xml_tree.parsed(self.read(name, LARGEST_TREE))

    def _member(self, name: str) -> zipfile.ZipInfo:
        info = self._members.get(_plain(name))
        if info is None:
            raise UnreadablePartError("the part is missing")
        return info

    def _open(self, name: str, largest: int) -> IO[bytes]:
        info = self._member(name)
        if info.flag_bits & 1:
            raise LockedPartError("it needs a password")
        if info.file_size > min(largest, self._left):
            raise OversizedPartError(f"it is too large ({info.file_size} bytes)")
        self._left -= info.file_size
        # Without its checksum, what is damaged can be read as far as it goes; `chunks` compares it afterwards.
        bare = copy.copy(info)
        del bare.CRC
        with _said("it cannot be unpacked"):
            return self._zip.open(bare)


def resolved(folder: str, target: str) -> str:
    """Return the name of the file that a link in a file of this folder leads to."""
    plain = urllib.parse.unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, plain)).lstrip("/")


def _piece(file: IO[bytes]) -> bytes:
    with _said("it is damaged"):
        return file.read(_CHUNK)


@contextlib.contextmanager
def _said(what: str) -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise UnreadablePartError(f"{what}: {error}") from error


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
