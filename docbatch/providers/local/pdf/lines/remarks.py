"""What people wrote on a PDF: notes, typed-in text, remarks on marked passages, stamps."""

import contextlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pypdfium2
from liteparse import DocumentAnnotation
from pypdfium2 import raw as pdfium

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.lines import page_markdown
from docbatch.providers.local.pdf.pdf_document import PdfDocument

_SHOWN = frozenset({"freetext", "stamp"})
"""What stands on the page itself, so that nobody needs to be told who wrote it."""
_OPENED = frozenset(
    [
        "text",
        "highlight",
        "underline",
        "squiggly",
        "strikeout",
        "caret",
        "ink",
        "line",
        "square",
        "circle",
        "polygon",
        "polyline",
        "redact",
        "fileattachment",
    ]
)
_Said = TypeVar("_Said")
_Rect = tuple[float, float, float, float]

_UNSEEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_MOST = 5000
"""Remarks of a page; more are no person's work."""


def add(document: PdfDocument) -> None:
    """Put the remarks on each page where they stand, as blocks with the role `comment`."""
    for page, parsed in zip(document.pages, document.parsed.pages, strict=True):
        remarks = [
            (number, each)
            for number, each in enumerate(parsed.annotations or ())
            if each.subtype in _SHOWN or (each.subtype in _OPENED and each.contents)
        ]
        if remarks:
            _add(document, page, remarks[:_MOST], len(parsed.annotations or ()))


def _add(
    document: PdfDocument, page: Json, remarks: list[tuple[int, DocumentAnnotation]], count: int
) -> None:
    flags = _flags(document, page["number"], count)
    seen = [(at, remark) for at, remark in remarks if not flags.get(at, 0) & _UNSEEN and remark.rect]
    silent = [at for at, remark in seen if not (remark.contents or "").strip() and flags]
    drawn = _drawn(document, page["number"], silent) if silent else {}
    new: dict[int, list[Json]] = defaultdict(list)
    for at, remark in seen:
        text = drawn.get(at) or _text(remark)
        if text and remark.rect:
            rect = remark.rect
            box = (rect.x, rect.y, rect.x + rect.width, rect.y + rect.height)
            block = {**blocks.paragraph(text), "bbox": [round(side, 2) for side in box], "role": "comment"}
            new[page_markdown.number_at(box, page["blocks"])].append(block)
    if new:
        page_markdown.insert(page, new)


def _text(remark: DocumentAnnotation) -> str:
    text = "\n".join((remark.contents or "").splitlines()).strip()
    author = (remark.title or "").strip()
    return f"{author}: {text}" if text and author and remark.subtype in _OPENED else text


def _flags(document: PdfDocument, number: int, count: int) -> dict[int, int]:
    """Return the flags of a page's annotations; none where PDFium counts others than the engine."""
    with contextlib.closing(document.pdfium[number - 1]) as page:
        if pdfium.FPDFPage_GetAnnotCount(page) != count:
            return {}
        return {at: _asked(page, at, pdfium.FPDFAnnot_GetFlags) for at in range(count)}


def _drawn(document: PdfDocument, number: int, numbers: Sequence[int]) -> dict[int, str]:
    """Return the text that annotations show by how they are drawn, told by making them a part of the page."""
    with contextlib.closing(pypdfium2.PdfDocument(document.data, password=document.password)) as copy:
        with contextlib.closing(copy[number - 1]) as page:
            rects = {at: _asked(page, at, _rect) for at in numbers}
            before = _bounded(page, rects)
            pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY)
        with contextlib.closing(copy[number - 1]) as page:
            after = _bounded(page, rects)
    return {at: text.replace(before[at], "", 1).strip() for at, text in after.items()}


def _bounded(page: pypdfium2.PdfPage, rects: dict[int, _Rect]) -> dict[int, str]:
    with contextlib.closing(page.get_textpage()) as text:
        return {
            at: "\n".join(text.get_text_bounded(*rect).splitlines()).strip() for at, rect in rects.items()
        }


def _rect(annotation: Any) -> _Rect:
    rect = pdfium.FS_RECTF()
    pdfium.FPDFAnnot_GetRect(annotation, rect)
    return rect.left, rect.bottom, rect.right, rect.top


def _asked(page: pypdfium2.PdfPage, at: int, question: Callable[[Any], _Said]) -> _Said:
    annotation = pdfium.FPDFPage_GetAnnot(page, at)
    try:
        return question(annotation)
    finally:
        pdfium.FPDFPage_CloseAnnot(annotation)
