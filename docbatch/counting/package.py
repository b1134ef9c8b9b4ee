"""The parts of an office document that is a zip, read piece by piece and never further than is allowed."""

import posixpath
import struct
import xml.parsers.expat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import IO, BinaryIO, NoReturn

from docbatch.counting.uncountable import Uncountable

_MOST_UNPACKED = 1 << 30
_MOST_PARTS = 50_000
_CHUNK = 1 << 16
_SPOILT = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, KeyError, RuntimeError, struct.error, NotImplementedError)  # fmt: skip

Start = Callable[[str, Mapping[str, str]], None]


class Package:
    """A zip. Names are found whatever their case. Raises Uncountable where it is none, or its parts are too many."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except _SPOILT as error:
            raise Uncountable(f"the archive is damaged: {error}") from error
        parts = self._zip.infolist()
        if len(parts) > _MOST_PARTS:
            raise Uncountable(f"it has {len(parts)} parts")
        self._parts = {_plain(part.filename): part for part in parts}
        self._left = _MOST_UNPACKED

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._parts

    def names(self) -> Iterator[str]:
        yield from self._parts

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a part piece by piece. Raises Uncountable where it is missing, damaged or too large."""
        with self._opened(name) as part:
            while chunk := self._piece(part):
                yield chunk

    def parse(
        self, name: str, start: Start, end: Callable[[str], None] | None = None, text: Callable[[str], None] | None = None
    ) -> None:  # fmt: skip
        """Tell what is in an XML part, elements by their names without prefixes. Raises Uncountable."""
        parse(self.chunks(name), start, end, text)

    def targets(self, part: str) -> dict[str, tuple[str, str]]:
        """Return the (type, part) that a part's relations lead to, by their ids. Raises Uncountable."""
        folder, _, name = part.rpartition("/")
        found: dict[str, tuple[str, str]] = {}

        def start(element: str, attributes: Mapping[str, str]) -> None:
            if element == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
                kind = attributes.get("Type", "").rpartition("/")[2]
                found[attributes.get("Id", "")] = (kind, target.lstrip("/"))

        self.parse(f"{folder}/_rels/{name}.rels".lstrip("/"), start)
        return found

    def main(self) -> str:
        """Return the part that the package is about. Raises Uncountable."""
        for kind, part in self.targets("").values():
            if kind == "officeDocument":
                return part
        raise Uncountable("it names no main part")

    def _opened(self, name: str) -> IO[bytes]:
        info = self._parts.get(_plain(name))
        if info is None:
            raise Uncountable(f"{name} is missing")
        if info.flag_bits & 1:
            raise Uncountable("it needs a password")
        try:
            return self._zip.open(info)
        except _SPOILT as error:
            raise Uncountable(f"{name} cannot be unpacked: {error}") from error

    def _piece(self, part: IO[bytes]) -> bytes:
        try:
            chunk = part.read(_CHUNK)
        except _SPOILT as error:
            raise Uncountable(f"a part is damaged: {error}") from error
        self._left -= len(chunk)
        if self._left < 0:
            raise Uncountable("it is too large once it is unpacked")
        return chunk


def parse(
    chunks: Iterator[bytes],
    start: Start,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Tell what is in XML, elements by their names without prefixes. Raises Uncountable."""
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    if end is not None:
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except (xml.parsers.expat.ExpatError, ValueError, LookupError) as error:
        raise Uncountable(f"it is no XML: {error}") from error


def local(attributes: Mapping[str, str], name: str) -> str | None:
    """Return the attribute of this name, whatever its prefix."""
    found = attributes.get(name)
    if found is not None:
        return found
    return next((value for key, value in attributes.items() if key.rpartition(":")[2] == name), None)


def _refuse(*_: object) -> NoReturn:
    raise Uncountable("it declares a document type")


def _plain(name: str) -> str:
    # Some writers part folders with the stroke of their system.
    return name.replace("\\", "/").lstrip("/").lower()
