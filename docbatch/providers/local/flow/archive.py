"""The files inside a zip that is a document, read with care: their sizes are checked before they are unpacked."""

import io
import posixpath
import struct
import urllib.parse
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.flow import xml_tree

LARGEST_MEMBER = 256 << 20
# A tree takes many times the bytes of its text.
LARGEST_TREE = 64 << 20
_LARGEST_WHOLE = 1 << 30
_CHUNK = 1 << 20

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, struct.error)


class UnreadableMemberError(Exception):
    """A file inside that is missing, damaged or too large; the message says which of these, in a few words."""

    kind = FailureClass.CORRUPT


class OversizedMemberError(UnreadableMemberError):
    """A file inside that is larger than what is unpacked."""

    kind = FailureClass.TOO_LARGE


class LockedMemberError(UnreadableMemberError):
    """A file inside that needs a password."""

    kind = FailureClass.ENCRYPTED


class Archive:
    """A zip in memory. Names have no leading slash and are found whatever their case.

    Raises UnreadableMemberError where the bytes are no zip. All that is read together is bounded.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise UnreadableMemberError(f"the archive is damaged: {error}") from error
        self._members = {_plain(info.filename): info for info in self._zip.infolist()}
        self._left = _LARGEST_WHOLE

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._members

    def names(self) -> Iterator[str]:
        return (info.filename.replace("\\", "/").lstrip("/") for info in self._members.values())

    def size(self, name: str) -> int:
        return self._members[_plain(name)].file_size

    def read(self, name: str, largest: int = LARGEST_MEMBER) -> bytes:
        info = self._members.get(_plain(name))
        if info is None:
            raise UnreadableMemberError("it is missing")
        if info.flag_bits & 1:
            raise LockedMemberError("it needs a password")
        if info.file_size > min(largest, self._left):
            raise OversizedMemberError(f"it is too large ({info.file_size} bytes)")
        self._left -= info.file_size
        try:
            return self._zip.read(info)
        except (*_BROKEN, RuntimeError) as error:
            raise UnreadableMemberError(f"it is damaged: {error}") from error

    def tree(self, name: str) -> tuple[ET.Element, str]:
        """Return a file's XML, and what is wrong with it: where it breaks off, the tree holds what came before."""
        try:
            return xml_tree.parsed(self.read(name, LARGEST_TREE))
        except xml_tree.UnreadableXmlError as error:
            raise UnreadableMemberError(str(error)) from error


def resolved(folder: str, target: str) -> str:
    """Return the name of the file that a link in a file of this folder leads to."""
    plain = urllib.parse.unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, plain)).lstrip("/")


def refusal(error: UnreadableMemberError, name: str = "") -> Failure:
    """Return the failure of a document whose main file cannot be read."""
    return Failure(error.kind, f"{name}: {error}" if name else str(error))


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
