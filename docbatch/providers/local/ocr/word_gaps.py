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
_THOUSANDS = re.compile(
    r"(?:(?<=\s\d)|(?<=\s\d\d)|(?<=\s\d\d\d)|(?<=^\d)|(?<=^\d\d)|(?<=^\d\d\d))(?<=[02-9])(?=[02-9]\d\d(?!\d))"
)
_DASH = re.compile(r"(?<=\S)[-\u2013\u2014\u2212~](?=\S)")
_HALF_SPACED = re.compile(r"(?<=\S)(?=[-\u2013\u2014\u2212~] )|(?<= [-\u2013\u2014\u2212~])(?=\S)")
_LONGEST_DASH = 1.2
_LETTERS_OFF = 1.6
_LETTERS_OFF_A_DASH = 3.0
_AS_WIDE = 0.65
_LEAST_SPACES = 2
# A line with fewer spaces says too little about its gaps.
_NARROWER = 0.8
_OF_HEIGHT = 0.2
_SOME = 6
# A space whose gap is not seen costs as much as one that is so many letters off.
_UNSEEN = 2.0
_FAINT = 0.05
_NARROW = frozenset("iljtfrI.,;:!'|()[]1 \u00ec\u00ed\u00ee\u00ef")
_WIDE = frozenset("mwMWGOQ@%\u0152\u0153\u00c6\u00e6\u2014")

Gap = tuple[float, float]
"""The middle of a gap and its width, in pixels."""


def has_seams(text: str) -> bool:
    patterns = (_SEAM, _DASH, _HALF_SPACED, *([_THOUSANDS] if " " in text else []))
    return any(pattern.search(text) for pattern in patterns)


def strip_of(grey: Image.Image, line: TextLine, slope: float) -> Image.Image:
    """Return a line's part of the picture with its slope taken out."""
    left, top, right, bottom = line.box
    width, height = round(right - left), round(line.height)
    start = (top + bottom - height - slope * width) / 2
    size = (max(width, 1), max(height, 1))
    # A page that is turned a little leans its letters as much as it raises its lines.
    leaning = (1, -slope, left + slope * height / 2)
    return grey.transform(size, Image.Transform.AFFINE, (*leaning, slope, 1, start))


def usual_gap(text: str, strip: Image.Image) -> float | None:
    """Return how wide the spaces of a line are in its strip, as a part of its height; None where it has too few."""
    spaces = text.count(" ")
    widths = sorted((width for _, width in _gaps(strip)), reverse=True)
    return median(widths[:spaces]) / strip.height if spaces > _LEAST_SPACES and len(widths) > spaces else None


def respaced(text: str, strip: Image.Image, usual: float | None = None) -> str:
    """Return a line's text with the spaces that its strip of the picture shows. The strip is grey and not skewed.

    `usual` is how wide spaces are on the page, as a part of a line's height, where that is known.
    """
    spaces = [place for place, letter in enumerate(text) if letter == " "]
    patterns = (_SEAM, _HALF_SPACED, *([_THOUSANDS] if len(spaces) >= _LEAST_SPACES else []))
    seams = sorted({match.start() for pattern in patterns for match in pattern.finditer(text)})
    dashes = [match.start() for match in _DASH.finditer(text)]
    if not seams and not dashes:
        return text
    gaps = _word_gaps(strip, len(spaces), usual)
    if not gaps:
        return text
    line = _Line(text, strip.width - sum(width for _, width in gaps), strip.height)
    for place in reversed(line.lacking(spaces, seams, dashes, _between_ink(gaps))):
        text = f"{text[:place]} {text[place:]}"
    return text


