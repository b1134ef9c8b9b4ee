"""Short lines that stand apart: addresses, signatures, the lines of a form, told from running text in a narrow column."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median, median_high

from docbatch.providers.local.pdf.characters.own_characters import SOLID
from docbatch.providers.local.pdf.layout.block_lines import BlockLine
from docbatch.providers.local.pdf.layout.page_lines import PageLine, Segment

_MOST = 0.5
"""The share of lines that end early in what is no running text."""
_MOST_EARLY = 3
"""One of so many lines ends early among those set around a middle."""
_SHORT = 0.6
"""The share of the room for a line that its words may take."""
NARROW = 7.5
"""Heights of letters; running text of words with spaces is not set in columns like this."""
_FEWEST_FULL = 2
MOST_ALIKE = 6
"""Lines that are taken for lines of their own for no other sign than how short they are."""
_SAME_PLACE = 3
# In heights of letters.
_ALIKE = 0.5
_SAME_EDGE = 0.3
_NEXT_LINE = 2.2
_FAR_APART = 3
_TITLE = 1.25
_FEWEST_ALIGNED = 3
_MOST_WORDS_OF_A_LABEL = 2
_FLOATING = 1.0
_SAME_BEGIN = 1
_MOST_FLOATING = 8
_MOST_LINES = 1000
"""A page of more is looked through for each of its blocks for too long."""
_ADDRESS = re.compile(r"\S+@\S+\.\w|(?:www\.|https?:)\S")
_SENTENCE_WITHIN = re.compile(r"(?:\b[^\W\d_A-Z]{2,}|[^\W\d_]{5,})[.!?] +[^\W\d_]")
_LINKS = (
    "a an and as at by for from in is of on or our the to with your "
    "als am an auf bei das dem den der des die ein eine f\u00fcr im in mit oder und vom von zu zum zur "
    "au aux avec d\u0027un dans de des du en et la le les ou par pour sur un une "
    "con da del della di e el il los las para por y het een van voor"
)
_UNFINISHED = re.compile(rf"(?:\b(?:{_LINKS.replace(' ', '|')})|[-\u2010\u2013\u2014(&/])\Z")


def goes_on(line: str, after: str) -> bool:
    """Whether a line begins as the middle of a sentence does, after the line before it."""
    return after[:1].islower() and not (_ADDRESS.match(after) and not _UNFINISHED.search(line))


def is_floating(lines: Sequence[BlockLine]) -> bool:
    """Whether lines are set around a middle or against the right, so that their left sides say nothing."""
    if not _FEWEST_ALIGNED <= len(lines) <= _MOST_FLOATING:
        return False
    return (_are_centred(lines) or _are_right_aligned(lines)) and not _reads_on(lines)


def are_short(
    lines: Sequence[BlockLine], page_lines: Sequence[PageLine], early: Sequence[bool], width: float
) -> bool:
    """Tell whether these are lines of their own and no running text; `width` is that of the page."""
    if len(early) > 1 and sum(early) > _MOST * len(early):
        return True
    is_narrow = _right(lines) - _left(lines) < NARROW * lines[0].style.size
    if is_narrow and not any(SOLID.search(line.text) for line in lines):
        return True
    if _MOST_EARLY * sum(early) >= len(early) and is_floating(lines):
        return True
    # Running text beside a picture is as narrow.
    is_prose = any(goes_on(line.text, after.text) for line, after in pairwise(lines))
    return not is_prose and _have_room(lines, page_lines, width)


def _have_room(lines: Sequence[BlockLine], page_lines: Sequence[PageLine], width: float) -> bool:
    if len(page_lines) > _MOST_LINES:
        return False
    limit = _left(lines) + (_right(lines) - _left(lines)) / _SHORT
    alike = list(_alike(lines, page_lines))
    if len(lines) <= MOST_ALIKE and sum(segment.x1 > limit for segment in alike) >= _FEWEST_FULL:
        return True
    if _are_parted(lines):
        return True
    if not all(map(_may_begin, lines[1:])) or _reads_on(lines) or _is_title(lines, page_lines):
        return False
    column = [right for one, other in pairwise(alike) for right in _of_prose(one, other)]
    if column:
        return max(column) > limit
    left, right = _room(lines, page_lines, width)
    return _right(lines) - _left(lines) <= _SHORT * (right - left)


def _alike(lines: Sequence[BlockLine], page_lines: Sequence[PageLine]) -> Iterator[Segment]:
    """Yield what else on the page begins as far left, in letters of the same size."""
    left, size = _left(lines), lines[0].style.size
    own = _own(lines)
    for line in page_lines:
        first = line.segments[0]
        if id(first) in own:
            continue
        if abs(first.x0 - left) <= _SAME_PLACE and abs(first.size - size) <= _ALIKE:
            yield first


def _of_prose(one: Segment, other: Segment) -> Iterator[float]:
    """Yield how far to the right two lines reach where the second goes on with the first."""
    if goes_on(one.text, other.text) and other.y0 - one.y0 < _NEXT_LINE * one.size:
        yield one.x1
        yield other.x1


def _are_parted(lines: Sequence[BlockLine]) -> bool:
    """Whether each line has words that stand far apart, such as two names under two signatures."""
    return all(
        any(after.x0 - one.x1 > _FAR_APART * one.size for one, after in pairwise(line.segments))
        for line in lines
    )


def _reads_on(lines: Sequence[BlockLine]) -> bool:
    """Whether a sentence ends within a line, or a line on a word that cannot be the last."""
    return any(_SENTENCE_WITHIN.search(line.text) for line in lines) or any(
        line.is_broken or (_UNFINISHED.search(line.text) and not _is_label(line.text)) for line in lines[:-1]
    )


def _is_label(text: str) -> bool:
    """Whether a line is as short as what stands over an address, such as Bill to."""
    return len(text.split()) <= _MOST_WORDS_OF_A_LABEL


def _may_begin(line: BlockLine) -> bool:
    """Whether a line's first letter, in scripts that have large ones, is no small one."""
    first = line.text[:1]
    return not first.isalpha() or first.isupper() or first.islower()


