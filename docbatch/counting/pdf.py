"""Pages of a PDF, as its page tree has them. PDFium opens it: damaged files, hidden tables of objects, no password."""

import mmap
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, BinaryIO

from docbatch.core.extents import Extent
from docbatch.counting.uncountable import Uncountable

_READ_WHOLE = 1 << 20
_HEADER_WITHIN = 1024
_MOST_JUNK = 1 << 20
_ABSURD = re.compile(rb"/Count[\0\t\n\f\r ]+\+?[0-9]{7,}")
_LOOKED_AT = 1 << 16


def count(file: BinaryIO, size: int) -> Extent:
    """Return the pages of a PDF. Raises Uncountable."""
    if size <= _READ_WHOLE:
        return Extent(pages=_pages(file.read(size)))
    try:
        # What is not asked for is not read. Written to it could be only because a pointer to it is wanted.
        mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):
        return Extent(pages=_pages(file.read(size)))
    with mapped:
        return Extent(pages=_pages(mapped))


def _pages(data: bytes | mmap.mmap) -> int:
    header = data.find(b"%PDF-", 0, _MOST_JUNK)
    if header > _HEADER_WITHIN:
        data = data[header:]
    if _names_absurd_number(data):
        raise Uncountable("the number of pages it names cannot be")
    return _by_pdfium(data)


def _names_absurd_number(data: bytes | mmap.mmap) -> bool:
    """Whether a number is named that PDFium takes for none and counts by itself, while other readers refuse the document."""
    starts = {0, max(len(data) - _LOOKED_AT, 0)}
    return any(_ABSURD.match(data, at) for start in starts for at in _found(data, b"/Count", start))


def _found(data: bytes | mmap.mmap, text: bytes, start: int) -> Iterator[int]:
    end = start + _LOOKED_AT
    at = data.find(text, start, end)
    while at >= 0:
        yield at
        at = data.find(text, at + 1, end)


def _by_pdfium(data: bytes | mmap.mmap) -> int:
    import ctypes  # noqa: PLC0415 - other documents need none

    raw = _library()
    # A buffer that is let go of at the end, so that the mapping can be closed.
    held = data if isinstance(data, bytes) else (ctypes.c_char * len(data)).from_buffer(data)
    document = raw.FPDF_LoadMemDocument64(held, len(data), None)
    try:
        pages = int(raw.FPDF_GetPageCount(document)) if document else 0
        # The number is what the tree says of itself. To go to the last page takes longer than all else.
        if pages < 1 or not (_shows_pages(data, pages) or _has_page(raw, document, pages - 1)):
            raise Uncountable("it cannot be opened, or its page tree is damaged")
    finally:
        if document:
            raw.FPDF_CloseDocument(document)
        del held
    return pages


def _shows_pages(data: bytes | mmap.mmap, pages: int) -> bool:
    """Whether so many pages are seen in a document's bytes; in many they are packed, and nothing is seen."""
    if not isinstance(data, bytes):
        return False
    shown = data.count(b"/Type /Page") - data.count(b"/Type /Pages")
    return shown >= pages or data.count(b"/Type/Page") - data.count(b"/Type/Pages") >= pages


def _has_page(raw: Any, document: Any, index: int) -> bool:
    return bool(raw.FPDF_GetPageSizeByIndexF(document, index, raw.FS_SIZEF()))


@cache
def _library() -> Any:
    import pypdfium2_raw  # noqa: PLC0415 - other documents need none

    pypdfium2_raw.FPDF_InitLibrary()
    return pypdfium2_raw
