"""The lines of a page as they are seen: what stands side by side, and where it is apart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from liteparse import TextItem

# In parts of the height of the font: a space is about .3, and up to .7 in a line stretched to the margin.
_APART = 0.85
_TOUCHING = 0.1
_SHARED_HEIGHT = 0.5
_BOLD = 600
_FEWEST_WORDS = 2


@dataclass(slots=True)
class Segment:
    """Words of a line that stand together; lengths in points, the origin at the top left of the page.

    `bare` are the words without spaces and Markdown's marks, as soon as they were asked for.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    text: str
    size: float
    bold: bool
    bare: str = field(default="", compare=False, repr=False)


@dataclass(slots=True)
class PageLine:
    """What stands on one height, from left to right."""

    y0: float
    y1: float
    segments: list[Segment]

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)


def lines_of(items: Iterable[TextItem]) -> list[PageLine]:
    """Return the upright lines of a page from top to bottom."""
    upright = [item for item in items if not item.rotation and item.height > 0 and item.text.strip()]
    upright.sort(key=_middle)
    return [PageLine(top, bottom, _segments(row)) for row, top, bottom in _rows(upright)]


def _middle(item: TextItem) -> float:
    return float(item.y + item.height / 2)


def _left(item: TextItem) -> float:
    return float(item.x)


def _rows(items: Sequence[TextItem]) -> Iterator[tuple[list[TextItem], float, float]]:
    """Yield what stands on one height, with its top and bottom."""
    row: list[TextItem] = []
    first = top = bottom = height = 0.0
    for item in items:
        y, tall = item.y, item.height
        shared = min(first + height, y + tall) - max(first, y)
        if row and shared >= _SHARED_HEIGHT * min(tall, height):
            row.append(item)
            top, bottom = min(top, y), max(bottom, y + tall)
            continue
        if row:
            yield row, top, bottom
        row, first, height, top, bottom = [item], y, tall, y, y + tall
    if row:
        yield row, top, bottom


def _segments(row: list[TextItem]) -> list[Segment]:
    if len(row) > 1:
        row.sort(key=_left)
    segments: list[Segment] = []
    for item in row:
        if len(item.words) < _FEWEST_WORDS:
            _append(segments, item, item.x, item.x + item.width, item.text.strip())
        else:
            for x0, x1, text in _words(item):
                _append(segments, item, x0, x1, text)
    return segments


def _words(item: TextItem) -> Iterator[tuple[float, float, str]]:
    """Yield the parts of an item that stand apart from each other."""
    words = item.words
    limit = _APART * (item.font_size or item.height)
    x0 = end = words[0].x
    first = 0
    for at, word in enumerate(words):
        x = word.x
        if x - end > limit and at:
            yield x0, end, " ".join([each.text for each in words[first:at]])
            x0, first = x, at
        end = x + word.width
    yield x0, end, " ".join([each.text for each in words[first:]]) if first else item.text.strip()


def _append(segments: list[Segment], item: TextItem, x0: float, x1: float, text: str) -> None:
    size, y = item.font_size or item.height, item.y
    last = segments[-1] if segments else None
    if last is None or x0 - last.x1 > _APART * max(size, last.size):
        segments.append(Segment(x0, y, x1, y + item.height, text, size, is_bold(item)))
        return
    last.text += text if x0 - last.x1 < _TOUCHING * size else f" {text}"
    last.x1 = max(last.x1, x1)
    last.y0, last.y1 = min(last.y0, y), max(last.y1, y + item.height)
    last.bold = last.bold and is_bold(item)


def is_bold(item: TextItem) -> bool:
    """Return whether an item's font says that it is bold."""
    return (item.font_weight or 0) >= _BOLD or (item.font_name is not None and _is_bold_name(item.font_name))


@lru_cache(1000)
def _is_bold_name(name: str) -> bool:
    lowered = name.lower()
    return any(word in lowered for word in ("bold", "black", "heavy", "-bd", "cmbx"))