def _is_title(lines: Sequence[BlockLine], page_lines: Sequence[PageLine]) -> bool:
    sizes = [segment.size for line in page_lines for segment in line.segments]
    return lines[0].style.size > _TITLE * median(sizes)


def _room(lines: Sequence[BlockLine], page_lines: Sequence[PageLine], width: float) -> tuple[float, float]:
    """Return from where to where lines could have gone: as far as other lines of the page do, or to margins alike."""
    left, right = _left(lines), _right(lines)
    edges = [edge for line in page_lines for each in line.segments for edge in (each.x0, each.x1)]
    margin = min(*edges, left, max(width - max(edges), 0))
    beside = list(_beside(lines, page_lines))
    first = max([margin, *(each.x1 for each in beside if each.x1 <= left)])
    last = min([width - margin, *(each.x0 for each in beside if each.x0 >= right)])
    if _are_centred(lines):
        return first, last
    return (first, right) if _are_right_aligned(lines) else (left, last)


def _beside(lines: Sequence[BlockLine], page_lines: Sequence[PageLine]) -> Iterator[Segment]:
    own = _own(lines)
    top = min(segment.y0 for segment in lines[0].segments)
    bottom = max(segment.y1 for segment in lines[-1].segments)
    for line in page_lines:
        if line.y1 > top and line.y0 < bottom:
            yield from (each for each in line.segments if id(each) not in own)


def _are_centred(lines: Sequence[BlockLine]) -> bool:
    slack = _SAME_EDGE * lines[0].style.size
    begins = [_left([line]) for line in lines]
    middles = [begin + line.right for begin, line in zip(begins, lines, strict=True)]
    return _spread(middles) <= 2 * slack and _differ(begins, lines[0].style.size)


def _are_right_aligned(lines: Sequence[BlockLine]) -> bool:
    slack = _SAME_EDGE * lines[0].style.size
    begins = [_left([line]) for line in lines]
    if begins[0] == max(begins):
        # The first line of a paragraph may be set in.
        begins = begins[1:]
    return _spread([line.right for line in lines]) <= slack and _differ(begins, lines[0].style.size)


def _differ(begins: Sequence[float], size: float) -> bool:
    """Whether lines begin here and there, not but for a few at one place."""
    usual = median_high(begins)
    alike = sum(abs(begin - usual) <= _SAME_BEGIN for begin in begins)
    return 2 * alike <= max(len(begins), 2) and _spread(begins) > _FLOATING * size


def _spread(places: Sequence[float]) -> float:
    return max(places) - min(places)


def _own(lines: Sequence[BlockLine]) -> set[int]:
    return {id(segment) for line in lines for segment in line.segments}


def _left(lines: Sequence[BlockLine]) -> float:
    return min(segment.x0 for line in lines for segment in line.segments)


def _right(lines: Sequence[BlockLine]) -> float:
    return max(line.right for line in lines)
