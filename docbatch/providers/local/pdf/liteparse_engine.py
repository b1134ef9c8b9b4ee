"""PDF through liteparse: Markdown, layout text and boxes page by page."""

from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import Any

from liteparse import LayoutBlock, LayoutCell, LiteParse, ParsedPage, ParseResult

from docbatch.core.models import Failure
from docbatch.providers.local.engines import Json, Options, Parsed, label, unreadable
from docbatch.providers.local.pdf.passwords import opened

_KINDS = {
    "heading": "heading",
    "paragraph": "text",
    "list_item": "list",
    "code": "code",
    "grid_fallback": "text",
    "table": "table",
    "figure": "image",
}
_HEADER_WITHIN = 1032
_NO_MARKDOWN = "```text\n\n```"
_SMALLEST = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


class LiteparseEngine:
    label = label("liteparse")

    def warm_up(self) -> None:
        _parser(None, ()).parse(_SMALLEST)

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        tessdata = options.tessdata if options.reads_pictures else None
        parser = _parser(tessdata, options.languages)
        # A parser with a password serves this document alone.
        parsers = (partial(_make_parser, tessdata, options.languages, each) for each in options.passwords)
        # What does not start like a PDF would be handed to a converter.
        data = data[max(data.find(b"%PDF-", 0, _HEADER_WITHIN), 0) :]
        try:
            parser, result = opened(parser, parsers, lambda each: each.parse(data))
            unread = _unread(parser, data, result)
        except Exception as error:  # noqa: BLE001 - the engine's own exceptions have no common base
            return unreadable(error)
        return _parsed(result, unread)

    def close(self) -> None:
        """Nothing is held."""


@cache
def _parser(tessdata: str | None, languages: tuple[str, ...]) -> Any:
    return _make_parser(tessdata, languages)


def _make_parser(tessdata: str | None, languages: tuple[str, ...], password: str | None = None) -> Any:
    # Without both switches the engine would fetch Tesseract's data from a network.
    ocr = {"ocr_language": "+".join(languages), "tessdata_path": tessdata} if tessdata else {}
    return LiteParse(
        ocr_enabled=bool(tessdata),
        num_workers=1,
        quiet=True,
        output_format="markdown",
        extract_blocks=True,
        extract_document_metadata=True,
        continue_on_page_error=True,
        ocr_failure_fatal=False,
        password=password,
        **ocr,
    )


def _unread(parser: Any, data: bytes, result: ParseResult) -> list[int]:
    """Return the pages that show something but gave no text; looked for only where there is a page without text."""
    empty = {page.page_num for page in result.pages if not page.text.strip()}
    if not empty:
        return []
    signs = parser.is_complex(data)
    return [
        sign.page_number for sign in signs if sign.page_number in empty and set(sign.reasons) - {"no-text"}
    ]


def _parsed(result: ParseResult, unread: Sequence[int]) -> Parsed:
    return Parsed(
        markdown=None,
        text=None,
        pages=[_page(page) for page in result.pages],
        metadata=_metadata(result),
        unread=unread,
        lost=[f"page {error.page_num}: {error.message}" for error in result.page_errors],
    )


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
