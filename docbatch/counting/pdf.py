"""Pages of a PDF, as its page tree has them. PDFium opens it: damaged files, hidden tables of objects, no password."""

import mmap
import re
from functools import cache
from typing import Any, BinaryIO

from docbatch.core.extents import Extent
from docbatch.counting.uncountable import Uncountable

_READ_WHOLE = 1 << 20
_HEADER_WITHIN = 1024
_MOST_JUNK = 1 << 20
# PDFium counts by itself where the number is absurd, and other readers then refuse the document.
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
    if _ABSURD.search(data, 0, _LOOKED_AT) or _ABSURD.search(data, max(len(data) - _LOOKED_AT, 0)):
        raise Uncountable("the number of pages it names cannot be")
    return _by_pdfium(data)


def _by_pdfium(data: bytes | mmap.mmap) -> int:
    import ctypes  # noqa: PLC0415 - other documents need none

    raw = _library()
    # A buffer that is let go of at the end, so that the mapping can be closed.
    held = data if isinstance(data, bytes) else (ctypes.c_char * len(data)).from_buffer(data)
    document = raw.FPDF_LoadMemDocument64(held, len(data), None)
    if not document:
        raise Uncountable("it cannot be opened")
    try:
        pages = int(raw.FPDF_GetPageCount(document))
        # The number is what the tree says of itself: what has no last page says it wrongly.
        if pages < 1 or not raw.FPDF_GetPageSizeByIndexF(document, pages - 1, raw.FS_SIZEF()):
            raise Uncountable("its page tree is damaged")
    finally:
        raw.FPDF_CloseDocument(document)
        del held
    return pages


@cache
def _library() -> Any:
    import pypdfium2_raw  # noqa: PLC0415 - other documents need none

    pypdfium2_raw.FPDF_InitLibrary()
    return pypdfium2_raw
