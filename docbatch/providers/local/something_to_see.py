"""Whether a document of which no engine read a word has anything to see. Engines are silent about what they cannot read."""

import enum
import re
import zipfile
from io import BytesIO

from docbatch.providers.local.engines import PDF

MOST_MEMBERS = 10_000
MOST_BYTES = 32 << 20

_ZIPPED = (
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/epub+zip",
)
_PLAIN = frozenset({"application/json", "application/xml"})
_PICTURES = re.compile(
    r"(?:^|/)(?:media|pictures|images)/|\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp)$", re.IGNORECASE
)
_PARTS = re.compile(
    r"^word/[^/]+\.xml$|^ppt/(?:slides|notesSlides|charts)/[^/]+\.xml$|^xl/(?:worksheets|charts)/[^/]+\.xml$"
    r"|^xl/sharedStrings\.xml$|^content\.xml$|\.x?html?$",
    re.IGNORECASE,
)
_DESCRIBES = re.compile(
    r"^word/(?:styles|settings|fontTable|numbering|webSettings)[^/]*\.xml$", re.IGNORECASE
)
_TAG = re.compile(rb"<[^<>]*>")
_HEAD = re.compile(rb"<(title|style|script)\b[^<>]*>[^<]*", re.IGNORECASE)
_SHOWS = re.compile(rb"<(?:img|svg|object|embed|iframe|canvas|video)\b", re.IGNORECASE)


class Shown(enum.Enum):
    """What a document shows: nothing, pictures alone, words that were not read, or what cannot be told."""

    NOTHING = enum.auto()
    PICTURES = enum.auto()
    WORDS = enum.auto()
    UNKNOWN = enum.auto()


def shown(data: bytes, media_type: str) -> Shown:
    """Look into a document without an engine. What is of another shape than its type says cannot be told."""
    if media_type.startswith("image/"):
        return Shown.PICTURES
    if media_type == "text/html":
        return Shown.PICTURES if _SHOWS.search(data) else Shown.NOTHING
    # Pages of a PDF that show something are named by the engine that reads them.
    if media_type == PDF or media_type.startswith("text/") or media_type in _PLAIN:
        return Shown.NOTHING
    return _packed(data) if media_type.startswith(_ZIPPED) else Shown.UNKNOWN


def _packed(data: bytes) -> Shown:
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            members = package.infolist()[:MOST_MEMBERS]
            parts = [each for each in members if _PARTS.search(each.filename)]
            if not parts or len(members) == MOST_MEMBERS:
                return Shown.UNKNOWN
            if any(map(_is_picture, members)):
                return Shown.PICTURES
            return _of_parts(package, [each for each in parts if not _DESCRIBES.search(each.filename)])
    except (OSError, RuntimeError, ValueError, NotImplementedError, EOFError, zipfile.BadZipFile):
        return Shown.UNKNOWN


def _is_picture(member: zipfile.ZipInfo) -> bool:
    # A preview of the first page is no part of it.
    return bool(_PICTURES.search(member.filename)) and "humbnail" not in member.filename


def _of_parts(package: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> Shown:
    left = MOST_BYTES
    for each in parts:
        with package.open(each) as stream:
            content = stream.read(left + 1)
        left -= len(content)
        if left < 0:
            return Shown.UNKNOWN
        if _SHOWS.search(content):
            return Shown.PICTURES
        if _TAG.sub(b"", _HEAD.sub(b"", content)).strip():
            return Shown.WORDS
    return Shown.NOTHING
