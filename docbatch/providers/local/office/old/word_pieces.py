"""What a Word 97 document (doc) holds beside its body, from its own table of pieces: headers, notes, comments, boxes."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_MAGIC = (0xA5EC, 0xA5DC)
_IS_ENCRYPTED = 0x0100
_TABLE_IS_1 = 0x0200
_FLAGS, _LENGTHS, _HEADER_PLACES, _PIECES = 0x0A, 0x4C, 0xF2, 0x1A2
_STORIES = ("body", "note", "running", "macro", "comment", "note", "box", "running box")
_SEPARATORS = 6
# Of each section: headers of even and odd pages, their footers, header and footer of the first page.
_RUNNING = ("header", "header", "footer", "footer", "header", "footer")
_NARROW = 0x40000000
_CELL_ENDS = "\x07"
_FIELD_BEGINS, _FIELD_SHOWS, _FIELD_ENDS = "\x13", "\x14", "\x15"
_SHOWN = {
    "\r": "\n",
    "\x07": "\t",
    "\x0b": "\n",
    "\x0c": "\n",
    "\x1e": "\u2011",
    "\xa0": "\xa0",
    "\t": "\t",
    "\n": "\n",
}


@dataclass(frozen=True, slots=True)
class OldWordText:
    """All texts of a document by what they are, each as lines."""

    body: tuple[str, ...]
    beside: tuple[tuple[str, str], ...]
    has_tables: bool = False


def is_locked(document: bytes) -> bool:
    return len(document) > _FLAGS + 1 and bool(_number(document, _FLAGS, "<H") & _IS_ENCRYPTED)


def read(streams: Mapping[str, bytes]) -> OldWordText | None:
    """Return the texts of the streams of a document; None where it is older, or its table is damaged."""
    document = streams.get("WordDocument", b"")
    try:
        if _number(document, 0, "<H") not in _MAGIC:
            return None
        table = streams.get("1Table" if _number(document, _FLAGS, "<H") & _TABLE_IS_1 else "0Table", b"")
        lengths = struct.unpack_from("<8i", document, _LENGTHS)
        text = _text(document, _piece_table(document, table), sum(lengths))
        places = _places(document, table)
    except (struct.error, ValueError):
        return None
    return _sorted(text, lengths, places)


def _sorted(text: str, lengths: tuple[int, ...], places: list[int]) -> OldWordText:
    body: tuple[str, ...] = ()
    beside: list[tuple[str, str]] = []
    start = 0
    for story, length in zip(_STORIES, lengths, strict=True):
        part = text[start : start + max(length, 0)]
        start += max(length, 0)
        if story == "body":
            body = tuple(_lines(part))
        elif story == "running":
            beside += _running(part, places)
        elif story != "macro":
            role = {"running box": "header", "box": ""}.get(story, story)
            beside += ((role, line) for line in _lines(part))
    return OldWordText(
        body, tuple(dict.fromkeys(beside)), has_tables=_CELL_ENDS in text[: max(lengths[0], 0)]
    )


def _running(part: str, places: list[int]) -> Iterator[tuple[str, str]]:
    for at in range(_SEPARATORS, len(places) - 1):
        role = _RUNNING[(at - _SEPARATORS) % len(_RUNNING)]
        yield from ((role, line) for line in _lines(part[places[at] : places[at + 1]]))


def _piece_table(document: bytes, table: bytes) -> bytes:
    start, size = struct.unpack_from("<II", document, _PIECES)
    found = table[start : start + size]
    at = 0
    while found[at : at + 1] == b"\x01":
        at += 3 + _number(found, at + 1, "<H")
    if found[at : at + 1] != b"\x02":
        raise ValueError("the table of pieces is not there")
    return found[at + 5 : at + 5 + _number(found, at + 1, "<I")]


def _text(document: bytes, pieces: bytes, most: int) -> str:
    count = (len(pieces) - 4) // 12
    ends = struct.unpack_from(f"<{count + 1}I", pieces)
    parts = []
    for at in range(count):
        length = min(ends[at + 1], most + 1) - ends[at]
        place = _number(pieces, 4 * (count + 1) + 8 * at + 2, "<I")
        if length <= 0:
            continue
        if place & _NARROW:
            start = (place & ~_NARROW) // 2
            parts.append(document[start : start + length].decode("cp1252", "replace"))
        else:
            parts.append(document[place : place + 2 * length].decode("utf-16-le", "replace"))
    return "".join(parts)


def _places(document: bytes, table: bytes) -> list[int]:
    start, size = struct.unpack_from("<II", document, _HEADER_PLACES)
    count = min(size, len(table) - start) // 4
    return list(struct.unpack_from(f"<{count}I", table, start)) if count > 0 else []


def _lines(text: str) -> Iterator[str]:
    shown: list[str] = []
    fields: list[bool] = []
    silent = 0
    for each in text:
        if each == _FIELD_BEGINS:
            fields.append(False)
            silent += 1
        elif each == _FIELD_SHOWS and fields:
            silent -= not fields[-1]
            fields[-1] = True
        elif each == _FIELD_ENDS and fields:
            silent -= not fields.pop()
        elif not silent:
            shown.append(_SHOWN.get(each, each if each >= " " else ""))
    for line in "".join(shown).split("\n"):
        if line.strip():
            yield " ".join(line.split())


def _number(data: bytes, at: int, form: str) -> int:
    number: int = struct.unpack_from(form, data, at)[0]
    return number
