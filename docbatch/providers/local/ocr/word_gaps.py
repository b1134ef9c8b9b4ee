"""Spaces that a model left out, put back where the picture shows a gap as wide as those between the line's words."""

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from PIL import Image

from docbatch.providers.local.ocr.text_lines import TextLine

# Where a space is left out, and where one is put: between words, figures and the marks that end them.
_SEAM = re.compile(
    r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|(?<=[.,;:!?)\]])(?=[^\W\d_])|(?<=\D[.,;:!?)\]])(?=\d)"
    r"|(?<=[^\W_])(?=[(\[])|(?<=[a-z\u00df-\u00ff])(?=[A-Z\u00c0-\u00de])"
)
# Thousands apart, in lines that say enough about their gaps; beside a 1 there is a gap in many fonts.
_THOUSANDS = re.compile(r"(?<=[02-9])(?=[02-9]\d\d(?!\d))")
_LETTERS_OFF = 1.6
_AS_WIDE = 0.75
_LEAST_SPACES = 2
# A line with fewer spaces says too little about its gaps.
_OF_HEIGHT = 0.2
_STANDS_OUT = 1.5
_FAINT = 0.05
_NARROW = frozenset("iljtfrI.,;:!'|()[]1 \u00ec\u00ed\u00ee\u00ef")
_WIDE = frozenset("mwMWGOQ@%\u0152\u0153\u00c6\u00e6\u2014")

Gap = tuple[float, float]
"""The middle of a gap and its width, in pixels."""


def has_seams(text: str) -> bool:
    return _SEAM.search(text) is not None or (" " in text and _THOUSANDS.search(text) is not None)


def strip_of(grey: Image.Image, line: TextLine, slope: float) -> Image.Image:
    """Return a line's part of the picture with its slope taken out."""
    left, top, right, bottom = line.box
    width, height = round(right - left), round(line.height)
    start = (top + bottom - height - slope * width) / 2
    size = (max(width, 1), max(height, 1))
    return grey.transform(size, Image.Transform.AFFINE, (1, 0, left, slope, 1, start))


def respaced(text: str, strip: Image.Image) -> str:
    """Return a line's text with the spaces that its strip of the picture shows. The strip is grey and not skewed."""
    spaces = [place for place, letter in enumerate(text) if letter == " "]
    seams = [match.start() for match in _SEAM.finditer(text)]
    if len(spaces) >= _LEAST_SPACES:
        seams = sorted([*seams, *(match.start() for match in _THOUSANDS.finditer(text))])
    if not seams:
        return text
    gaps = _word_gaps(strip, len(spaces))
    if len(gaps) <= len(spaces):
        return text
    for place in reversed(_lacking(text, spaces, seams, gaps, strip.width)):
        text = f"{text[:place]} {text[place:]}"
    return text


def _word_gaps(strip: Image.Image, spaces: int) -> list[Gap]:
    """Return the gaps that are as wide as those of the known spaces, from left to right."""
    gaps = _gaps(strip)
    widths = sorted((width for _, width in gaps), reverse=True)
    if len(widths) <= spaces:
        return []
    if spaces >= _LEAST_SPACES:
        least = median(widths[:spaces]) * _AS_WIDE
    else:
        others = widths[spaces + 1] if len(widths) > spaces + 1 else 0.0
        least = max(strip.height * _OF_HEIGHT, others * _STANDS_OUT)
    return [gap for gap in gaps if gap[1] >= least]


def _gaps(strip: Image.Image) -> list[Gap]:
    histogram = strip.histogram()
    means = strip.resize((strip.width, 1), Image.Resampling.BOX).tobytes()
    paper = _paper(means, max(range(256), key=histogram.__getitem__))
    faint = max(abs(mean - paper) for mean in means) * _FAINT + 1
    gaps: list[Gap] = []
    start: int | None = None
    for place, mean in enumerate(means):
        if abs(mean - paper) > faint:
            if start:
                gaps.append(((start + place) / 2, place - start))
            start = None
        elif start is None:
            start = place
    return gaps


def _paper(means: bytes, usual: int) -> int:
    """Return the shade between words: an end of the range of shades, the one that is nearer to the usual shade."""
    ordered = sorted(means)
    twentieth = len(ordered) // 20
    return min(ordered[twentieth], ordered[-1 - twentieth], key=lambda shade: abs(shade - usual))


def _lacking(
    text: str, spaces: Sequence[int], seams: Sequence[int], gaps: Sequence[Gap], width: float
) -> list[int]:
    """Return the seams where a gap stands that belongs to no space of the text."""
    expected = _expected(text, width)
    taken = _matched([expected[place] for place in spaces], [middle for middle, _ in gaps])
    known = {gap: place for place, gap in zip(spaces, taken, strict=True)}
    lacking = set()
    ends = [(-1, -1), *sorted(known.items()), (len(gaps), len(text))]
    for (before, first), (after, last) in pairwise(ends):
        start = gaps[before][0] if before >= 0 else 0.0
        end = gaps[after][0] if after < len(gaps) else width
        low, high = expected[max(first, 0)], expected[last]
        for gap in range(before + 1, after):
            scale = (high - low) / max(end - start, 1)
            place = low + (gaps[gap][0] - start) * scale
            near = min(seams, key=lambda seam: abs(expected[seam] - place))
            if first < near < last and abs(expected[near] - place) < _LETTERS_OFF * width / len(text):
                lacking.add(near)
    return sorted(lacking)


def _expected(text: str, width: float) -> list[float]:
    """Return where each letter of a line of this width is expected to begin, and where the last ends."""
    places = [0.0]
    for letter in text:
        size = 0.55 if letter in _NARROW else 1.5 if letter in _WIDE else 1.2 if letter.isupper() else 1.0
        places.append(places[-1] + size)
    return [place * width / places[-1] for place in places]


def _matched(expected: Sequence[float], found: Sequence[float]) -> list[int]:
    """Return for each expected place the found one it is, in order, so that the distances are least."""
    best = [0.0] * (len(found) + 1)
    steps: list[list[bool]] = []
    for number, place in enumerate(expected):
        row = [float("inf")] * (len(found) + 1)
        step = [False] * (len(found) + 1)
        for end in range(number + 1, len(found) + 1):
            taken = best[end - 1] + abs(place - found[end - 1])
            step[end] = taken < row[end - 1]
            row[end] = min(taken, row[end - 1])
        best = row
        steps.append(step)
    matched, end = [], len(found)
    for step in reversed(steps):
        while not step[end]:
            end -= 1
        end -= 1
        matched.append(end)
    return matched[::-1]
