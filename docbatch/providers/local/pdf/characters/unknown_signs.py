"""Signs of which no font says what they are: nothing can be written for them, so they are named."""

import re
from collections.abc import Iterator

from docbatch.providers.local.pdf.pdf_document import PdfDocument

_UNKNOWN = "[\x01-\x08\x0e-\x1f\ufffd]"
_ANY = re.compile(rf"{_UNKNOWN}(?:(?=\w)|(?<=\w.))", re.DOTALL)
# Beside a figure it may be a minus or a currency, without which the figure says something else.
_OF_A_FIGURE = re.compile(rf"(?:\S{{0,20}}\d)?{_UNKNOWN}(?=\d)\S{{0,20}}|\S{{0,20}}\d{_UNKNOWN}\S{{0,20}}")
_SHOWN = "\ufffd"
_SAID = 5


def name(document: PdfDocument) -> None:
    """Name what stands beside signs that could not be read: as lost beside figures, as a warning elsewhere."""
    for page in document.pages:
        raw = "" if document.is_read_as_picture(page) else document.raw(page["number"])
        is_named = any(said.startswith(f"page {page['number']}:") for said in document.lost)
        if is_named or not _ANY.search(raw):
            continue
        figures = list(_figures(raw))
        if figures:
            more = ", and more" if len(figures) > _SAID else ""
            document.lost.append(
                f"page {page['number']}: signs whose font does not say what they are, in {', '.join(figures[:_SAID])}{more}"
            )
        else:
            count = len(_ANY.findall(raw))
            document.warnings.append(
                f"page {page['number']}: {count} signs whose font does not say what they are were left out"
            )


def _figures(raw: str) -> Iterator[str]:
    for match in _OF_A_FIGURE.finditer(raw):
        yield re.sub(_UNKNOWN, _SHOWN, match[0])
