"""The text that chunks are cut from: pieces of a document in reading order, each with its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docbatch.core.results import BBox, Block, Result
from docbatch.sinks.rows.block_text import block_markdown
from docbatch.sinks.rows.records import blocks

_RUNNING = frozenset({"header", "footer", "page_number"})
"""What is repeated on each page would stand in the middle of sentences."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A block as Markdown, or the whole of a page that has none. `level` is set for headings, from 1."""

    text: str
    page: int | None = None
    attachment: str | None = None
    bbox: BBox | None = None
    level: int | None = None
    title: str = ""

    @property
    def is_heading(self) -> bool:
        return self.level is not None


def pieces(result: Result) -> list[Piece]:
    """Return what a document says, in reading order; nothing of it is left out but lines that run through its pages."""
    found = [each for each in (*_of_pages(result), *_of_blocks(result)) if each.text.strip()]
    return found or ([Piece(result.markdown)] if result.markdown.strip() else [])


def _of_pages(result: Result) -> Iterator[Piece]:
    for page in result.pages:
        if page.blocks:
            yield from (
                _piece(block, page.number, None) for block in page.blocks if block.role not in _RUNNING
            )
        else:
            yield Piece(page.markdown or page.text, page.number)


def _of_blocks(result: Result) -> Iterator[Piece]:
    for number, attachment, block in blocks(result):
        if number is None and block.role not in _RUNNING:
            yield _piece(block, None, attachment)
    for block in result.tables:
        yield _piece(block, None, None)


def _piece(block: Block, page: int | None, attachment: str | None) -> Piece:
    level = max(block.level or 1, 1) if block.kind == "heading" else None
    title = " ".join(block.text.split()) if level is not None else ""
    return Piece(block_markdown(block), page, attachment, block.bbox, level, title)


def heading_paths(found: Sequence[Piece]) -> list[tuple[str, ...]]:
    """Return for each piece the headings above it, the highest first; a heading stands below itself."""
    open_headings: list[tuple[int, str]] = []
    attachment: str | None = None
    paths = []
    for piece in found:
        if piece.attachment != attachment:
            open_headings, attachment = [], piece.attachment
        if piece.level is not None:
            open_headings = [each for each in open_headings if each[0] < piece.level]
            open_headings.append((piece.level, piece.title))
        paths.append(tuple(title for _, title in open_headings))
    return paths
