"""Lines of text found in a picture, and the picture's skew taken out of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, from the top left."""

_STEEPEST = 0.12
_STEP = 0.006
_FINE_STEP = 0.001
# The slope of a page with more lines is that of some of them.
_ENOUGH_LINES = 300
_SAME_ROW = 0.5
_WORDS_APART = 0.9


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text, or a part of one. `box` is where it stands in the picture, the sides are without the skew."""

    text: str
    confidence: float
    box: Box
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


def found(text: str, confidence: float, box: Box) -> TextLine:
    return TextLine(text, confidence, box, *box)


def height(lines: Iterable[TextLine]) -> float:
    """Return the usual height of these lines, 1.0 where there are none."""
    return median([line.height for line in lines] or [1.0])


def rows(lines: Iterable[TextLine]) -> list[list[TextLine]]:
    """Return lines that stand side by side together, from top to bottom, those of a row from left to right."""
    ordered = sorted(lines, key=lambda line: (line.middle, line.left))
    within = height(ordered) * _SAME_ROW
    found_rows: list[list[TextLine]] = []
    for line in ordered:
        row = found_rows[-1] if found_rows else []
        if row and line.middle - row[0].middle < within and _is_free(row, line):
            row.append(line)
        else:
            found_rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in found_rows]


def _is_free(row: Iterable[TextLine], line: TextLine) -> bool:
    slack = line.height / 2
    return all(line.left > each.right - slack or line.right < each.left + slack for each in row)


def joined(words: Sequence[TextLine]) -> list[TextLine]:
    """Return lines made of words that stand side by side."""
    lines: list[TextLine] = []
    level = straightened(words)
    apart = height(level) * _WORDS_APART
    for row in rows(level):
        line = [row[0]]
        for word in row[1:]:
            if word.left - line[-1].right > apart:
                lines.append(_one(line))
                line = []
            line.append(word)
        lines.append(_one(line))
    return lines


def _one(words: Sequence[TextLine]) -> TextLine:
    left, top, right, bottom = zip(*(word.box for word in words), strict=True)
    letters = sum(len(word.text) for word in words)
    confidence = sum(word.confidence * len(word.text) for word in words) / max(letters, 1)
    text = " ".join(word.text for word in words)
    return found(text, confidence, (min(left), min(top), max(right), max(bottom)))


def straightened(lines: Sequence[TextLine]) -> list[TextLine]:
    """Return the lines as they would stand on a page that was not skewed."""
    slope = slope_of(lines)
    return [turned(line, slope) for line in lines] if slope else list(lines)


def slope_of(lines: Sequence[TextLine]) -> float:
    """Return the slope that puts the lines on the fewest rows and the fewest left edges."""
    lines = lines[:: len(lines) // _ENOUGH_LINES + 1]
    if not lines:
        return 0.0
    steps = round(_STEEPEST / _STEP)
    coarse = _best(lines, [step * _STEP for step in range(-steps, steps + 1)])
    around = round(_STEP / _FINE_STEP)
    return _best(lines, [coarse + step * _FINE_STEP for step in range(-around, around + 1)])


def _best(lines: Sequence[TextLine], slopes: Iterable[float]) -> float:
    def cost(slope: float) -> tuple[int, float, float]:
        level = [turned(line, slope) for line in lines]
        of_page = rows(level)
        return len(of_page) + _places(level), round(sum(map(_spread, of_page)), 1), abs(slope)

    return min(slopes, key=cost)


def _spread(row: Sequence[TextLine]) -> float:
    middles = [line.middle for line in row]
    return max(middles) - min(middles)


def _places(lines: Sequence[TextLine]) -> int:
    """Return the number of places where lines begin."""
    within = height(lines) * _SAME_ROW
    number, last = 0, float("-inf")
    for value in sorted(line.left for line in lines):
        if value - last > within:
            number, last = number + 1, value
    return number


def turned(line: TextLine, slope: float) -> TextLine:
    """Return a line without the slope; the box of a sloping line is higher than its letters by its width times the slope."""
    left, top, right, bottom = line.box
    across, down = (left + right) / 2, (top + bottom) / 2
    half_height = max(bottom - top - abs(slope) * (right - left), (bottom - top) / 4) / 2
    half_width = (right - left) / 2
    middle, center = down - slope * across, across + slope * down
    return replace(
        line,
        left=center - half_width,
        right=center + half_width,
        top=middle - half_height,
        bottom=middle + half_height,
    )
