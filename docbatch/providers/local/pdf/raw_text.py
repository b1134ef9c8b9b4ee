"""The text of a page as PDFium gives it: every character as it was written, in the order in which the page draws them."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pypdfium2
from pypdfium2 import raw as pdfium

from docbatch.providers.local.pdf.characters.composed_letters import decomposed

Box = tuple[float, float, float, float]
Span = tuple[int, int]

HYPHEN = "\ufffe"
"""What PDFium writes for a hyphen at the end of a line; the line's end is left out then."""

_INVISIBLE = 3
_DEVICE_UNITS = 10
"""To a point: PDFium answers in whole units."""
# What is asked for beyond these would take longer than it is worth: it has no place then.
_MOST_SPANS = 2000
_MOST_CHARACTERS = 300
_MOST_CLIPS = 50


def raw_text(document: pypdfium2.PdfDocument, number: int) -> str:
    """Return the text of a page, from 1, its lines ended by CR LF. Raises pypdfium2.PdfiumError."""
    with open_text(document, number) as (_, text):
        return _all(text)


def places(
    document: pypdfium2.PdfDocument, number: int, turn: int, spans: Sequence[Span]
) -> list[Box | None]:
    """Return where pieces of a page's raw text stand, x0, y0, x1, y1 from the top left; None where nobody can see one.

    `turn` is by how many degrees clockwise the page's content is turned. Raises pypdfium2.PdfiumError.
    """
    with open_text(document, number) as (page, text):
        units = _units(_all(text))
        where = _Place(page, text, turn)
        boxes = [where.of(units(start), units(end)) for start, end in spans[:_MOST_SPANS]]
    beyond: Box = (0, where.height, where.width, where.height)
    return boxes + [beyond] * (len(spans) - len(boxes))


@contextmanager
def open_text(document: pypdfium2.PdfDocument, number: int) -> Iterator[tuple[Any, Any]]:
    """Open a page, from 1, and its text. Raises pypdfium2.PdfiumError."""
    page = document[number - 1]
    try:
        text = page.get_textpage()
        try:
            yield page, text
        finally:
            text.close()
    finally:
        page.close()


def _all(text: Any) -> str:
    count = pdfium.FPDFText_CountChars(text)
    if count <= 0:
        return ""
    buffer = ctypes.create_string_buffer(2 * count + 2)
    written = pdfium.FPDFText_GetText(text, 0, count, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)))
    return decomposed(buffer.raw[: 2 * max(written - 1, 0)].decode("utf-16-le", "replace"))


def _units(text: str) -> Callable[[int], int]:
    """Return what turns an offset into the text into one into its UTF-16 units, in which PDFium counts."""
    if not text or max(text) <= "\uffff":
        return int
    at, offsets = 0, []
    for character in text:
        offsets.append(at)
        at += 1 + (character > "\uffff")
    return [*offsets, at].__getitem__


class _Place:
    """Finds characters on an open page."""

    def __init__(self, page: Any, text: Any, turn: int) -> None:
        self._page, self._text = page, text
        self._quarters = -turn // 90 % 4
        width, height = page.get_size()
        self.width, self.height = (height, width) if self._quarters % 2 else (width, height)
        self._edges = [ctypes.c_double() for _ in range(4)]

    def of(self, start: int, end: int) -> Box | None:
        first = pdfium.FPDFText_GetCharIndexFromTextIndex(self._text, start)
        last = pdfium.FPDFText_GetCharIndexFromTextIndex(self._text, end - 1)
        if first < 0 or last < first:
            return None
        indices = [*range(first, min(last, first + _MOST_CHARACTERS)), last]
        boxes = [box for box in map(self._box, indices) if box]
        if not boxes:
            return None
        x0, y0, x1, y1 = (
            pick(sides) for pick, sides in zip((min, min, max, max), zip(*boxes, strict=True), strict=True)
        )
        is_beside = x1 <= 0 or y1 <= 0 or x0 >= self.width or y0 >= self.height
        return None if is_beside or self._is_hidden(first) else (x0, y0, x1, y1)

    def _is_hidden(self, index: int) -> bool:
        """Whether a character is drawn without colour, or outside of what it is clipped to."""
        drawn = pdfium.FPDFText_GetTextObject(self._text, index)
        if not drawn:
            return False
        if pdfium.FPDFTextObj_GetTextRenderMode(drawn) == _INVISIBLE:
            return True
        return self._is_clipped(drawn, index)

    def _is_clipped(self, drawn: Any, index: int) -> bool:
        if not pdfium.FPDFText_GetCharBox(self._text, index, *self._edges):
            return False
        left, right, bottom, top = (edge.value for edge in self._edges)
        middle = (left + right) / 2, (bottom + top) / 2
        bounds = [ctypes.c_float() for _ in range(4)]
        pdfium.FPDFPageObj_GetBounds(drawn, *bounds)
        # What is drawn by a form of its own may be measured from elsewhere.
        if not _is_inside(middle, *(edge.value for edge in bounds)):
            return False
        return any(not _is_inside(middle, *clip) for clip in _clips(drawn))

    def _box(self, index: int) -> Box | None:
        if not pdfium.FPDFText_GetCharBox(self._text, index, *self._edges):
            return None
        left, right, bottom, top = (edge.value for edge in self._edges)
        if right <= left and top <= bottom:
            return None
        (xa, ya), (xb, yb) = self._from_top_left(left, top), self._from_top_left(right, bottom)
        return (min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb))

    def _from_top_left(self, across: float, up: float) -> tuple[float, float]:
        x, y = ctypes.c_int(), ctypes.c_int()
        size = int(self.width * _DEVICE_UNITS), int(self.height * _DEVICE_UNITS)
        pdfium.FPDF_PageToDevice(self._page, 0, 0, *size, self._quarters, across, up, x, y)
        return x.value / _DEVICE_UNITS, y.value / _DEVICE_UNITS


def _is_inside(point: tuple[float, float], left: float, bottom: float, right: float, top: float) -> bool:
    return left <= point[0] <= right and bottom <= point[1] <= top


def _clips(drawn: Any) -> Iterator[Box]:
    """Yield what bounds each simple path to which an object is clipped: left, bottom, right, top."""
    clip = pdfium.FPDFPageObj_GetClipPath(drawn)
    x, y = ctypes.c_float(), ctypes.c_float()
    for path in range(min(pdfium.FPDFClipPath_CountPaths(clip), _MOST_CLIPS) if clip else 0):
        segments = pdfium.FPDFClipPath_CountPathSegments(clip, path)
        points = []
        for number in range(segments if segments <= _MOST_CLIPS else 0):
            segment = pdfium.FPDFClipPath_GetPathSegment(clip, path, number)
            if pdfium.FPDFPathSegment_GetPoint(segment, x, y):
                points.append((x.value, y.value))
        if points:
            across, up = zip(*points, strict=True)
            yield min(across), min(up), max(across), max(up)
