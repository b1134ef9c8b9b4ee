"""What sort of thing a media type stands for."""

import pytest

from docbatch.core.models import REFERENCE_TYPES
from docbatch.core.shapes import OLD_WORKBOOK, Shape, shape

OFFICE = "application/vnd.openxmlformats-officedocument"
ODF = "application/vnd.oasis.opendocument"


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("application/pdf", Shape.PAGES),
        (f"{OFFICE}.wordprocessingml.document", Shape.PAGES),
        (f"{OFFICE}.presentationml.presentation", Shape.PAGES),
        ("application/msword", Shape.PAGES),
        ("application/vnd.ms-powerpoint", Shape.PAGES),
        (f"{ODF}.text", Shape.PAGES),
        (f"{ODF}.presentation", Shape.PAGES),
        ("application/rtf", Shape.PAGES),
        (f"{OFFICE}.spreadsheetml.sheet", Shape.SHEETS),
        ("application/vnd.ms-excel.sheet.binary.macroEnabled.12", Shape.SHEETS),
        (OLD_WORKBOOK, Shape.SHEETS),
        (f"{ODF}.spreadsheet", Shape.SHEETS),
        ("text/csv", Shape.ROWS),
        ("text/tab-separated-values", Shape.ROWS),
        ("image/png", Shape.PICTURE),
        ("text/plain", Shape.TEXT),
        ("text/html", Shape.TEXT),
        ("message/rfc822", Shape.TEXT),
        ("application/json", Shape.TEXT),
        ("application/octet-stream", Shape.OTHER),
        *((reference, Shape.OTHER) for reference in REFERENCE_TYPES.values()),
    ],
)
def test_a_media_type_stands_for_a_shape(media_type: str, expected: Shape) -> None:
    assert shape(media_type) is expected
