"""PDF through liteparse: Markdown, text and boxes page by page."""

import contextlib
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import pypdfium2
from liteparse import LayoutBlock, LayoutCell, LiteParse, ParsedPage, ParseResult
from pypdfium2 import raw as pdfium

from docbatch.core.models import Failure
from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json, Options, Parsed, label, unreadable
from docbatch.providers.local.pdf import embedded_files, parts
from docbatch.providers.local.pdf.characters import own_characters, right_to_left, unknown_signs
from docbatch.providers.local.pdf.characters.link_targets import without_targets
from docbatch.providers.local.pdf.forms import form_fields
from docbatch.providers.local.pdf.layout.complete import complete_layout
from docbatch.providers.local.pdf.lines import (
    contents_pages,
    line_ends,
    missing_lines,
    page_text,
    remarks,
    running_lines,
)
from docbatch.providers.local.pdf.liteparse_answer import answer
from docbatch.providers.local.pdf.page_orientation import turned_pages
from docbatch.providers.local.pdf.passwords import opened
from docbatch.providers.local.pdf.pdf_document import PdfDocument, Step
from docbatch.providers.local.pdf.raw_text import raw_text
from docbatch.providers.local.pdf.scanned_pages import read_scanned_pages

_KINDS = {
    "heading": "heading",
    "paragraph": "text",
    "list_item": "list",
    "code": "code",
    "grid_fallback": "text",
    "table": "table",
    "figure": "image",
}
STEPS: tuple[Step, ...] = (
    complete_layout,
    form_fields.add_form_fields,
    contents_pages.put_together,
    own_characters.restore,
    missing_lines.put_back,
    running_lines.mark,
    parts.keep_own_pages,
    line_ends.keep,
    right_to_left.restore,
    read_scanned_pages,
    unknown_signs.name,
    remarks.add,
    page_text.derive,
    embedded_files.read_embedded_files,
)
"""What completes what liteparse read, in this order."""
_HEADER = re.compile(rb"%PDF-\d")
_HEADER_WITHIN = 1 << 20
_DYNAMIC_FORM = 2
"""PDFium's word for a form whose pages are made by a program as it is opened."""
SETTINGS: dict[str, Any] = {
    # Reading pictures is a step of its own: left to itself the engine replaces good text by what it reads.
    "ocr_enabled": False,
    "num_workers": 1,
    "quiet": True,
    "output_format": "markdown",
    "extract_annotations": True,
    "extract_blocks": True,
    "extract_document_metadata": True,
    "extract_form_fields": True,
    "continue_on_page_error": True,
    "keep_headers_footers": True,
    "max_pages": 1_000_000,
    "image_mode": "off",
    "include_complexity": True,
    "emit_word_boxes": True,
}
_MARKS = re.compile(r"\\([!-/:-@\[-`{-~])|\*+")
_NO_MARKDOWN = "```text\n\n```"
_SMALLEST = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


class LiteparseEngine:
    label = label("liteparse")

    def warm_up(self) -> None:
        answer(_parser(None, has_form=False), _SMALLEST)
        with contextlib.closing(pypdfium2.PdfDocument(_SMALLEST)) as document:
            raw_text(document, 1)

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        # What does not start like a PDF would be handed to a converter.
        header = _HEADER.search(data, 0, _HEADER_WITHIN)
        data = data[header.start() if header else 0 :]
        try:
            has_form = may_have_form(data)
            password, result = opened(
                options.passwords,
                lambda each: answer(_parser(each, has_form=has_form, pages=options.pages), data),
            )
            turned = _turn_back(data, result, password)
        except Exception as error:  # noqa: BLE001 - the engine's own exceptions have no common base
            return unreadable(error)
        if options.pages and result.total_pages < options.pages[0]:
            return parts.beyond(options.pages, result.total_pages)
        document = PdfDocument(
            data,
            options,
            result,
            [_page(page) for page in result.pages],
            _metadata(result),
            password=password,
            turned=turned,
            unread=_unread(result),
            lost=lost_pages(result, options.pages),
        )
        with contextlib.closing(document):
            for step in STEPS:
                _take(step, document)
        return document.result()

    def close(self) -> None:
        """Nothing is held."""


def may_have_form(data: bytes) -> bool:
    """Tell whether a PDF has a form, as far as it opens without a password: looking for fields takes a tenth of the time."""
    try:
        with contextlib.closing(pypdfium2.PdfDocument(data)) as document:
            return bool(document.get_formtype() != pdfium.FORMTYPE_NONE)
    except pypdfium2.PdfiumError:
        return True


def _parser(password: str | None, *, has_form: bool, pages: parts.Pages | None = None) -> Any:
    """Return a parser; one with a password, or for a part, serves one document alone."""
    if pages is not None:
        own = {"target_pages": parts.looked_at(pages), "password": password}
        return LiteParse(**SETTINGS | ({} if password else {"extract_form_fields": has_form}) | own)
    if password is None:
        return _unlocked_parser(has_form=has_form)
    return LiteParse(**SETTINGS, password=password)


