"""All made documents."""

from collections.abc import Iterator

from fidelity.made import (
    binary_sheets,
    docx,
    mail,
    marked_up,
    office_oddities,
    opendocument,
    pdf_faults,
    pdf_oddities,
    pdf_pages,
    pdf_tables,
    pptx,
    sheets,
)
from fidelity.truth import Sample

_MAKERS = (
    pdf_pages,
    pdf_tables,
    pdf_faults,
    docx,
    pptx,
    sheets,
    binary_sheets,
    opendocument,
    marked_up,
    mail,
    pdf_oddities,
    office_oddities,
)


def samples() -> Iterator[Sample]:
    for maker in _MAKERS:
        yield from maker.samples()
