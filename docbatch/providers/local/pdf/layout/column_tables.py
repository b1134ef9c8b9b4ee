"""Put tables that stand in columns in the place of the paragraphs or broken tables that were made of them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from liteparse import TextItem

from docbatch.providers.local import blocks
from docbatch.providers.local.pdf.layout.page_layout import PageLayout
from docbatch.providers.local.pdf.layout.page_lines import PageLine
from docbatch.providers.local.pdf.layout.page_pieces import PagePiece
from docbatch.providers.local.pdf.layout.table_likeness import Box, is_figure
from docbatch.providers.local.pdf.layout.word_columns import ColumnTable, tables_of

_FEWEST_GAPS = 3
# In heights of a line.
_GAP = 0.5
_MOST_TABLES = 100
_WORD = re.compile(r"[^\W_]+")
_ALIKE = 0.8
_MOST_JOINED = 4
_FEWEST_ROWS_APART = 3


def complete_tables(layout: PageLayout) -> None:
    """Make a table of what stands in columns; a page on which words would be lost or doubled stays as it is."""
    if not _may_hold_tables(layout.parsed.text_items):
        return
    for table in islice(tables_of(layout.lines), _MOST_TABLES):
        if layout.pieces is None:
            return
        placed = _placed(table, layout, layout.pieces)
        if placed is not None:
            layout.replace(placed)


def _may_hold_tables(items: Sequence[TextItem]) -> bool:
    """Tell whether a few lines of a page have gaps; items come line by line."""
    gaps = 0
    end = middle = 0.0
    for item in items:
        x, y, height = item.x, item.y, item.height
        if y < middle < y + height and x - end > _GAP * height:
            gaps += 1
            if gaps >= _FEWEST_GAPS:
                return True
        end, middle = x + item.width, y + height / 2
    return False


def _are_ruled(layout: PageLayout) -> bool:
    """Tell whether there are rules around tables of the page: then these say best what a cell is."""
    about = layout.parsed.complexity
    return about is not None and about.layout is not None and about.layout.ruled_table_count > 0


def _placed(table: ColumnTable, layout: PageLayout, pieces: Sequence[PagePiece]) -> list[PagePiece] | None:
    """Return the pieces with the table in its place, None where they say other words or say it better."""
    touched = [at for at, piece in enumerate(pieces) if _touches(piece, table.box)]
    if not touched:
        return None
    there = [pieces[at] for at in touched]
    broken = _is_broken_up(table, there)
    if not broken and _stays(there, table):
        return None
    is_mended = not _are_ruled(layout) and _mends(table, there)
    if not is_mended and all(piece.kind == "table" for piece in there):
        return None
    cut = _cut(table, there) or (_cut_by_lines(table, there, layout.lines) if broken else None)
    if cut is None or not (is_mended or broken or _is_better(table, there, cut)):
        return None
    first, last = touched[0], touched[-1]
    # A column far to the right may have been put behind what stands below the table.
    between = [
        piece
        for piece in pieces[first : last + 1]
        if piece.block is not None and not _touches(piece, table.box)
    ]
    if between and cut.after:
        return None
    return [*pieces[:first], *cut.before, _piece(table), *between, *cut.after, *pieces[last + 1 :]]


def _stays(pieces: Sequence[PagePiece], table: ColumnTable) -> bool:
    """Tell whether among these is something that no table is made of."""
    return any(piece.kind in {"code", "image"} for piece in pieces) or _holds_heading(pieces, table)


def _is_broken_up(table: ColumnTable, pieces: Sequence[PagePiece]) -> bool:
    """Tell whether a table of figures was read column by column, each a piece beside the others."""
    if (
        not table.certain
        or len(table.rows) < _FEWEST_ROWS_APART
        or any(piece.kind in {"table", "image"} for piece in pieces)
    ):
        return False
    boxes = [piece.block["bbox"] for piece in pieces if piece.block is not None]
    tall = [box for box in boxes if box[3] - box[1] > _FEWEST_ROWS_APART * table.lines[0].height]
    return any(one[2] <= other[0] for one, other in pairwise(sorted(tall)))


def _holds_heading(pieces: Sequence[PagePiece], table: ColumnTable) -> bool:
    """Tell whether a heading stands among these, other than one that was made of the table's head."""
    headings = [at for at, piece in enumerate(pieces) if piece.kind == "heading"]
    return bool(headings) and (headings != [0] or any(is_figure(cell.text) for cell in table.rows[0]))


