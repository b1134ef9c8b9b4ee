"""A page's text, in the order of its blocks."""

from docbatch.providers.local import blocks
from docbatch.providers.local.pdf.pdf_document import PdfDocument


def derive(document: PdfDocument) -> None:
    """Write each page's text anew from its blocks: the engine's own runs across columns."""
    for page in document.pages:
        if page["blocks"]:
            page["text"] = blocks.text(page["blocks"])
