"""Which lines of the page a block was made of, and the block taken apart between them."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.layout.page_lines import PageLine, Segment
from docbatch.providers.local.pdf.layout.page_pieces import PagePiece

_LEFT_OUT = re.compile(r"[\s\\*_`#]+")
_BULLETS = "*\u2022\u00b7\u25aa\u25e6\u2023\u2013\u2014\u25cf\u25cb\u25a0\u25a1\u27a2\uf0b7\uf0a7- "
_FEW = 3


@dataclass(frozen=True, slots=True)
class Style:
    """How a line is set; `size` is in steps of half a point."""

    size: float
    bold: bool


class BlockLine:
    """A line of a block: its segments on the page, and where it ends in the block's Markdown without spaces and marks.

    `is_broken` tells that its last word goes on in the next line.
    """

    def __init__(self, segments: list[Segment], end: int, *, is_broken: bool = False) -> None:
        self.segments = segments
        self.end = end
        self.is_broken = is_broken

    @cached_property
    def style(self) -> Style:
        widest = max(self.segments, key=lambda segment: segment.x1 - segment.x0)
        return Style(round(2 * widest.size) / 2, all(segment.bold for segment in self.segments))

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    @cached_property
    def right(self) -> float:
        return max([segment.x1 for segment in self.segments])


def lines_of_block(piece: PagePiece, lines: Sequence[PageLine]) -> list[BlockLine] | None:
    """Return the lines whose words, one after the other, are the piece's; None where they are not found."""
    box = piece.block.get("bbox") if piece.block is not None else None
    if box is None:
        return None
    text = _LEFT_OUT.sub("", piece.markdown)
    found: list[BlockLine] = []
    # The mark of an item is written as a dash, whatever it is on the page.
    is_marked = piece.kind == "list" and text.startswith("-")
    at, misses = int(is_marked), 0
    x0, x1 = box[0], box[2]
    # Lines are sorted by their middles, so that one may begin a little above a line before it.
    first = bisect_left(lines, box[1] - 1, key=lambda line: (line.y0 + line.y1) / 2)
    for line in lines[first:]:
        taken = []
        for segment in line.segments:
            is_first = is_marked and not found and at == 1
            bare = _bare_item(segment) if is_first else segment.bare or _bare(segment)
            end = _after(text, at, bare)
            if is_first and end is None and not segment.text.strip(_BULLETS):
                end = at
            if end is not None and segment.x0 <= x1 and x0 - 5 * segment.size <= segment.x1:
                taken.append(segment)
                at = end
        if taken and (not found or at > found[-1].end):
            found.append(BlockLine(taken, at, is_broken=taken[-1].text.endswith("-") and text[at - 1] != "-"))
            # The next line may begin and end where this one does, if that is beyond the box.
            x0 = min([box[0], *[each.x0 for each in taken]])
            x1 = max(box[2], found[-1].right)
            misses = 0
        elif found or line.y0 > box[3]:
            misses += 1
        if at == len(text):
            return found
        if misses > _FEW:
            break
    return None


def by_segment(lines: Iterable[BlockLine]) -> Iterator[BlockLine]:
    """Yield lines once more, each segment as a line of its own."""
    for line in lines:
        ends = [
            line.end - sum(len(_bare(later)) for later in line.segments[at + 1 :])
            for at in range(len(line.segments))
        ]
        for segment, end in zip(line.segments, ends, strict=True):
            yield BlockLine([segment], end)


def _bare(segment: Segment) -> str:
    """Return a segment's words without spaces and marks; they are asked for again and again."""
    segment.bare = _LEFT_OUT.sub("", segment.text)
    return segment.bare


def _bare_item(segment: Segment) -> str:
    return _LEFT_OUT.sub("", segment.text.lstrip(_BULLETS))


def _after(text: str, at: int, bare: str) -> int | None:
    # A segment of nothing but signs that are also marks, such as the star of an item, is there without a trace.
    if text.startswith(bare, at):
        return at + len(bare)
    # A word that was parted at the end of the line has been joined.
    if len(bare) > 1 and bare[-1] == "-" and text.startswith(bare[:-1], at):
        return at + len(bare) - 1
    return None


def parts(piece: PagePiece, runs: Sequence[Sequence[BlockLine]]) -> Iterator[tuple[str, Json]]:
    """Yield the Markdown, without the mark of a heading, and the block of each run of a piece's lines."""
    places = [at for at, sign in enumerate(piece.markdown) if not _LEFT_OUT.match(sign)]
    start = 0
    for run in runs:
        stop = places[run[-1].end - 1] + 1 if run is not runs[-1] else len(piece.markdown)
        if piece.markdown.count("**", 0, stop) % 2 and piece.markdown.startswith("**", stop):
            stop += 2
        text = piece.markdown[start:stop].strip()
        if start == 0 and piece.kind == "heading":
            text = text.lstrip("#").strip()
        if text.count("**") % 2:
            text = f"**{text}" if start else f"{text}**"
        block: Json = {"kind": "text", "text": text.replace("**", "")}
        block["bbox"] = _box([segment for line in run for segment in line.segments])
        yield text, block
        start = stop


def _box(segments: Sequence[Segment]) -> list[float]:
    return [
        round(min(segment.x0 for segment in segments), 2),
        round(min(segment.y0 for segment in segments), 2),
        round(max(segment.x1 for segment in segments), 2),
        round(max(segment.y1 for segment in segments), 2),
    ]
