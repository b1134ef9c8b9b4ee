"""Headings by how their lines are set: parted from what follows them, found where only size or weight says so, levelled."""

import operator
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from docbatch.providers.local.pdf.layout.block_lines import BlockLine, Style, lines_of_block, parts
from docbatch.providers.local.pdf.layout.page_layout import PageLayout
from docbatch.providers.local.pdf.layout.page_lines import is_bold
from docbatch.providers.local.pdf.layout.page_pieces import PagePiece

_LARGER = 1.15
_MOST_LETTERS = 120
_MOST_WORDS = 16
_DEEPEST = 6
_ALIKE = 0.04
_HARDLY_LARGER = 1.02
_LONGEST_HEADING = 4
_SHORT = 0.75
_NUMBER = re.compile(r"^(?:(\d{1,3}(?:\.\d{1,3})*)\.?|[A-Z]\.|[IVX]{1,5}\.|§\s?\d+)\s")
_CAPTION = re.compile(r"^(?:fig(?:ure|\.)?|tab(?:le|elle|\.)?|abb(?:ildung|\.)?)\s?\d", re.IGNORECASE)
_AMOUNT = re.compile(r"\d[.,]\d\d(?:\D|$)")
_GOES_ON = (",", ";", "-", "\u2013")
_FEWEST_LETTERS = 3
_FEW_WORDS = 5


def complete_headings(layouts: Sequence[PageLayout]) -> None:
    """Part, find and level the headings of a document."""
    body = _body(layouts)
    if body is None:
        return
    styles: dict[int, Style] = {}
    made: set[int] = set()
    for layout in layouts:
        places = _places(layout, body)
        if (places or layout.has_heading) and layout.pieces is not None:
            pieces = [
                part
                for piece in layout.pieces
                for part in (
                    _parted(piece, layout, body, styles, made) if _may_be(piece, places) else [piece]
                )
            ]
            if len(pieces) > len(layout.pieces) or any(map(operator.is_not, pieces, layout.pieces)):
                layout.replace(pieces)
    _level(layouts, styles, made)


def _body(layouts: Sequence[PageLayout]) -> Style | None:
    """Return how most letters outside of tables are set."""
    inside: Counter[tuple[float, bool]] = Counter()
    outside: Counter[tuple[float, bool]] = Counter()
    for layout in layouts:
        boxes = [block["bbox"] for block in layout.blocks if block["kind"] == "table" and "bbox" in block]
        for item in layout.parsed.text_items:
            in_table = boxes and any(box[1] <= item.y + item.height / 2 <= box[3] for box in boxes)
            (inside if in_table else outside)[item.font_size or item.height, is_bold(item)] += len(item.text)
    counts: Counter[Style] = Counter()
    for (size, bold), count in (outside or inside).items():
        counts[Style(round(2 * size) / 2, bold)] += count
    return max(counts, key=lambda style: (counts[style], -style.size)) if counts else None


def _places(layout: PageLayout, body: Style) -> list[float]:
    """Return where on a page there are words that stand out, from top to bottom."""
    limit = body.size * _LARGER
    return sorted(
        item.y + item.height / 2
        for item in layout.parsed.text_items
        if (item.font_size or item.height) >= limit or (not body.bold and is_bold(item))
    )


def _may_be(piece: PagePiece, places: Sequence[float]) -> bool:
    """Tell whether a piece is worth a closer look."""
    if piece.kind == "heading":
        return True
    box = piece.block.get("bbox") if piece.kind == "text" and piece.block is not None else None
    return box is not None and bisect_left(places, box[1]) < bisect_right(places, box[3])


def _parted(
    piece: PagePiece, layout: PageLayout, body: Style, styles: dict[int, Style], made: set[int]
) -> list[PagePiece]:
    """Return what a heading or a paragraph is made of."""
    if piece.block is None or piece.markdown.startswith("```"):
        return [piece]
    lines = lines_of_block(piece, layout.lines)
    # Bold and italic at once cannot be parted by counting marks.
    if not lines or "***" in piece.markdown:
        return [piece]
    ends = _ends(lines, body)
    if piece.kind == "heading" and len(ends) == 1 and not _is_plain(lines, body):
        styles[id(piece.block)] = lines[0].style
        return [piece]
    runs = [lines[start:end] for start, end in pairwise([0, *ends])]
    heads = [_is_heading(run, body, layout.right) for run in runs]
    if piece.kind == "text" and not any(heads):
        return [piece]
    result = []
    for run, is_heading, (text, block) in zip(runs, heads, parts(piece, runs), strict=True):
        if is_heading:
            title = " ".join(text.replace("**", "").split())
            block |= {"kind": "heading", "text": title, "level": 1}
            styles[id(block)] = run[0].style
            made.add(id(block))
            result.append(PagePiece(f"# {title}", block))
        else:
            result.append(PagePiece(text, block))
    return result


def _ends(lines: Sequence[BlockLine], body: Style) -> list[int]:
    """Return where parts end: between lines that are set otherwise, and before a second heading of its own number."""
    return [*(at for at in range(1, len(lines)) if _ends_before(lines, at, body)), len(lines)]


