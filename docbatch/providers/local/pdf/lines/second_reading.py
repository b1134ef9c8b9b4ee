"""What the second engine for PDF leaves out of a document, told by the document's own text."""

import contextlib

import pypdfium2

from docbatch.providers.local import word_guard
from docbatch.providers.local.pdf.raw_text import raw_text

_SAID = 20


def left_out(data: bytes, markdown: str, password: str | None = None) -> list[str]:
    """Return a warning where words of the PDF's text are not in its Markdown; none where PDFium cannot open it."""
    try:
        with contextlib.closing(pypdfium2.PdfDocument(data, password=password)) as document:
            raw = "\r\n".join(raw_text(document, number) for number in range(1, len(document) + 1))
    except pypdfium2.PdfiumError:
        return []
    pieces = [raw[start:end] for start, end in word_guard.left_out(raw, markdown)]
    count = sum(len(word_guard.words(piece)) for piece in pieces)
    if not count:
        return []
    shown = ", ".join(f'"{piece}"' for piece in pieces[:_SAID])
    return [f"words of the document's text that are not in what was read: {count}, such as {shown}"]
