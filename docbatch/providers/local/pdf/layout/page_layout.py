"""A page between what liteparse saw on it and what it made of it."""

from collections.abc import Sequence
from functools import cached_property

from liteparse import ParsedPage

from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.layout.page_lines import PageLine, lines_of
from docbatch.providers.local.pdf.layout.page_pieces import PagePiece, put_together, take_apart


class PageLayout:
    """A page's lines and pieces, each made when it is first asked for.

    `pieces` is None where the page's Markdown cannot be told apart; such a page stays as it is.
    """

    def __init__(self, parsed: ParsedPage, page: Json, lines: list[PageLine] | None = None) -> None:
        self.parsed = parsed
        self._page = page
        if lines is not None:
            self.lines = lines

    @property
    def blocks(self) -> list[Json]:
        return list(self._page["blocks"])

    @property
    def has_heading(self) -> bool:
        return any(block["kind"] == "heading" for block in self._page["blocks"])

    @property
    def has_lines(self) -> bool:
        """Whether the lines were asked for."""
        return "lines" in self.__dict__

    @property
    def has_pieces(self) -> bool:
        """Whether the pieces were asked for and found."""
        return self.__dict__.get("pieces") is not None

    @cached_property
    def lines(self) -> list[PageLine]:
        return lines_of(self.parsed.text_items)

    @cached_property
    def right(self) -> float:
        """How far the text of the page reaches to the right."""
        return max((segment.x1 for line in self.lines for segment in line.segments), default=0)

    @cached_property
    def pieces(self) -> list[PagePiece] | None:
        return take_apart(self._page)

    def replace(self, pieces: Sequence[PagePiece]) -> None:
        """Make the page of these pieces."""
        self.pieces = list(pieces)
        put_together(self._page, pieces)

    def append(self, pieces: Sequence[PagePiece]) -> None:
        """Put pieces behind all of a page that cannot be told apart."""
        self._page["blocks"] += [piece.block for piece in pieces if piece.block is not None]
        self._page["markdown"] = "\n\n".join(
            filter(None, [self._page["markdown"], *(piece.markdown for piece in pieces)])
        )
