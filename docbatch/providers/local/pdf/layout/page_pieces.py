"""A page's blocks, each with the Markdown liteparse wrote for it, so that a step can change one and leave the others as they are."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docbatch.providers.local.engines import Json

_FENCE = re.compile(r"^(`{3,})(.*)$")
_RULE = "---"
_TABLE = re.compile(r"\|.*\|\n\|(?: ?-+ ?\|)+(?:\n|$)")


@dataclass(slots=True)
class PagePiece:
    """A block and its Markdown; a rule drawn on the page is a piece without a block."""

    markdown: str
    block: Json | None = None

    @property
    def kind(self) -> str:
        return "rule" if self.block is None else str(self.block["kind"])


def take_apart(page: Json) -> list[PagePiece] | None:
    """Return the pieces of a page in their order, None where its Markdown cannot be told apart by its blocks."""
    blocks = iter(page["blocks"])
    pieces = []
    for chunk in _chunks(page["markdown"]):
        if chunk == _RULE:
            pieces.append(PagePiece(chunk))
            continue
        block = next(blocks, None)
        if block is None or not _fits(chunk, block):
            return None
        pieces.append(PagePiece(chunk, block))
    return pieces if next(blocks, None) is None else None


def put_together(page: Json, pieces: Sequence[PagePiece]) -> None:
    """Make a page of pieces."""
    page["blocks"] = [piece.block for piece in pieces if piece.block is not None]
    parts = []
    before = ""
    for piece in pieces:
        parts += ["\n" if before == piece.kind == "list" else "\n\n", piece.markdown]
        before = piece.kind
    page["markdown"] = "".join(parts[1:])


def _chunks(markdown: str) -> Iterator[str]:
    chunk: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        if fence:
            chunk.append(line)
            if line == fence:
                fence = ""
                yield "\n".join(chunk)
                chunk = []
            continue
        opening = None if chunk else _FENCE.match(line)
        if opening:
            fence = opening[1]
        ends = not line.strip() or (chunk and is_item(chunk[0]) and is_item(line))
        if ends and chunk:
            yield "\n".join(chunk)
            chunk = []
        if line.strip():
            chunk.append(line)
    if chunk:
        yield "\n".join(chunk)


_ITEM = re.compile(r"^\s*(?:[-*+•]|\(?\w{1,4}[.)])\s")


def is_item(line: str) -> bool:
    return _ITEM.match(line) is not None


def _fits(chunk: str, block: Json) -> bool:
    match block["kind"]:
        case "heading":
            return chunk.startswith("#")
        case "table":
            return _TABLE.match(chunk) is not None
        case "code":
            return chunk.startswith("```")
        case "list":
            return is_item(chunk)
        case _:
            return _TABLE.match(chunk) is None