def _touches(piece: PagePiece, box: Box) -> bool:
    theirs: Sequence[float] | None = piece.block.get("bbox") if piece.block is not None else None
    if theirs is None:
        return False
    down = min(box[3], theirs[3]) - max(box[1], theirs[1])
    return down > 1 and box[0] < theirs[2] and theirs[0] < box[2]


@dataclass(slots=True)
class _Cut:
    """What is left of the pieces before and after the words of a table."""

    before: list[PagePiece]
    after: list[PagePiece]


@dataclass(slots=True)
class _Word:
    text: str
    piece: int
    start: int
    end: int


def _words(pieces: Sequence[PagePiece]) -> Iterator[_Word]:
    for at, piece in enumerate(pieces):
        if piece.block is not None:
            # The name of a fence is no word of the page.
            start = piece.markdown.find("\n") if _is_fenced(piece) else 0
            for match in _WORD.finditer(piece.markdown, start):
                yield _Word(match[0], at, match.start(), match.end())


def _is_fenced(piece: PagePiece) -> bool:
    return piece.markdown.startswith("```")


def _cut(table: ColumnTable, pieces: Sequence[PagePiece]) -> _Cut | None:
    wanted = Counter(word for row in table.rows for cell in row for word in _WORD.findall(cell.text))
    words = list(_words(pieces))
    start = _window([word.text for word in words], wanted)
    if start is None:
        return None
    end = start + wanted.total()
    if words[start].piece != words[0].piece or words[end - 1].piece != words[-1].piece:
        return None
    before = _rest(pieces[words[start].piece], 0, words[start].start) if start else []
    after: list[PagePiece] | None = []
    if end < len(words):
        piece = pieces[words[-1].piece]
        after = _rest(piece, _past(piece.markdown, words[end - 1].end, table), None)
    if before is None or after is None:
        return None
    for piece in before:
        _crop(piece, bottom=table.box[1])
    for piece in after:
        _crop(piece, top=table.box[3])
    return _Cut(before, after)


def _cut_by_lines(table: ColumnTable, pieces: Sequence[PagePiece], lines: Sequence[PageLine]) -> _Cut | None:
    """Return the lines that pieces hold besides a table's, None where these together do not say what the pieces do."""
    boxes = [piece.block["bbox"] for piece in pieces if piece.block is not None and "bbox" in piece.block]
    top, bottom = min(box[1] for box in boxes) - 1, max(box[3] for box in boxes) + 1
    taken = {id(line) for line in table.lines}
    others = [line for line in lines if id(line) not in taken and top <= line.y0 and line.y1 <= bottom]
    wanted = Counter(word for line in (*table.lines, *others) for word in _WORD.findall(line.text))
    if wanted != Counter(word.text for word in _words(pieces)):
        return None
    middle = table.box[1]
    return _Cut(
        [_line_piece(line) for line in others if line.y0 < middle],
        [_line_piece(line) for line in others if line.y0 >= middle],
    )


def _line_piece(line: PageLine) -> PagePiece:
    block = blocks.paragraph(line.text)
    block["bbox"] = [round(side, 2) for side in (line.segments[0].x0, line.y0, line.segments[-1].x1, line.y1)]
    return PagePiece(blocks.markdown([block]), block)


def _past(markdown: str, at: int, table: ColumnTable) -> int:
    """Return where the marks end that belong to the table's last word."""
    text = table.lines[-1].text
    for mark in text[max((match.end() for match in _WORD.finditer(text)), default=0) :]:
        found = markdown.find(mark, at, at + 3) if mark != " " else -1
        at = found + 1 if found >= 0 else at
    return at


