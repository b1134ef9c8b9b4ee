"""Pages and blocks of a parsed document. Extend measures in pixels of the page's own resolution, results in points."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import Any, Literal

from docbatch.core.results import BBox, Block, Cell, Page
from docbatch.naming.picture_links import shown_picture, without_lost_pictures
from docbatch.providers.extend.content.fields import content_of, listed, mapped, page_of
from docbatch.providers.extend.content.figures import PICTURED, Links
from docbatch.providers.extend.content.html_tables import table_cells
from docbatch.providers.extend.content.plaintext import plain

POINTS = 72.0

Kind = Literal["heading", "text", "list", "table", "image", "code", "formula", "other"]
LARGEST = 1e15
SMALLEST = 1e-3
"""Pixels an inch. What is measured in fewer would leave numbers behind that are none."""
_KINDS: Mapping[str, Kind] = {
    "text": "text",
    "heading": "heading",
    "section_heading": "heading",
    "table": "table",
    "figure": "image",
    "barcode": "image",
    "formula": "formula",
}
_LEVELS = {"heading": 1, "section_heading": 2}
# They are shown as cells of their table.
_PARTS = ("table_head", "table_cell")


class Layout:
    """Reads leniently: a block that lacks what is documented has no box or page, but keeps its text.

    `links` are the URLs of pictures that Markdown shows, `drawn` the chunks that do, see `figures.drawn`.
    """

    def __init__(
        self,
        output: Mapping[str, Any],
        links: Links = MappingProxyType({}),
        drawn: Sequence[str] | None = None,
    ) -> None:
        self._chunks = [each for each in listed(output.get("chunks")) if isinstance(each, dict)]
        self._links = links
        self._drawn = drawn
        sizes = listed(mapped(output.get("metadata")).get("pages"))
        self._sizes = {
            each["number"]: each
            for each in sizes
            if isinstance(each, dict) and isinstance(each.get("number"), int)
        }

    def pages(self) -> tuple[Page, ...]:
        """Return the pages; formats without pages have none."""
        blocks: dict[int, list[Mapping[str, Any]]] = {}
        for block in self._blocks():
            number = page_of(block)
            if number is not None:
                blocks.setdefault(number, []).append(block)
        return tuple(self._built(number, blocks[number]) for number in sorted(blocks))

    def loose_tables(self) -> tuple[Block, ...]:
        """Return tables that are on no page, such as those of spreadsheets."""
        found = (block for block in self._blocks() if block.get("type") == "table" and page_of(block) is None)
        return tuple(self._block(block, None) for block in found)

    def _blocks(self) -> Iterator[Mapping[str, Any]]:
        for chunk in self._chunks:
            for block in listed(chunk.get("blocks")):
                if isinstance(block, dict) and str(block.get("type")) not in _PARTS:
                    yield block

    def _built(self, number: int, blocks: list[Mapping[str, Any]]) -> Page:
        scale = self._scale(number)
        size = mapped(mapped(blocks[0].get("metadata")).get("page"))
        at = self._page_chunk(number)
        joined = "\n\n".join(content_of(block) for block in blocks)
        text = joined if at is None else content_of(self._chunks[at]) or joined
        markdown = None if at is None or self._drawn is None else self._drawn[at]
        return Page(
            number=number,
            text=plain(text),
            markdown=markdown or "\n\n".join(self._shown(number, blocks)),
            width=_scaled(size.get("width"), scale),
            height=_scaled(size.get("height"), scale),
            blocks=tuple(self._block(block, scale) for block in blocks),
        )

    def _shown(self, number: int, blocks: list[Mapping[str, Any]]) -> Iterator[str]:
        """Yield the Markdown of blocks, and above that of a picture its link."""
        places = count()
        for block in blocks:
            place = (number, next(places)) if block.get("type") in PICTURED else None
            if place in self._links and place is not None:
                yield shown_picture(place, self._links[place])
            yield without_lost_pictures(content_of(block))[0]

    def _page_chunk(self, number: int) -> int | None:
        """Return the place of the chunk that is exactly this page, if the document was cut by pages."""
        for at, chunk in enumerate(self._chunks):
            span = mapped(mapped(chunk.get("metadata")).get("pageRange"))
            if chunk.get("type") == "page" and span.get("start") == span.get("end") == number:
                return at
        return None

    def _scale(self, number: int) -> float | None:
        """Return points per pixel; None when the page's resolution is not told."""
        dpi = mapped(self._sizes.get(number)).get("dpi")
        return POINTS / dpi if isinstance(dpi, int | float) and SMALLEST <= dpi <= LARGEST else None

    def _block(self, block: Mapping[str, Any], scale: float | None) -> Block:
        kind = str(block.get("type"))
        return Block(
            kind=_KINDS.get(kind, "other"),
            text=plain(content_of(block)),
            level=_LEVELS.get(kind),
            cells=_cells(block, scale) if kind == "table" else (),
            bbox=_box(block, scale),
            confidence=_confidence(block),
        )


def _cells(table: Mapping[str, Any], scale: float | None) -> tuple[Cell, ...]:
    """Return a table's cells: those it has as blocks, which jobs may ask for, else those of its HTML, which have no boxes."""
    return tuple(_cell_blocks(table, scale)) or tuple(table_cells(content_of(table)))


def _cell_blocks(table: Mapping[str, Any], scale: float | None) -> Iterator[Cell]:
    for child in listed(table.get("children")):
        details = mapped(mapped(child).get("details"))
        row, column = details.get("rowIndex"), details.get("columnIndex")
        if isinstance(row, int) and isinstance(column, int):
            yield Cell(row=row, column=column, text=plain(content_of(child)), bbox=_box(child, scale))


def _box(block: Mapping[str, Any], scale: float | None) -> BBox | None:
    box = mapped(block.get("boundingBox"))
    left, top, right, bottom = (_scaled(box.get(side), scale) for side in ("left", "top", "right", "bottom"))
    if left is None or top is None or right is None or bottom is None:
        return None
    return left, top, right, bottom


def _scaled(value: object, scale: float | None) -> float | None:
    if scale is None or not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return round(value * scale, 3) if abs(value) <= LARGEST else None


def _confidence(block: Mapping[str, Any]) -> float | None:
    value = mapped(block.get("metadata")).get("avgOcrConfidence")
    return float(value) if isinstance(value, int | float) and abs(value) <= LARGEST else None
