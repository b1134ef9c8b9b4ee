"""Which documents can be counted, by their media types, and by what. Others have no number of their own."""

import importlib
from collections.abc import Callable
from typing import BinaryIO, cast

from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.counting.uncountable import Uncountable

VERSION = 1
"""Raise it when anything is counted otherwise: what was counted before is then counted again."""

_OPENXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

_COUNTED = {
    "application/pdf": "pdf.count",
    "image/tiff": "pictures.count",
    f"{_OPENXML}.presentationml.presentation": "slides.count_pptx",
    f"{_ODF}.presentation": "slides.count_odp",
    f"{_ODF}.graphics": "slides.count_odp",
    f"{_OPENXML}.spreadsheetml.sheet": "sheets.count_xlsx",
    "application/vnd.ms-excel.sheet.binary.macroEnabled.12": "sheets.count_xlsb",
    "application/vnd.ms-excel": "old_sheets.count",
    f"{_ODF}.spreadsheet": "sheets.count_ods",
    f"{_OPENXML}.wordprocessingml.document": "texts.count_docx",
    f"{_ODF}.text": "texts.count_odt",
}
"""The functions that count, each in a module of this folder."""

STATED = frozenset((f"{_OPENXML}.wordprocessingml.document", f"{_ODF}.text"))
"""Types of documents whose pages are what they say themselves."""

ONE_PAGE = frozenset(
    ("image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp", "image/jp2", "image/avif", "image/heic")
)  # fmt: skip
"""Pictures that are one page, whatever is in them."""


def is_counted(media_type: str) -> bool:
    """Whether a document of this type has to be looked into."""
    return media_type in _COUNTED


def at_sight(media_type: str) -> Extent:
    """Return what is known of a document that need not be looked into."""
    return Extent(pages=1) if media_type in ONE_PAGE else UNCOUNTED


def count(file: BinaryIO, size: int, media_type: str) -> Extent:
    """Count a document of so many bytes, from where the file stands. Unknown is what gives no number."""
    module, _, name = _COUNTED[media_type].partition(".")
    counter = getattr(importlib.import_module(f"docbatch.counting.{module}"), name)
    try:
        return cast("Callable[[BinaryIO, int], Extent]", counter)(file, size)
    except Uncountable:
        return UNCOUNTED
