"""The text that chunks are cut from: pieces of a document in reading order, each with its place."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docbatch.core.results import Attachment, BBox, Block, Result
from docbatch.sinks.formats import clean
from docbatch.sinks.rows.block_text import block_markdown
from docbatch.sinks.rows.records import loose_tables

_RUNNING = frozenset({"header", "footer", "page_number"})
"""What is repeated on each page would stand in the middle of sentences."""

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A block as Markdown, or some of a text that has none. `level` is set for headings, from 1, `head` for tables: the lines above their rows."""

    text: str
    page: int | None = None
    attachment: str | None = None
    bbox: BBox | None = None
    level: int | None = None
    title: str = ""
    head: str = ""

    @property
    def is_heading(self) -> bool:
        return self.level is not None


def pieces(result: Result) -> list[TextPiece]:
    """Return what a document says, in reading order; nothing of it is left out but lines that run through its pages."""
    found = [*_of_pages(result), *_said(result.blocks, result.attachments, None)]
    found += [_piece(block, None, None) for block in loose_tables(result)]
    said = [each for each in found if each.text.strip()]
    return said or list(_of_markdown(result.markdown or result.text, None, None))


def _of_pages(result: Result) -> Iterator[TextPiece]:
    for page in result.pages:
        if page.blocks:
            yield from (
                _piece(block, page.number, None) for block in page.blocks if block.role not in _RUNNING
            )
        else:
            yield from _of_markdown(page.markdown or page.text, page.number, None)


def _said(
    blocks: Sequence[Block], attachments: Sequence[Attachment], name: str | None
) -> Iterator[TextPiece]:
    """Yield what a document or a file inside it says, and behind it the files inside: each led by the heading that announces it."""
    announced = Counter(_title(each) for each in attachments if _says_anything(each))
    leads: defaultdict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        if block.kind == "heading" and len(leads[block.text]) < announced[block.text]:
            leads[block.text].append(block)
        elif block.role not in _RUNNING:
            yield _piece(block, None, name)
    for each in attachments:
        path = each.name if name is None else f"{name}/{each.name}"
        if leads[_title(each)] and _says_anything(each):
            yield _piece(leads[_title(each)].pop(0), None, path)
        if each.blocks or each.attachments:
            yield from _said(each.blocks, each.attachments, path)
        else:
            yield from _of_markdown(each.markdown or each.text or "", None, path)


def _title(attachment: Attachment) -> str:
    return f"Attachment: {attachment.name}"


def _says_anything(attachment: Attachment) -> bool:
    return bool(attachment.blocks or attachment.attachments or attachment.markdown or attachment.text)


def _of_markdown(markdown: str, page: int | None, attachment: str | None) -> Iterator[TextPiece]:
    """Yield headings, and what stands between them."""
    fence = ""
    between: list[str] = []
    for line in clean(markdown).split("\n"):
        mark = _FENCE.match(line)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        heading = None if fence else _HEADING.fullmatch(line)
        if heading is None:
            between.append(line)
            continue
        yield from _between(between, page, attachment)
        between = []
        yield TextPiece(line, page, attachment, level=len(heading[1]), title=heading[2])
    yield from _between(between, page, attachment)


def _between(lines: Sequence[str], page: int | None, attachment: str | None) -> Iterator[TextPiece]:
    if text := "\n".join(lines).strip("\n"):
        yield TextPiece(text, page, attachment)


def _piece(block: Block, page: int | None, attachment: str | None) -> TextPiece:
    level = max(block.level or 1, 1) if block.kind == "heading" else None
    title = " ".join(clean(block.text).split()) if level is not None else ""
    text = clean(block_markdown(block))
    is_table = block.kind == "table" and bool(block.cells) and text.startswith("| ")
    head = "\n".join(text.split("\n", 2)[:2]) if is_table else ""
    return TextPiece(text, page, attachment, block.bbox, level, title, head)


def heading_paths(found: Sequence[TextPiece]) -> list[tuple[str, ...]]:
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
