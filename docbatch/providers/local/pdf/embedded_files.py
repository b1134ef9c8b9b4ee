"""Files inside a PDF: those of the document, and those pinned to its pages."""

import hashlib
from collections.abc import Iterator
from contextlib import closing

from pypdfium2 import PdfAttachment, PdfiumError
from pypdfium2 import raw as pdfium

from docbatch.providers.local.attachments import AttachedFiles
from docbatch.providers.local.pdf.pdf_document import PdfDocument

_MOST = 1000
_PINNED = "fileattachment"


def read_embedded_files(document: PdfDocument) -> None:
    """Read each file inside the document with the engine for its type; one that is not read is lost and named."""
    try:
        count = document.pdfium.count_attachments()
    except PdfiumError:
        document.warnings.append("files inside the document were not looked for: PDFium cannot open it")
        return
    files = AttachedFiles(document.options)
    seen: set[tuple[str, bytes]] = set()
    for attachment in _attachments(document, count):
        name = attachment.get_name()
        try:
            data = bytes(attachment.get_data())
        except PdfiumError:
            files.leave(name, "its content is missing")
            continue
        mark = (name, hashlib.sha256(data).digest())
        if mark not in seen:
            seen.add(mark)
            files.add(name, data, attachment.get_subtype() or None)
    document.attachments += files.attachments
    document.lost += files.lost
    document.warnings += files.warnings


def _attachments(document: PdfDocument, count: int) -> Iterator[PdfAttachment]:
    if document.options.pages and document.options.pages[0] > 1:
        # What belongs to the document as a whole is told with its first pages.
        count = 0
    for number in range(min(count, _MOST)):
        yield document.pdfium.get_attachment(number)
    if count > _MOST:
        document.lost.append(f"{count - _MOST} more embedded files: only the first {_MOST} are looked at")
    for parsed in document.parsed.pages:
        if any(annotation.subtype == _PINNED for annotation in parsed.annotations or ()):
            yield from _pinned(document, parsed.page_num)


def _pinned(document: PdfDocument, number: int) -> Iterator[PdfAttachment]:
    with closing(document.pdfium[number - 1]) as page:
        for at in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST)):
            annotation = pdfium.FPDFPage_GetAnnot(page, at)
            try:
                if pdfium.FPDFAnnot_GetSubtype(annotation) == pdfium.FPDF_ANNOT_FILEATTACHMENT:
                    raw = pdfium.FPDFAnnot_GetFileAttachment(annotation)
                    if raw:
                        yield PdfAttachment(raw, document.pdfium)
            finally:
                pdfium.FPDFPage_CloseAnnot(annotation)
