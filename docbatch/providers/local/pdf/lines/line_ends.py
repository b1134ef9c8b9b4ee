"""Lines that end where their writer wanted: addresses, entries and paragraphs that the engine wrote as one."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from statistics import median

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.characters.own_characters import SOLID, folded
from docbatch.providers.local.pdf.layout.block_lines import BlockLine, lines_of_block
from docbatch.providers.local.pdf.layout.page_layout import PageLayout
from docbatch.providers.local.pdf.layout.page_lines import PageLine, Segment
from docbatch.providers.local.pdf.layout.page_pieces import PagePiece
from docbatch.providers.local.pdf.layout.table_likeness import is_counted
from docbatch.providers.local.pdf.lines.short_lines import MOST_ALIKE, NARROW, are_short, goes_on, is_floating
from docbatch.providers.local.pdf.pdf_document import PdfDocument

_TWO_LINES = 1.4
"""Heights of a usual line; what is lower has one line."""
_SPACE = 0.3
_SLACK = 0.5
_HALF = 0.5
_FEWEST_NUMBERED = 2
_SAME_PLACE = 3
_FURTHER = 1.3
_SKIPPED = re.compile(r"[\s\\*_`#]+")
_LETTERS = re.compile(r"[^\s\\*_`#]+")
_GAP = re.compile(r"\s+(?!\\+\s)")
_LEADS_TO_PAGE = re.compile(r"(?:\. ?){4}(?:\d+|[ivxlc]+)(?:, ?\d+)*\Z")
_MOST_LETTERS = 20_000
_TALL = 3


def keep(document: PdfDocument) -> None:
    """End lines where the page ends them before they are full, and part paragraphs that were joined."""
    for page, parsed in zip(document.pages, document.parsed.pages, strict=True):
        heights = [item.height for item in parsed.text_items]
        least = _TWO_LINES * median(heights) if heights else 0
        if document.is_read_as_picture(page) or not any(
            _may_have_lines(each, least) for each in page["blocks"]
        ):
            continue
        layout = PageLayout(parsed, page, document.lines.get(page["number"]))
        if layout.pieces is None:
            continue
        starts = [line.y0 for line in layout.lines]
        pieces = [
            part
            for piece in layout.pieces
            for part in (
                [piece] if _is_full(piece.block, layout.lines, starts) else _parted(piece, layout, least)
            )
        ]
        if any(part is not piece for part, piece in zip(pieces, layout.pieces, strict=False)):
            layout.replace(pieces)


def _may_have_lines(block: Json, least: float) -> bool:
    return (
        block["kind"] == "text"
        and "bbox" in block
        and block["bbox"][3] - block["bbox"][1] > least
        and "\n" not in block["text"]
        and len(block["text"]) <= _MOST_LETTERS
    )


def _is_full(block: Json | None, lines: Sequence[PageLine], starts: Sequence[float]) -> bool:
    """Tell at a glance of a paragraph whose lines all reach its right side, as most do, that none ends early."""
    if block is None or "bbox" not in block:
        return False
    x0, y0, x1, y1 = block["bbox"]
    inside = []
    for line in lines[bisect_left(starts, y0 - _SAME_PLACE) : bisect_right(starts, y1)]:
        own = [each for each in line.segments if each.x0 >= x0 - _SAME_PLACE and each.x1 <= x1 + _SAME_PLACE]
        if own:
            inside.append(own)
    if len(inside) < _TALL or inside[0][0].text[:1].isdigit() or _leads_to_page(inside[0]):
        return False
    first = [own[0] for own in inside]
    size = max(each.size for each in first)
    runs_on = len(inside) > MOST_ALIKE or any(each.text[:1].islower() for each in first[1:])
    is_even = max(each.x0 for each in first[1:]) - min(each.x0 for each in first[1:]) <= _SAME_PLACE
    ends = [own[-1].x1 for own in inside[:-1]]
    return runs_on and is_even and x1 - x0 > NARROW * size and max(ends) - min(ends) <= _SPACE * size


def _parted(piece: PagePiece, layout: PageLayout, least: float) -> list[PagePiece]:
    if piece.block is None or not _may_have_lines(piece.block, least) or piece.markdown.startswith("```"):
        return [piece]
    lines = lines_of_block(PagePiece(folded(piece.markdown), piece.block), layout.lines)
    if not lines or len(lines) == 1:
        return [piece]
    ends = _ends(lines, layout)
    if not any(ends):
        return [piece]
    return list(_parts(piece, lines, ends)) or [piece]


def _ends(lines: Sequence[BlockLine], layout: PageLayout) -> list[bool]:
    """Return of each line but the last whether it ends because it was meant to."""
    left = _left(lines)
    # What is set around a middle is as wide as it would be from the left.
    indents = [_left([line]) - left for line in lines] if is_floating(lines) else [0.0] * len(lines)
    rights = [line.right - indent for line, indent in zip(lines, indents, strict=True)]
    early = [
        _is_early(right, one, other, max(rights))
        for right, (one, other) in zip(rights, pairwise(lines), strict=False)
    ]
    if _are_numbered(lines):
        return [not line.is_broken for line in lines[:-1]]
    is_short = are_short(lines, layout.lines, early, layout.parsed.width)
    half = left + _HALF * (max(rights) - left)
    return [
        _is_end(one, other, is_hardly_begun=right < half or any(indents), early=is_early, short=is_short)
        for is_early, right, (one, other) in zip(early, rights, pairwise(lines), strict=False)
    ]


def _is_end(line: BlockLine, after: BlockLine, *, is_hardly_begun: bool, early: bool, short: bool) -> bool:
    if _leads_to_page(line.segments):
        return True
    if goes_on(line.text, after.text):
        # A sentence goes on beside a picture, but not where its line is hardly begun.
        return early and is_hardly_begun
    return early or (short and not line.is_broken)


def _leads_to_page(segments: Sequence[Segment]) -> bool:
    """Whether words end with dots that lead to a number, as the lines of contents and indexes do."""
    last = segments[-1].text
    return last[-1:].isalnum() and _LEADS_TO_PAGE.search(last) is not None


def _left(lines: Sequence[BlockLine]) -> float:
    return min(segment.x0 for line in lines for segment in line.segments)


def _is_early(end: float, line: BlockLine, after: BlockLine, right: float) -> bool:
    """Tell whether the first word of the next line would have found room on this one."""
    first = after.segments[0]
    word = first.text[:1] if SOLID.match(first.text) else first.text.split(None, 1)[0]
    width = (first.x1 - first.x0) * len(word) / max(len(first.text), 1)
    return not line.is_broken and end + width + (_SPACE + _SLACK) * first.size < right


def _are_numbered(lines: Sequence[BlockLine]) -> bool:
    return len(lines) > _FEWEST_NUMBERED and is_counted(
        [PageLine(line.segments[0].y0, line.segments[0].y1, line.segments) for line in lines]
    )


def _parts(piece: PagePiece, lines: Sequence[BlockLine], ends: Sequence[bool]) -> Iterator[PagePiece]:
    """Yield what a piece is made of: a paragraph of several lines is one of its own, short lines stay together."""
    block: Json = piece.block or {}
    if len(_SKIPPED.sub("", block["text"])) != lines[-1].end:
        return
    cuts = [line.end for line, is_end in zip(lines, ends, strict=False) if is_end]
    shown = _cut(piece.markdown, cuts)
    said = shown if piece.markdown == block["text"] else _cut(block["text"], cuts)
    if len(shown) != len(said) or len(said) != len(cuts) + 1:
        return
    runs = list(_runs(lines, ends))
    first = 0
    for group in _groups(runs):
        last = first + len(group)
        text = blocks.markdown([blocks.paragraph("\n".join(shown[first:last]))])
        own = {
            **block,
            "text": "\n".join(said[first:last]),
            "bbox": _box([line for run in group for line in run]),
        }
        yield PagePiece(text, own)
        first = last


def _cut(text: str, cuts: Sequence[int]) -> list[str]:
    """Return a text in pieces that end after so many letters, marks not counted."""
    runs = [match.span() for match in _LETTERS.finditer(text)]
    counts = list(accumulate(end - begin for begin, end in runs))
    pieces, start = [], 0
    for cut in cuts:
        if not (counts and 0 < cut < counts[-1]):
            continue
        at = bisect_right(counts, cut - 1)
        last = runs[at][1] - (counts[at] - cut)
        next_at = bisect_right(counts, cut)
        place = runs[next_at][1] - (counts[next_at] - cut)
        gap = _GAP.search(text, last, place)
        if gap:
            pieces.append(text[start : gap.start()])
            start = gap.end()
        elif SOLID.match(text, place):
            start, before = place, start
            pieces.append(text[before:start])
    return [*pieces, text[start:]]


def _runs(lines: Sequence[BlockLine], ends: Sequence[bool]) -> Iterator[list[BlockLine]]:
    run: list[BlockLine] = []
    for line, is_end in zip(lines, [*ends, True], strict=True):
        run.append(line)
        if is_end:
            yield run
            run = []


def _groups(runs: Sequence[list[BlockLine]]) -> Iterator[list[list[BlockLine]]]:
    """Yield the runs that make a block: paragraphs one by one, and lines that follow each other closely together."""
    gaps = [after.segments[0].y0 - line.segments[0].y0 for run in runs for line, after in pairwise(run)]
    gaps += [after[0].segments[0].y0 - run[-1].segments[0].y0 for run, after in pairwise(runs)]
    usual = min((gap for gap in gaps if gap > 0), default=0)
    group = [runs[0]]
    for before, run in pairwise(runs):
        gap = run[0].segments[0].y0 - before[-1].segments[0].y0
        if len(before) > 1 or len(run) > 1 or gap > _FURTHER * usual:
            yield group
            group = []
        group.append(run)
    yield group


def _box(lines: Sequence[BlockLine]) -> list[float]:
    segments = [segment for line in lines for segment in line.segments]
    return [
        round(min(segment.x0 for segment in segments), 2),
        round(min(segment.y0 for segment in segments), 2),
        round(max(segment.x1 for segment in segments), 2),
        round(max(segment.y1 for segment in segments), 2),
    ]
