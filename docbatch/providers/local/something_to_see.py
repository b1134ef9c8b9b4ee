"""Whether a document of which no engine read a word has anything to see. Engines are silent about what they cannot read."""

import enum
import re
from itertools import islice

from docbatch.providers.local.engines import PDF
from docbatch.providers.local.flow.archive import Archive
from docbatch.providers.local.flow.unreadable import UnreadablePartError

MOST_MEMBERS = 10_000
MOST_BYTES = 32 << 20

_ZIPPED = (
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/epub+zip",
)
_MARKED_UP = frozenset({"application/xml", "text/xml"})
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
_UNSEEN = ((b"<!--", b"-->"), (b"<script", b"</script"), (b"<style", b"</style"), (b"<title", b"</title"))
_SPACE = re.compile(rb"&(?:nbsp|#160|#x[aA]0);")
_SHOWS = re.compile(rb"<(?:img|image|picture|svg|object|embed|i?frame|canvas|video|input)\b", re.IGNORECASE)


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
        return _of_markup(data)
    if media_type in _MARKED_UP:
        # What its attributes say may well be shown.
        return Shown.UNKNOWN if data.strip() else Shown.NOTHING
    # Pages of a PDF that show something are named by the engine that reads them.
    if media_type == PDF or media_type.startswith("text/") or media_type == "application/json":
        return Shown.NOTHING
    return _packed(data) if media_type.startswith(_ZIPPED) else Shown.UNKNOWN


def _packed(data: bytes) -> Shown:
    try:
        package = Archive(data)
        names = list(islice(package.names(), MOST_MEMBERS))
        parts = list(filter(_PARTS.search, names))
        if not parts or len(names) == MOST_MEMBERS:
            return Shown.UNKNOWN
        if any(map(_is_picture, names)):
            return Shown.PICTURES
        return _of_parts(package, [each for each in parts if not _DESCRIBES.search(each)])
    except UnreadablePartError:
        return Shown.UNKNOWN


def _is_picture(name: str) -> bool:
    # A preview of the first page is no part of it.
    return bool(_PICTURES.search(name)) and "humbnail" not in name


def _of_parts(package: Archive, parts: list[str]) -> Shown:
    left = MOST_BYTES
    for each in parts:
        content = package.read(each, left)
        left -= len(content)
        if (found := _of_markup(content)) is not Shown.NOTHING:
            return found
    return Shown.NOTHING


def _of_markup(content: bytes) -> Shown:
    for begin, end in _UNSEEN:
        content = _without(content, begin, end)
    if _SHOWS.search(content):
        return Shown.PICTURES
    words = _SPACE.sub(b"", _TAG.sub(b"", content)).strip()
    return Shown.WORDS if words else Shown.NOTHING


def _without(content: bytes, begin: bytes, end: bytes) -> bytes:
    """Leave out what lies between two marks, up to the > of the second; without it, all that follows the first."""
    lowered = content.lower()
    kept, place = [], 0
    while (start := lowered.find(begin, place)) >= 0:
        kept.append(content[place:start])
        stop = lowered.find(end, start)
        closed = -1 if stop < 0 else lowered.find(b">", stop + len(end) - 1)
        place = len(content) if closed < 0 else closed + 1
    return b"".join((*kept, content[place:]))