def _window(words: Sequence[str], wanted: Counter[str]) -> int | None:
    """Return where all wanted words, and no other, stand one after the other in any order."""
    size = wanted.total()
    if not size or size > len(words):
        return None
    left = wanted.copy()
    left.subtract(words[:size])
    wrong = sum(count != 0 for count in left.values())
    for start in range(len(words) - size + 1):
        if not wrong:
            return start
        if start + size < len(words):
            for word, change in ((words[start], 1), (words[start + size], -1)):
                wrong -= left[word] != 0
                left[word] += change
                wrong += left[word] != 0
    return None


def _rest(piece: PagePiece, start: int, end: int | None) -> list[PagePiece] | None:
    """Return the part of a paragraph or heading that is no table; None where a table would be cut."""
    if piece.kind == "table" or piece.block is None or _is_fenced(piece):
        return None
    text = piece.markdown[start:end]
    if start:
        text = text[re.search(r"\s|$", text).start() :]  # type: ignore[union-attr]
    else:
        text = text[: max(text.rfind(" "), text.rfind("\n")) + 1]
    text = text.strip()
    if text.count("**") % 2:
        text = f"**{text}" if start else f"{text}**"
    kind = "text" if start else piece.kind
    block = {**piece.block, "kind": kind, "text": _plain(text, kind)}
    if kind != "heading":
        block.pop("level", None)
    return [PagePiece(text, block)] if _WORD.search(text) else []


def _plain(markdown: str, kind: str) -> str:
    text = markdown.lstrip("# ") if kind == "heading" else markdown
    return text.replace("**", "")


def _crop(piece: PagePiece, *, top: float | None = None, bottom: float | None = None) -> None:
    if piece.block is not None and "bbox" in piece.block:
        x0, y0, x1, y1 = piece.block["bbox"]
        y0 = y0 if top is None else max(y0, round(top, 2))
        piece.block["bbox"] = [x0, y0, x1, y1 if bottom is None else min(y1, round(bottom, 2))]


def _cells(pieces: Sequence[PagePiece]) -> list[str]:
    tables = (piece.block for piece in pieces if piece.kind == "table" and piece.block is not None)
    return [cell["text"] for table in tables for cell in table["cells"] if cell["text"]]


def _mends(table: ColumnTable, pieces: Sequence[PagePiece]) -> bool:
    """Tell whether cells of the tables that were there are several cells read as one."""
    mine = {cell.text for row in table.rows for cell in row}
    others = [text for text in _cells(pieces) if text not in mine]
    return bool(others) and not _neighbours(table).isdisjoint(others)


def _is_better(table: ColumnTable, pieces: Sequence[PagePiece], cut: _Cut) -> bool:
    """Tell whether the columns found say more than what was there: a table of what was none, or one with all its lines."""
    if table.is_contents:
        return len(pieces) > 1 and not any(piece.kind == "table" for piece in pieces)
    theirs = _cells(pieces)
    if not theirs:
        return table.certain
    mine = {cell.text for row in table.rows for cell in row}
    return not cut.before + cut.after and sum(text in mine for text in theirs) >= _ALIKE * len(theirs)


def _neighbours(table: ColumnTable) -> set[str]:
    """Return what cells beside or below each other would read as one."""
    texts = [[cell.text for cell in row] for row in table.rows]
    joined = set()
    for line in (*texts, *(list(column) for column in zip(*texts, strict=True))):
        filled = [text for text in line if text]
        for count in range(2, _MOST_JOINED + 1):
            joined |= {" ".join(filled[at : at + count]) for at in range(len(filled) - count + 1)}
    return joined


def _piece(table: ColumnTable) -> PagePiece:
    if table.is_contents:
        block = blocks.paragraph("\n".join(line.text for line in table.lines))
        block["bbox"] = [round(each, 2) for each in table.box]
        return PagePiece(blocks.markdown([block]), block)
    block = blocks.table([[cell.text for cell in row] for row in table.rows])
    boxes = (cell.box for row in table.rows for cell in row)
    for value, box in zip(block["cells"], boxes, strict=True):
        if box is not None:
            value["bbox"] = [round(each, 2) for each in box]
    block["bbox"] = [round(each, 2) for each in table.box]
    return PagePiece(blocks.markdown([block]).replace("\\", "\\\\").replace("\\\\|", "\\|"), block)
