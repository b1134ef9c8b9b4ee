"""Which properties the characters of a Word 97 document (doc) have, as far as they decide what is to be read."""

import struct
from collections.abc import Iterator, Mapping

_FLAGS, _TABLE_IS_1, _PAGES = 0x0A, 0x0200, 0xFA
_PAGE = 512
_DELETED, _INSERTED, _HIDDEN = 0x0800, 0x0801, 0x083C
_OPERANDS = (1, 1, 2, 4, 2, 2, 0, 3)
_KNOWN = {_DELETED: "deleted", _INSERTED: "inserted", _HIDDEN: "hidden"}


def found(streams: Mapping[str, bytes]) -> set[str]:
    """Return which of `deleted`, `inserted` and `hidden` characters there are; none where nothing can be told."""
    document = streams.get("WordDocument", b"")
    said: set[str] = set()
    try:
        (flags,) = struct.unpack_from("<H", document, _FLAGS)
        table = streams.get("1Table" if flags & _TABLE_IS_1 else "0Table", b"")
        start, size = struct.unpack_from("<II", document, _PAGES)
        count = max(min(size, len(table) - start) - 4, 0) // 8
        for (number,) in struct.iter_unpack(
            "<I", table[start + 4 * (count + 1) : start + 4 * (2 * count + 1)]
        ):
            page = document[number * _PAGE : (number + 1) * _PAGE]
            for properties in _runs(page):
                said.update(_said(properties))
    except struct.error:
        return said
    return said


def _runs(page: bytes) -> Iterator[bytes]:
    if len(page) < _PAGE:
        return
    runs = page[-1]
    for place in page[4 * (runs + 1) : 4 * (runs + 1) + runs]:
        start = 2 * place
        if place:
            yield page[start + 1 : start + 1 + page[start]]


def _said(properties: bytes) -> Iterator[str]:
    at = 0
    while at + 3 <= len(properties):
        (code,) = struct.unpack_from("<H", properties, at)
        size = _OPERANDS[code >> 13] or 1 + properties[at + 2]
        if code in _KNOWN and properties[at + 2] == 1:
            yield _KNOWN[code]
        at += 2 + size
