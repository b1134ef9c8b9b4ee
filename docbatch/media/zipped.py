"""What a document is that is a zip: by what it declares, its members, or its name where it is damaged."""

import re
import struct
import zipfile
import zlib
from typing import BinaryIO

_OPENXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

_FAMILIES = {
    "word": f"{_OPENXML}.wordprocessingml.document",
    "xl": f"{_OPENXML}.spreadsheetml.sheet",
    "ppt": f"{_OPENXML}.presentationml.presentation",
}
_BINARY_SHEET = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"

_CONTENT_TYPES = "[content_types].xml"
_MOST_DECLARED = 1 << 20
_MAIN_PART = re.compile(
    rb"application/vnd\.(?:openxmlformats-officedocument\.|ms-)(word|excel|powerpoint|spreadsheet|presentation)[\w.-]*\.main(?:\+xml)?\b",
    re.IGNORECASE,
)
_FAMILY_OF = {
    b"word": "word",
    b"spreadsheet": "xl",
    b"excel": "xl",
    b"presentation": "ppt",
    b"powerpoint": "ppt",
}

SUFFIXES = {
    b".docx": _FAMILIES["word"],
    b".xlsx": _FAMILIES["xl"],
    b".pptx": _FAMILIES["ppt"],
    b".odt": f"{_ODF}.text",
    b".ods": f"{_ODF}.spreadsheet",
    b".odp": f"{_ODF}.presentation",
    b".epub": "application/epub+zip",
}

_LONGEST_TYPE = 120
_OURS = b"application/vnd.docbatch."


def kind(head: bytes, suffix: bytes, open_file: BinaryIO | None) -> str | None:
    """Return the media type of a zip from its first bytes, None where it is an archive of other things."""
    found = _declared_type(head) or _by_members(_names_in_head(head), suffix)
    if found:
        return found
    names = _names_in_directory(open_file) if open_file else None
    if names is None or open_file is None:
        return SUFFIXES.get(suffix)
    return _by_members(names, suffix) or _by_content_types(names, open_file)


def _declared_type(head: bytes) -> str | None:
    """Return what an OpenDocument or EPUB file says in its first member, `mimetype`."""
    if head[30:38] != b"mimetype":
        return None
    content = head[38 + int.from_bytes(head[28:30], "little") :]
    size = int.from_bytes(head[22:26], "little") or _LONGEST_TYPE
    if head[8:10] == b"\x08\0":
        content = _inflated(content)
    declared = re.match(rb"[\w.+-]+/[\w.+-]+", content[: min(size, _LONGEST_TYPE)])
    # Types of ours are said by docbatch, never by a file.
    return declared[0].decode("ascii") if declared and not declared[0].startswith(_OURS) else None


def _inflated(content: bytes) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, _LONGEST_TYPE)
    except zlib.error:
        return b""


def _names_in_head(head: bytes) -> list[str]:
    starts = (match.start() for match in re.finditer(rb"PK\x03\x04", head))
    names = (head[at + 30 : at + 30 + int.from_bytes(head[at + 26 : at + 28], "little")] for at in starts)
    return [name.decode("latin-1") for name in names]


def _names_in_directory(file: BinaryIO) -> list[str] | None:
    """Return the member names, None when the archive's directory cannot be read."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return None


def _by_content_types(names: list[str], file: BinaryIO) -> str | None:
    """Return what an Office Open XML package declares, for those whose parts lie in folders of other names."""
    place = next((name for name in names if name.lstrip("/\\").lower() == _CONTENT_TYPES), None)
    if place is None:
        return None
    try:
        with zipfile.ZipFile(file) as archive, archive.open(place) as stream:
            declared = _MAIN_PART.search(stream.read(_MOST_DECLARED))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, struct.error):
        return None
    if declared is None:
        return None
    return _BINARY_SHEET if b".binary." in declared[0] else _FAMILIES[_FAMILY_OF[declared[1].lower()]]


def _by_members(names: list[str], suffix: bytes) -> str | None:
    # Some writers part folders with the stroke of their system.
    names = [name.replace("\\", "/").lstrip("/") for name in names]
    # The first member that tells decides: a document may carry whole documents of other kinds inside.
    families = (name.partition("/")[0] for name in names if "/" in name)
    family = next((family for family in families if family in _FAMILIES), None)
    if family == "xl" and any("workbook.bin" in name for name in names):
        return _BINARY_SHEET
    if family:
        return _FAMILIES[family]
    if "META-INF/container.xml" in names:
        return SUFFIXES[b".epub"]
    if "content.xml" in names and "META-INF/manifest.xml" in names:
        by_name = SUFFIXES.get(suffix, "")
        return by_name if by_name.startswith(_ODF) else f"{_ODF}.text"
    return None
