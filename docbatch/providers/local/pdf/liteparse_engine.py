"""PDF through liteparse: Markdown, layout text and boxes page by page."""

import contextlib
from collections.abc import Iterable
from functools import cache
from typing import Any

from liteparse import LayoutBlock, LayoutCell, LiteParse, ParsedPage, ParseResult

from docbatch.core.models import Failure
from docbatch.providers.local.engines import Json, Options, Parsed, label, unreadable
from docbatch.providers.local.pdf.pdf_document import PdfDocument, Step
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
STEPS: tuple[Step, ...] = (read_scanned_pages,)
"""What completes what liteparse read, in this order."""
_HEADER_WITHIN = 1032
_MOST_PAGES = 1_000_000
_NO_MARKDOWN = "```text\n\n```"
_SMALLEST = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


class LiteparseEngine:
    label = label("liteparse")

    def warm_up(self) -> None:
        _parser().parse(_SMALLEST)

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        # What does not start like a PDF would be handed to a converter.
        data = data[max(data.find(b"%PDF-", 0, _HEADER_WITHIN), 0) :]
        try:
            result: ParseResult = _parser().parse(data)
        except Exception as error:  # noqa: BLE001 - the engine's own exceptions have no common base
            return unreadable(error)
        document = PdfDocument(
            data,
            options,
            result,
            [_page(page) for page in result.pages],
            _metadata(result),
            unread=_unread(result),
        )
        document.lost += [f"page {error.page_num}: {error.message}" for error in result.page_errors]
        with contextlib.closing(document):
            for step in STEPS:
                _take(step, document)
        return document.result()

    def close(self) -> None:
        """Nothing is held."""


@cache
def _parser() -> Any:
    # Reading pictures is a step of its own: left to itself the engine replaces good text by what it reads.
    return LiteParse(
        ocr_enabled=False,
        num_workers=1,
        quiet=True,
        output_format="markdown",
        extract_blocks=True,
        extract_document_metadata=True,
        extract_form_fields=True,
        continue_on_page_error=True,
        keep_headers_footers=True,
        max_pages=_MOST_PAGES,
        image_mode="off",
        include_complexity=True,
        emit_word_boxes=True,
    )


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
    lines = block.text if block.text is not None else "\n".join(block.lines or ())
    value: Json = {"kind": _KINDS.get(block.kind, "other"), "text": lines}
    if block.kind == "heading" and block.level is not None:
        value["level"] = block.level
    if block.rows is not None:
        rows = [block.header, *block.rows] if block.header else block.rows
        value["cells"] = [_cell(cell, y, x) for y, row in enumerate(rows) for x, cell in enumerate(row)]
        value["text"] = "\n".join("\t".join(cell.text for cell in row) for row in rows)
    if block.bbox is not None:
        value["bbox"] = _box(block.bbox)
    return value


def _cell(cell: LayoutCell, row: int, column: int) -> Json:
    value: Json = {"row": row, "column": column, "text": cell.text}
    if cell.bbox is not None:
        value["bbox"] = _box(cell.bbox)
    return value


def _box(rect: Any) -> list[float]:
    return [round(rect.x, 2), round(rect.y, 2), round(rect.x + rect.width, 2), round(rect.y + rect.height, 2)]
