"""Pictures on a page that cannot be shown whole. PDFium draws nothing for them and says nothing."""

from contextlib import closing
from typing import Any

import pypdfium2
from pypdfium2 import raw

_MOST_PICTURES = 50
_DEEPEST = 5
_MOST_PIXELS = 178_956_970
_TAIL = 1024
# Some writers leave out the last bytes, which show nothing.
_NEARLY_ALL = 0.98
_END_OF_JPEG = b"\xff\xd9"
_UNPACKED = frozenset({"FlateDecode", "LZWDecode", "RunLengthDecode", "ASCII85Decode", "ASCIIHexDecode"})


def told(pdf: pypdfium2.PdfDocument, place: int) -> str | None:
    """Return what is wrong with the first damaged picture on a page, None where all are whole. `place` counts from 0."""
    with closing(pdf[place]) as page:
        found = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST)
        for picture, _ in zip(found, range(_MOST_PICTURES), strict=False):
            fault = _fault(picture)
            if fault:
                return fault
    return None


def _fault(picture: Any) -> str | None:
    width, height = picture.get_px_size()
    if width * height > _MOST_PIXELS:
        return f"its picture has more than the {_MOST_PIXELS:,} pixels that are read"
    filters = picture.get_filters()
    if _breaks_off(picture, filters, width, height):
        return "its picture breaks off"
    try:
        picture.get_bitmap()
    except pypdfium2.PdfiumError:
        return "its picture is damaged and cannot be shown"
    return None


def _breaks_off(picture: Any, filters: list[str], width: int, height: int) -> bool:
    if filters == ["DCTDecode"]:
        return _END_OF_JPEG not in bytes(picture.get_data(decode_simple=False))[-_TAIL:]
    if not _UNPACKED.issuperset(filters):
        return False
    about = picture.get_metadata()
    # Of a palette's pixels it is not said how many bits they take.
    bits = 1 if about.colorspace == raw.FPDF_COLORSPACE_INDEXED else about.bits_per_pixel
    there = raw.FPDFImageObj_GetImageDataDecoded(picture, None, 0)
    return bool(there < width * height * bits / 8 * _NEARLY_ALL)
