"""Tables of contents, whose page numbers the engine takes for a column of their own."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from liteparse import TextItem

from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.lines import page_markdown
from docbatch.providers.local.pdf.pdf_document import PdfDocument

_NUMBER = re.compile(r"\d{1,4}|[ivxlc]{1,7}")
_LEAST = 3
"""Numbers that make a column."""
_MOST_COLUMNS = 20
_MOST_ITEMS = 3000
_WIDEST = 40
_ONE_LINE = 4
_KINDS = frozenset({"text", "list", "heading"})


def put_together(document: PdfDocument) -> None:
    """Write each page number of a table of contents behind the line that it belongs to."""
    for page, parsed in zip(document.pages, document.parsed.pages, strict=True):
        if len(parsed.text_items) > _MOST_ITEMS:
            continue
        for column in [block for block in page["blocks"] if _is_column(block)][:_MOST_COLUMNS]:
            _put_together(page, column, parsed.text_items)


def _is_column(block: Json) -> bool:
    words = block["text"].split()
    if block["kind"] != "text" or "bbox" not in block or len(words) < _LEAST:
        return False
    x0, y0, x1, y1 = block["bbox"]
    is_tall = y1 - y0 > _LEAST * _ONE_LINE and x1 - x0 <= _WIDEST
    return is_tall and all(_NUMBER.fullmatch(word) for word in words)


def _put_together(page: Json, column: Json, items: Sequence[TextItem]) -> None:
    """Move the numbers of a column; one that does not find a line for each of its numbers stays."""
    blocks: list[Json] = page["blocks"]
    at = next(number for number, block in enumerate(blocks) if block is column)
    numbers = _inside(items, column)
    taken = {id(number) for number in numbers}
    lines: dict[int, list[str]] = {}
    placed = 0
    for other, lacking in _partners(blocks, at, numbers).items():
        own = [item for item in _inside(items, blocks[other]) if id(item) not in taken]
        lines[other] = list(_lines(own, lacking))
        placed += len(lacking)
    if placed == len(numbers) == len(column["text"].split()):
        page_markdown.rewrite(page, lines, gone=at)


def _inside(items: Sequence[TextItem], block: Json) -> list[TextItem]:
    x0, y0, x1, y1 = block["bbox"]
    return [
        item
        for item in items
        if x0 - 1 <= item.x + item.width / 2 <= x1 + 1 and y0 - 1 <= item.y + item.height / 2 <= y1 + 1
    ]


def _partners(blocks: Sequence[Json], column: int, numbers: Sequence[TextItem]) -> dict[int, list[TextItem]]:
    """Return the blocks that stand left of a column's numbers, with the numbers of each."""
    found: dict[int, list[TextItem]] = defaultdict(list)
    left: float = blocks[column]["bbox"][0] - _WIDEST
    beside = [
        (at, block["bbox"])
        for at, block in enumerate(blocks)
        if at != column and block["kind"] in _KINDS and "bbox" in block and block["bbox"][0] < left
    ]
    for number in numbers:
        middle = number.y + number.height / 2
        for at, (_, top, _, bottom) in beside:
            if top <= middle <= bottom:
                found[at].append(number)
                break
    return found


def _lines(items: Sequence[TextItem], numbers: Sequence[TextItem]) -> Iterator[str]:
    """Yield the lines of a block, each with its number behind it."""
    rows: list[list[TextItem]] = []
    for item in sorted([*items, *numbers], key=lambda item: item.y + item.height):
        bottom = item.y + item.height
        if rows and bottom - (rows[-1][0].y + rows[-1][0].height) <= _ONE_LINE:
            rows[-1].append(item)
        else:
            rows.append([item])
    for row in rows:
        yield " ".join(item.text for item in sorted(row, key=lambda item: item.x))