def _word_gaps(strip: Image.Image, spaces: int, usual: float | None) -> list[Gap]:
    """Return the gaps that are wide enough to stand between words, from left to right.

    They are parted from those between letters where widths, in their order, fall most; not before most of the known spaces.
    """
    gaps = _gaps(strip)
    widths = [*sorted((width for _, width in gaps), reverse=True), 1.0]
    if usual is not None:
        between_words = strip.height * usual
    else:
        between_words = median(widths[:spaces]) if spaces >= _LEAST_SPACES else strip.height * _OF_HEIGHT
    fewest = max(spaces - spaces // _SOME, 1)
    cuts = [
        cut
        for cut in range(fewest, len(widths))
        if widths[cut - 1] >= between_words * _AS_WIDE and widths[cut] < between_words * _NARROWER
    ]
    if not cuts:
        return []
    cut = max(cuts, key=lambda place: widths[place - 1] / widths[place])
    return [gap for gap in gaps if gap[1] >= widths[cut - 1]]


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


def _between_ink(gaps: Sequence[Gap]) -> list[Gap]:
    """Return gaps by how much ink stands before them: then it does not matter which of them the text knows of."""
    found, before = [], 0.0
    for middle, width in gaps:
        found.append((middle - before - width / 2, width))
        before += width
    return found


def _paper(means: bytes, usual: int) -> int:
    """Return the shade between words: an end of the range of shades, the one that is nearer to the usual shade."""
    ordered = sorted(means)
    twentieth = len(ordered) // 20
    return min(ordered[twentieth], ordered[-1 - twentieth], key=lambda shade: abs(shade - usual))


class _Line:
    """A line's text, the width of its ink and the height of its letters."""

    def __init__(self, text: str, width: float, height: float) -> None:
        self._text = text
        self._expected = _expected(text, width)
        self._width = width
        self._letter = width / len(text)
        self._longest_dash = height * _LONGEST_DASH

    def lacking(
        self, spaces: Sequence[int], seams: Sequence[int], dashes: Sequence[int], gaps: Sequence[Gap]
    ) -> list[int]:
        """Return the places of the text where a gap stands that belongs to none of its spaces.

        Two gaps with a dash's width between them are those of a dash; every other one is that of a seam.
        """
        taken = _matched(
            [self._expected[place] for place in spaces],
            [middle for middle, _ in gaps],
            self._letter * _UNSEEN,
        )
        known = {gap: place for place, gap in zip(spaces, taken, strict=True) if gap is not None}
        found: set[int] = set()
        ends = [(-1, -1), *sorted(known.items()), (len(gaps), len(self._text))]
        for (before, first), (after, last) in pairwise(ends):
            start = gaps[before][0] if before >= 0 else 0.0
            end = gaps[after][0] if after < len(gaps) else self._width
            low, high = self._expected[max(first, 0)], self._expected[last]
            scale = (high - low) / max(end - start, 1)
            between = [(low + (middle - start) * scale, width) for middle, width in gaps[before + 1 : after]]
            inside_dashes = [place for place in dashes if first < place < last]
            inside_seams = [place for place in seams if first < place < last]
            found |= self._of_stretch(between, inside_dashes, inside_seams)
        return sorted(found)

    def _of_stretch(self, gaps: Sequence[Gap], dashes: list[int], seams: list[int]) -> set[int]:
        found: set[int] = set()
        at = 0
        while at < len(gaps):
            middle, _ = gaps[at]
            follower = gaps[at + 1] if at + 1 < len(gaps) else None
            if follower and self._encloses_a_dash(gaps[at], follower):
                dash = self._nearest(dashes, (middle + follower[0]) / 2, _LETTERS_OFF_A_DASH)
                if dash is not None:
                    dashes.remove(dash)
                    found |= {dash, dash + 1}
                    at += 2
                    continue
            seam = self._nearest(seams, middle, _LETTERS_OFF)
            found |= set() if seam is None else {seam}
            at += 1
        return found

    def _encloses_a_dash(self, gap: Gap, follower: Gap) -> bool:
        return 0 < follower[0] - gap[0] <= self._longest_dash

    def _nearest(self, places: Sequence[int], sought: float, letters: float) -> int | None:
        near = min(places, key=lambda place: abs(self._expected[place] - sought), default=None)
        if near is None or abs(self._expected[near] - sought) >= letters * self._letter:
            return None
        return near


def _expected(text: str, width: float) -> list[float]:
    """Return how much of this width of ink stands before each letter, and before the end."""
    places = [0.0]
    for letter in text:
        size = (
            0.0
            if letter == " "
            else 0.55
            if letter in _NARROW
            else 1.5
            if letter in _WIDE
            else 1.2
            if letter.isupper()
            else 1.0
        )
        places.append(places[-1] + size)
    return [place * width / places[-1] for place in places]


def _matched(expected: Sequence[float], found: Sequence[float], unseen: float) -> list[int | None]:
    """Return for each expected place the found one it is, in order, so that the distances are least.

    None stands for one that is not found, which costs `unseen`.
    """
    best = [0.0] * (len(found) + 1)
    steps: list[list[str]] = []
    for place in expected:
        row = [best[0] + unseen]
        step = ["unseen"]
        for end in range(1, len(found) + 1):
            costs = {
                "seen": best[end - 1] + abs(place - found[end - 1]),
                "unseen": best[end] + unseen,
                "left": row[end - 1],
            }
            step.append(min(costs, key=costs.__getitem__))
            row.append(costs[step[-1]])
        best = row
        steps.append(step)
    matched: list[int | None] = []
    end = len(found)
    for step in reversed(steps):
        while step[end] == "left":
            end -= 1
        is_seen = step[end] == "seen"
        end -= is_seen
        matched.append(end if is_seen else None)
    return matched[::-1]
