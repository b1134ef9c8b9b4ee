"""What sort of thing a document is, as far as its media type says: vendors count pages, sheets and pictures differently."""

import enum


class Shape(enum.StrEnum):
    """PAGES are documents of pages or slides, SHEETS a workbook, ROWS a table in plain text such as CSV."""

    PAGES = "pages"
    SHEETS = "sheets"
    ROWS = "rows"
    PICTURE = "picture"
    TEXT = "text"
    OTHER = "other"


OLD_WORKBOOK = "application/vnd.ms-excel"
"""Workbooks as Excel wrote them before 2007, with the suffix xls."""

_WORDS: tuple[tuple[Shape, tuple[str, ...]], ...] = (
    (Shape.ROWS, ("text/csv", "text/tab-separated-values")),
    (Shape.SHEETS, ("spreadsheet", "vnd.ms-excel")),
    (
        Shape.PAGES,
        (
            "application/pdf",
            "presentation",
            "vnd.ms-powerpoint",
            "wordprocessing",
            "msword",
            "vnd.ms-word",
            "opendocument.text",
            "rtf",
        ),
    ),
    (Shape.PICTURE, ("image/",)),
    (Shape.TEXT, ("text/", "message/", "application/json", "application/xml")),
)


def shape(media_type: str) -> Shape:
    """Return what a media type stands for; of links and ids nothing is known."""
    return next((each for each, words in _WORDS if any(word in media_type for word in words)), Shape.OTHER)
