"""Pages as pictures, as PDFium draws them."""

import ctypes
from contextlib import closing
from math import sqrt
from typing import Any

import pypdfium2
from pypdfium2 import raw as pdfium

from docbatch.providers.local.engines import Options, has_pillow
from docbatch.providers.local.ocr import tesseract
from docbatch.providers.local.ocr.page_blocks import Reading, read_from

_DPI = 200
_POINTS = 72
_MOST_PIXELS = 12_000_000
_LONGEST = 8_000
_BLANK_DPI = 36
_DEPTH = 5
_LETTERS_OF_OUTLINES = 60
"""Segments: a letter has ten to forty, a bar or a box four."""


def read(pdf: pypdfium2.PdfDocument, place: int, options: Options) -> Reading | None:
    """Return what the picture of a page says, None where it shows nothing. `place` counts from 0.

    Raises RuntimeError or ValueError.
    """
    if pdf.formenv is None:
        # What was filled into a form is drawn only then.
        pdf.init_forms()
    with closing(pdf[place]) as page:
        scale = _scale(*page.get_size())
        if not has_pillow():
            width, height, grey = _grey(page, scale)
            return read_from(tesseract.read(grey, width, height, options), 1 / scale)
        from docbatch.providers.local.ocr import picture_reader  # noqa: PLC0415 - Pillow comes with an extra

        return picture_reader.read(page.render(scale=scale).to_pil(), options, 1 / scale)


def is_blank(pdf: pypdfium2.PdfDocument, place: int) -> bool:
    """Whether a page shows one colour only. Raises RuntimeError."""
    with closing(pdf[place]) as page:
        scale = _scale(*page.get_size()) * _BLANK_DPI / _DPI
        return len(set(_grey(page, scale)[2])) <= 1


def has_outlines(pdf: pypdfium2.PdfDocument, place: int) -> bool:
    """Whether a page has so many filled shapes that they may be letters. Raises RuntimeError."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    found = 0
    with closing(pdf[place]) as page:
        for shape in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=_DEPTH):
            pdfium.FPDFPath_GetDrawMode(shape.raw, fill, stroke)
            if fill.value:
                found += pdfium.FPDFPath_CountSegments(shape.raw)
            if found >= _LETTERS_OF_OUTLINES:
                return True
    return False


def _scale(width: float, height: float) -> float:
    """Return how many pixels a point takes, few enough for a page of any size."""
    return min(_DPI / _POINTS, sqrt(_MOST_PIXELS / max(width * height, 1)), _LONGEST / max(width, height, 1))


def _grey(page: Any, scale: float) -> tuple[int, int, bytes]:
    bitmap = page.render(scale=scale, grayscale=True)
    content = bytes(bitmap.buffer)
    lines = range(0, bitmap.height * bitmap.stride, bitmap.stride)
    return bitmap.width, bitmap.height, b"".join(content[start : start + bitmap.width] for start in lines)
