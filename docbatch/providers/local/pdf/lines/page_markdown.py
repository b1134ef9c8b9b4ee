"""A page's Markdown together with its blocks: where each block stands in it, and how both are changed alike."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate, compress

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.raw_text import Box, Span

_FENCE = "```"
_HEADING = re.compile(r"\A#{1,6} ")
# How far from where it should begin a block is looked for, and how much of its ends must agree.
_REACH = 2000
_END = 24
_SLACK = 1.0
_MOST_BLOCKS = 1000
"""A place among more is not worth the time it takes."""


def spans(page: Json) -> list[Span | None]:
    """Return the lines of the page's Markdown that each of its blocks takes; None where a block is not found."""
    markdown: str = page["markdown"]
    offsets = list(compress(range(len(markdown)), map(str.isalnum, markdown)))
    letters = _letters(markdown)
    found: list[Span | None] = []
    at = 0
    for block in page["blocks"]:
        span = _find(letters, _letters(block["text"]), at)
        if span:
            at = span[1]
            found.append(_lines(markdown, offsets[span[0]], offsets[span[1] - 1] + 1))
        else:
            found.append(None)
    return found


def insert(page: Json, new: Mapping[int, Sequence[Json]]) -> None:
    """Put blocks into a page, each list before the block of its number; a number beyond the last is the page's end."""
    markdown: str = page["markdown"]
    last = len(page["blocks"])
    is_inside = any(0 < number < last for number in new)
    found = spans(page) if is_inside else [None] * last
    ends = list(accumulate((span[1] if span else 0 for span in found), max, initial=0))
    ends[-1] = len(markdown)
    pieces, whole, at = [], [], 0
    for number, end in enumerate(ends):
        added = new.get(number, ())
        if added:
            pieces += [markdown[at:end].strip("\n"), blocks.markdown(added)]
            at = end
        whole += [*added, *page["blocks"][number : number + 1]]
    pieces.append(markdown[at:].strip("\n"))
    page["markdown"] = "\n\n".join(piece for piece in pieces if piece)
    page["blocks"] = whole


def number_at(place: Box, there: Sequence[Json]) -> int:
    """Return the number of the block that a piece of a page stands before."""
    if len(there) > _MOST_BLOCKS:
        return len(there)
    x0, y0, x1, y1 = place
    across, down = (x0 + x1) / 2, (y0 + y1) / 2
    nearest, distance = len(there), float("inf")
    for number, block in enumerate(there):
        left, top, right, bottom = block.get("bbox") or (0, 0, 0, 0)
        if right <= left or x1 < left - _SLACK or x0 > right + _SLACK:
            continue
        if top - _SLACK <= down <= bottom + _SLACK and left <= across <= right:
            return number + 1
        away = top - down if down < top else down - bottom
        if away < distance:
            nearest, distance = number + (down > bottom), away
    return _by_height(down, there) if nearest == len(there) else nearest


def _by_height(down: float, there: Sequence[Json]) -> int:
    tops = (block["bbox"][1] if "bbox" in block else 0 for block in there)
    return next((number for number, top in enumerate(tops) if top >= down), len(there))


def remove(page: Json, numbers: Collection[int]) -> None:
    """Take the blocks of these numbers out of a page, where they have lines of their own in the Markdown."""
    markdown: str = page["markdown"]
    found = spans(page)
    pieces, kept, at = [], [], 0
    for number, block in enumerate(page["blocks"]):
        span = found[number]
        if number in numbers and span and span[0] >= at and not _shares(found, number):
            pieces.append(markdown[at : span[0]].strip("\n"))
            at = span[1]
        else:
            kept.append(block)
    pieces.append(markdown[at:].strip("\n"))
    page["markdown"] = "\n\n".join(piece for piece in pieces if piece)
    page["blocks"] = kept


def make_text(page: Json, numbers: Iterable[int]) -> None:
    """Let headings of a page be text like any other."""
    found = spans(page)
    markdown: str = page["markdown"]
    for number in sorted(numbers, reverse=True):
        block, span = page["blocks"][number], found[number]
        block["kind"] = "text"
        block.pop("level", None)
        if span:
            markdown = f"{markdown[: span[0]]}{_HEADING.sub('', markdown[span[0] :], count=1)}"
    page["markdown"] = markdown


def rewrite(page: Json, lines: Mapping[int, Sequence[str]], gone: int) -> None:
    """Give blocks of a page new lines, and take another one, whose words they have now, out of it."""
    found = spans(page)
    if found[gone] is None or any(found[number] is None for number in lines):
        return
    markdown: str = page["markdown"]
    pieces, at = [], 0
    for number, block in enumerate(page["blocks"]):
        span = found[number]
        if span is None or span[0] < at or (number != gone and number not in lines):
            continue
        pieces.append(markdown[at : span[0]])
        at = span[1]
        if number in lines:
            block["text"] = "\n".join(lines[number])
            if block["kind"] == "list":
                block["kind"] = "text"
            pieces.append(blocks.markdown([block]))
    page["markdown"] = "".join([*pieces, markdown[at:]]).strip("\n")
    del page["blocks"][gone]


def can_split(text: str, line: str) -> bool:
    """Whether a text begins or ends with a line and has more."""
    return bool(line) and (text.startswith(f"{line} ") or text.endswith(f" {line}"))


def split(page: Json, block: Json, line: str) -> Json | None:
    """Give the first or last line of a block a block of its own, and return that; None where the Markdown writes it otherwise."""
    at = next(number for number, each in enumerate(page["blocks"]) if each is block)
    span = spans(page)[at]
    if span is None:
        return None
    markdown: str = page["markdown"]
    lines = markdown[span[0] : span[1]]
    is_first = lines.startswith(f"{line} ")
    if not is_first and not lines.endswith(f" {line}"):
        return None
    rest = lines[len(line) + 1 :] if is_first else lines[: -len(line) - 1]
    halves = (line, rest) if is_first else (rest, line)
    page["markdown"] = f"{markdown[: span[0]]}{halves[0]}\n\n{halves[1]}{markdown[span[1] :]}"
    text = block["text"].strip()
    block["text"] = text[len(line) + 1 :] if is_first else text[: -len(line) - 1]
    own: Json = blocks.paragraph(line)
    page["blocks"].insert(at if is_first else at + 1, own)
    return own


def _shares(found: Sequence[Span | None], number: int) -> bool:
    """Whether a block has a line of the Markdown in common with the one before or after it."""
    own = found[number]
    beside = [*found[max(number - 1, 0) : number], *found[number + 1 : number + 2]]
    return own is not None and any(span and span[0] < own[1] and own[0] < span[1] for span in beside)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _find(letters: str, block: str, at: int) -> Span | None:
    if not block:
        return None
    whole = letters.find(block, at, at + len(block) + _REACH)
    if whole >= 0:
        return whole, whole + len(block)
    start = letters.find(block[:_END], at, at + _END + _REACH)
    end = letters.find(block[-_END:], max(start, at), at + len(block) + _REACH)
    return (start, end + len(block[-_END:])) if 0 <= start <= end else None


def _lines(markdown: str, start: int, end: int) -> Span:
    """Return the whole lines of a piece, the fences of code with it."""
    start = markdown.rfind("\n", 0, start) + 1
    end = markdown.find("\n", end)
    end = len(markdown) if end < 0 else end
    if markdown.startswith(_FENCE, end + 1):
        before = markdown.rfind("\n", 0, max(start - 1, 0)) + 1
        start = before if markdown.startswith(_FENCE, before) else start
        after = markdown.find("\n", end + 1)
        end = len(markdown) if after < 0 else after
    return start, end