@cache
def _unlocked_parser(*, has_form: bool) -> Any:
    return LiteParse(**SETTINGS | {"extract_form_fields": has_form})


def _turn_back(data: bytes, result: ParseResult, password: str | None) -> dict[int, int]:
    """Read the pages that lie on their side once more, turned back; return by how much they were turned."""
    turned = dict(turned_pages(result.pages))
    if turned:
        corrections = list(turned.items())
        pages = ",".join(map(str, turned))
        again = LiteParse(
            **SETTINGS, password=password, page_orientation_corrections=corrections, target_pages=pages
        )
        upright = {page.page_num: page for page in answer(again, data).pages}
        result.pages[:] = [upright.get(page.page_num, page) for page in result.pages]
    return turned


def lost_pages(result: ParseResult, pages: parts.Pages | None = None) -> list[str]:
    first, last = pages or (1, result.total_pages)
    failed = {
        error.page_num: error.message for error in result.page_errors if first <= error.page_num <= last
    }
    lost = [f"page {number}: {message}" for number, message in sorted(failed.items())]
    read = {page.page_num for page in result.pages} | set(failed)
    unread = [number for number in range(first, min(last, result.total_pages) + 1) if number not in read]
    if unread:
        lost.append(f"{_pages(unread)} of {result.total_pages}")
    if result.form_type == _DYNAMIC_FORM:
        lost.append("the document is an XFA form: only what its pages show to other readers was read")
    return lost


def _pages(numbers: Sequence[int]) -> str:
    """Return page numbers in words, neighbours as a range."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    said = ", ".join(" to ".join(map(str, each)) for each in ranges)
    return f"{'page' if len(numbers) == 1 else 'pages'} {said}"


def _unread(result: ParseResult) -> list[int]:
    """Return the pages that show something but gave no text."""
    return [
        page.page_num
        for page in result.pages
        if not page.text.strip() and page.complexity and set(page.complexity.reasons) - {"no-text"}
    ]


def _take(step: Step, document: PdfDocument) -> None:
    try:
        step(document)
    except Exception as error:  # noqa: BLE001 - what the engine read is worth more than what the step would add
        name = step.__module__.rpartition(".")[2].replace("_", " ")
        document.warnings.append(f"{name}: the step failed: {type(error).__name__}: {error}")


def _metadata(result: ParseResult) -> Json:
    about = result.doc_meta
    values = {
        "creator": result.creator,
        "producer": result.producer,
        "created": about and about.creation_date,
        "modified": about and about.mod_date,
        "pdf_version": about
        and about.file_version
        and f"{about.file_version // 10}.{about.file_version % 10}",
        "pages": result.total_pages,
    }
    return {key: value for key, value in values.items() if value}


def _page(page: ParsedPage) -> Json:
    return {
        "number": page.page_num,
        "text": page.text,
        "markdown": "" if page.markdown == _NO_MARKDOWN else page.markdown,
        "width": round(page.width, 2),
        "height": round(page.height, 2),
        "blocks": list(_blocks(page.blocks or ())),
    }


def _blocks(blocks: Iterable[LayoutBlock]) -> Iterable[Json]:
    for block in blocks:
        if block.kind != "rule":
            yield _block(block)


def _block(block: LayoutBlock) -> Json:
    value: Json = {"kind": _KINDS.get(block.kind, "other"), "text": _text(block)}
    if block.kind == "heading" and block.level is not None:
        value["level"] = block.level
    rows = block.rows
    if rows is not None:
        header = block.header
        rows = [header, *rows] if header else rows
        value["cells"] = [_cell(cell, y, x) for y, row in enumerate(rows) for x, cell in enumerate(row)]
        value["text"] = "\n".join("\t".join(without_targets(cell.text) for cell in row) for row in rows)
    box = block.bbox
    if box is not None:
        value["bbox"] = _box(box)
    return value


def _text(block: LayoutBlock) -> str:
    text = block.text
    if text is None:
        return "\n".join(block.lines or ())
    # A star that is the page's own is escaped, as all else that Markdown would take for its own.
    text = without_targets(text)
    if "\\" in text or "*" in text:
        text = _MARKS.sub(r"\1", text)
    if block.kind != "list_item":
        return text
    marker = block.marker if block.ordered else None
    return str(blocks.item(text, block.level or 0, marker or "-")["text"])


def _cell(cell: LayoutCell, row: int, column: int) -> Json:
    value: Json = {"row": row, "column": column, "text": without_targets(cell.text)}
    box = cell.bbox
    if box is not None:
        value["bbox"] = _box(box)
    return value


def _box(rect: Any) -> list[float]:
    x, y = rect.x, rect.y
    return [round(x, 2), round(y, 2), round(x + rect.width, 2), round(y + rect.height, 2)]