def _ends_before(lines: Sequence[BlockLine], at: int, body: Style) -> bool:
    before, after = lines[at - 1], lines[at]
    if before.is_broken:
        return False
    large = max(before, after, key=lambda line: line.style.size)
    if not _stands_out(large, body) and not _stands_out(before, body) and not _stands_out(after, body):
        return False
    if not _differ(before.style, after.style):
        return _stands_out(after, body) and _NUMBER.match(after.text) is not None
    # A line may be called bold for its first word alone.
    return large.style.size >= body.size * _LARGER or _is_short(before if before.style.bold else after, lines)


def _is_short(line: BlockLine, lines: Sequence[BlockLine]) -> bool:
    left = min(segment.x0 for each in lines for segment in each.segments)
    return line.right - left <= _SHORT * (max(each.right for each in lines) - left)


def _differ(one: Style, other: Style) -> bool:
    return one.bold != other.bold or abs(one.size - other.size) > 0.08 * max(one.size, other.size)


def _stands_out(line: BlockLine, body: Style) -> bool:
    return line.style.size >= body.size * _LARGER or (
        line.style.bold and not body.bold and line.style.size >= 0.95 * body.size
    )


def _is_plain(lines: Sequence[BlockLine], body: Style) -> bool:
    """Tell whether nothing sets these lines apart from running text, or no more than a sum is."""
    if any(line.style.size > body.size * _HARDLY_LARGER for line in lines):
        return False
    text = " ".join(line.text for line in lines)
    if all(line.style.bold for line in lines):
        return _AMOUNT.search(text) is not None
    return not any(line.style.bold for line in lines) and (_NUMBER.match(text) is None or len(lines) > 1)


def _is_heading(lines: Sequence[BlockLine], body: Style, width: float) -> bool:
    text = " ".join(line.text for line in lines)
    if len(lines) > _LONGEST_HEADING or not all(_stands_out(line, body) for line in lines):
        return False
    if (
        len(text) > _MOST_LETTERS
        or len(text.split()) > _MOST_WORDS
        or sum(map(str.isalpha, text)) < _FEWEST_LETTERS
    ):
        return False
    if _CAPTION.match(text) or any(len(line.segments) > 2 for line in lines) or text.endswith(_GOES_ON):
        return False
    if lines[0].style.size >= body.size * _LARGER:
        return not text.endswith(".") or len(text.split()) <= _FEW_WORDS
    # Weight alone is also used for totals, heads of tables and words of warning.
    return (
        len(lines) == 1
        and _is_title(text)
        and len(lines[0].segments) == 1
        and lines[0].right <= _SHORT * width
    )


def _is_title(text: str) -> bool:
    return len(text.split()) <= 10 and not text.endswith((".", ":")) and not _AMOUNT.search(text)


def _level(layouts: Sequence[PageLayout], styles: dict[int, Style], made: set[int]) -> None:
    """Give headings that were made the level of those set like them, and all new ones where larger ones stand below smaller ones."""
    pieces = [piece for layout in layouts if layout.has_pieces for piece in layout.pieces or ()]
    headings = [piece for piece in pieces if piece.kind == "heading" and id(piece.block) in styles]
    levels = _levels([piece for piece in headings if id(piece.block) not in made], styles)
    in_order = [level for _, level in sorted(levels.items())]
    if in_order != sorted(in_order):
        levels = {}
        made = {id(piece.block) for piece in headings}
    elif not made:
        return
    for rank in sorted({_rank(piece, styles) for piece in headings if id(piece.block) in made} - set(levels)):
        _insert(levels, rank)
    shift = 1 - min(levels.values(), default=1)
    for piece in headings:
        block = piece.block or {}
        level = levels[_rank(piece, styles)] if id(block) in made else block.get("level", 1)
        _set_level(piece, min(level + shift, _DEEPEST))
    for layout in layouts:
        if layout.has_pieces:
            layout.replace(layout.pieces or ())


Rank = tuple[float, int]


def _levels(headings: Iterable[PagePiece], styles: dict[int, Style]) -> dict[Rank, int]:
    """Return the level that most headings of each rank have."""
    counts: dict[Rank, Counter[int]] = {}
    for piece in headings:
        if id(piece.block) in styles and piece.block is not None:
            counts.setdefault(_rank(piece, styles), Counter())[piece.block.get("level", 1)] += 1
    return {rank: counted.most_common(1)[0][0] for rank, counted in counts.items()}


def _insert(levels: dict[Rank, int], rank: Rank) -> None:
    """Give a rank the level of one that hardly differs, or one below that of the next larger; 0 where none is larger."""
    alike = [
        other for other in levels if abs(other[0] - rank[0]) <= _ALIKE * -rank[0] and other[1] == rank[1]
    ]
    larger = [other for other in levels if other < rank]
    if alike:
        levels[rank] = levels[alike[0]]
    elif larger:
        levels[rank] = levels[max(larger)] + 1
    else:
        levels[rank] = min(levels.values(), default=2) - 1


def _set_level(piece: PagePiece, level: int) -> None:
    if piece.block is not None:
        piece.block["level"] = level
        piece.markdown = f"{'#' * level} {piece.markdown.lstrip('#').strip()}"


def _rank(piece: PagePiece, styles: dict[int, Style]) -> Rank:
    """Return what orders headings: those that are larger first, then those with fewer parts in their number."""
    block = piece.block or {}
    number = _NUMBER.match(block["text"])
    return -styles[id(block)].size, number[1].count(".") if number and number[1] else 0
