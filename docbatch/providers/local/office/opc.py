"""The parts of an Office Open XML package, read with care: bounded sizes, no entities, no part outside the package."""

import copy
import io
import posixpath
import urllib.parse
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

# A part of honest documents has a few megabytes; one of hundreds would fill the memory of a worker as a tree.
LARGEST_TREE = 64 << 20
LARGEST_PART = 512 << 20
LARGEST_PACKAGE = 1 << 30
_DEEPEST = 400
_RELATIONSHIPS = "elationships"


class BrokenPartError(Exception):
    """A part that cannot be read; the message says why, in a few words."""


class OversizedPartError(BrokenPartError):
    """A part that is larger than what is read."""


class LockedPackageError(BrokenPartError):
    """A package whose parts need a password."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part refers to: `kind` is the last word of its type, `target` a part's name or an address outside."""

    kind: str
    target: str
    is_external: bool = False


class _Tree(ET.TreeBuilder):
    """Builds trees whose names have no namespace; identifiers of relations are called `r:id` and so on.

    Honest parts are a few dozen elements deep. What walks a tree may be slow in its depth, so that has a limit.
    """

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise BrokenPartError("it declares a document type")

    def start(self, tag: str, attributes: Mapping[str, str]) -> ET.Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BrokenPartError("its elements are nested too deeply")
        return super().start(local(tag), {_attribute(name): value for name, value in attributes.items()})

    def end(self, tag: str) -> ET.Element:
        self._depth -= 1
        return super().end(local(tag))


class OpcPackage:
    """A package in memory. Names of parts have no leading slash and are found whatever their case.

    Raises zipfile.BadZipFile where the bytes are no archive.
    """

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        # Some writers part folders with the stroke of their system.
        self._names = {
            info.filename.replace("\\", "/").lstrip("/"): info for info in self._archive.infolist()
        }
        self._members = {name.lower(): info for name, info in self._names.items()}
        self._left = LARGEST_PACKAGE

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._members

    def names(self) -> Iterator[str]:
        yield from self._names

    def _open(self, name: str, largest: int) -> IO[bytes]:
        info = self._member(name)
        if info.file_size > min(largest, self._left):
            raise OversizedPartError(f"it is too large ({info.file_size} bytes)")
        self._left -= info.file_size
        # Without its checksum, what is damaged can be read as far as it goes; `chunks` compares it afterwards.
        bare = copy.copy(info)
        del bare.CRC
        try:
            return self._archive.open(bare)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
            raise BrokenPartError(f"it cannot be unpacked: {error}") from error

    def chunks(self, name: str, largest: int = LARGEST_PART) -> Iterator[bytes]:
        """Yield a part piece by piece; raises BrokenPartError after what could be unpacked of a damaged one."""
        checksum = 0
        with self._open(name, largest) as file:
            while True:
                try:
                    chunk = file.read(1 << 18)
                except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
                    raise BrokenPartError(f"it is damaged: {error}") from error
                if not chunk:
                    break
                checksum = zlib.crc32(chunk, checksum)
                yield chunk
        if checksum != self._member(name).CRC:
            raise BrokenPartError("it is damaged: its checksum is another")

    def read(self, name: str, largest: int = LARGEST_PART) -> bytes:
        return b"".join(self.chunks(name, largest))

    def tree(self, name: str) -> ET.Element:
        """Return a part's XML, names without namespaces. Raises BrokenPartError."""
        return parsed(self.read(name, LARGEST_TREE))

    def relations(self, name: str) -> dict[str, Relation]:
        """Return what a part refers to, by identifier; empty where nothing is said."""
        folder, _, file = name.rpartition("/")
        place = posixpath.join(folder, "_rels", f"{file}.rels")
        if place not in self:
            return {}
        found = {}
        for each in self.tree(place).iter("Relationship"):
            is_external = each.get("TargetMode") == "External"
            target = each.get("Target", "")
            found[each.get("Id", "")] = Relation(
                each.get("Type", "").rpartition("/")[2],
                target if is_external else _within(folder, target),
                is_external,
            )
        return found

    def main(self, otherwise: str) -> str:
        """Return the name of the part that the package is about."""
        try:
            related = self.relations("").values()
        except BrokenPartError:
            return otherwise
        return next((each.target for each in related if each.kind == "officeDocument"), otherwise)

    def _member(self, name: str) -> zipfile.ZipInfo:
        info = self._members.get(name.lower())
        if info is None:
            raise BrokenPartError("the part is missing")
        return info


def parsed(data: bytes) -> ET.Element:
    """Return XML as a tree, names without namespaces. Raises BrokenPartError."""
    parser = ET.XMLParser(target=_Tree())  # noqa: S314 - document types are refused, so there are no entities
    try:
        parser.feed(data)
        root: ET.Element = parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:
        raise BrokenPartError(f"it is not XML: {error}") from error
    return root


def local(name: str) -> str:
    return name.rpartition("}")[2]


def first(element: ET.Element | None, *names: str) -> ET.Element | None:
    """Return what the path of child names leads to."""
    for name in names:
        if element is None:
            return None
        element = next((child for child in element if child.tag == name), None)
    return element


def whole(value: str | None, otherwise: int = 0) -> int:
    """Return a whole number as XML has it, and `otherwise` for anything else or beyond sense."""
    try:
        number = int(value) if value and len(value) <= _MOST_DIGITS else otherwise
    except ValueError:
        return otherwise
    return number


_MOST_DIGITS = 18


def is_on(value: str | None, otherwise: bool = False) -> bool:
    return otherwise if value is None else value.strip().lower() in {"1", "true", "on"}


def _attribute(name: str) -> str:
    if name[0] != "{":
        return name
    namespace, _, own = name.rpartition("}")
    return f"r:{own}" if namespace.endswith(_RELATIONSHIPS) else own


def _within(folder: str, target: str) -> str:
    plain = urllib.parse.unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", folder, plain)).lstrip("/")
