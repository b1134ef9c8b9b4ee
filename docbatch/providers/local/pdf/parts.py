"""A part of a PDF: a range of its pages, looked at with some around it so that its ends are read as its middle is."""

from collections import defaultdict

from liteparse import ParsedPage

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.pdf_document import PdfDocument

Pages = tuple[int, int]

_AROUND = 3
"""Pages before and after: what runs on so many is known to run."""


def looked_at(pages: Pages) -> str:
    """Return the pages that are looked at for a part, as liteparse is told."""
    first, last = pages
    return f"{max(1, first - _AROUND)}-{last + _AROUND}"


def beyond(pages: Pages, there: int) -> Failure:
    """Return why a part is not read that begins behind the end of its document."""
    return Failure(
        FailureClass.REFUSED_INPUT,
        f"the document has {there} pages, and none of {pages[0]} to {pages[1]}",
        code="beyond_the_end",
    )


def keep_own_pages(document: PdfDocument) -> None:
    """Let go of the pages around a part, and note how its headings are set: their levels are judged with those of the others."""
    if document.options.pages is None:
        return
    first, last = document.options.pages
    own = [first <= page["number"] <= last for page in document.pages]
    document.pages[:] = [page for page, is_own in zip(document.pages, own, strict=True) if is_own]
    document.parsed.pages[:] = [
        page for page, is_own in zip(document.parsed.pages, own, strict=True) if is_own
    ]
    document.unread[:] = [number for number in document.unread if first <= number <= last]
    sizes: dict[int, set[float]] = defaultdict(set)
    for page, parsed in zip(document.pages, document.parsed.pages, strict=True):
        for block in page["blocks"]:
            if block["kind"] == "heading" and (size := _size(block, parsed)):
                sizes[block.get("level", 1)].add(size)
    document.levels = {level: sorted(found) for level, found in sorted(sizes.items())}


def _size(block: Json, parsed: ParsedPage) -> float | None:
    """Return the size of the letters of a block, to half a point."""
    if "bbox" not in block:
        return None
    x0, y0, x1, y1 = block["bbox"]
    inside = [
        item.font_size or item.height
        for item in parsed.text_items
        if x0 - 1 <= item.x + item.width / 2 <= x1 + 1 and y0 - 1 <= item.y + item.height / 2 <= y1 + 1
    ]
    return round(2 * max(inside)) / 2 if inside else None
