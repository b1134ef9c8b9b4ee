"""The lines of a page as they are seen: what stands side by side, and where it is apart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from liteparse import TextItem

# In parts of the height of the font: a space is about .3, and up to .7 in a line stretched to the margin.
_APART = 0.85
_SHARED_HEIGHT = 0.5


@dataclass(slots=True)
class Segment:
    """Words of a line that stand together; lengths in points, the origin at the top left of the page."""

    x0: float
    y0: float
    x1: float
    y1: float
    text: str
    size: float
    bold: bool


@dataclass(slots=True)
class Line:
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


def lines_of(items: Iterable[TextItem]) -> list[Line]:
    """Return the upright lines of a page from top to bottom."""
    upright = [item for item in items if not item.rotation and item.height > 0 and item.text.strip()]
    upright.sort(key=lambda item: item.y + item.height / 2)
    return [_line(row) for row in _rows(upright)]


def _rows(items: Sequence[TextItem]) -> Iterator[list[TextItem]]:
    row: list[TextItem] = []
    top = bottom = 0.0
    for item in items:
        low = item.y + item.height
        shared = min(bottom, low) - max(top, item.y)
        if row and shared < _SHARED_HEIGHT * min(item.height, bottom - top):
            yield row
            row = []
        if not row:
            top, bottom = item.y, low
        row.append(item)
    if row:
        yield row


def _line(row: list[TextItem]) -> Line:
    row.sort(key=lambda item: item.x)
    segments: list[Segment] = []
    for item in row:
        for x, width, text in _words(item):
            _append(segments, item, x, x + width, text)
    return Line(min(item.y for item in row), max(item.y + item.height for item in row), segments)


def _words(item: TextItem) -> Iterator[tuple[float, float, str]]:
    words = item.words
    if len(words) < 2:
        yield item.x, item.width, item.text.strip()
        return
    limit = _APART * (item.font_size or item.height)
    x, end, texts = words[0].x, words[0].x, []
    for word in words:
        if texts and word.x - end > limit:
            yield x, end - x, " ".join(texts)
            x, texts = word.x, []
        texts.append(word.text)
        end = word.x + word.width
    yield x, end - x, " ".join(texts)


def _append(segments: list[Segment], item: TextItem, x0: float, x1: float, text: str) -> None:
    size = item.font_size or item.height
    last = segments[-1] if segments else None
    if last is not None and x0 - last.x1 <= _APART * max(size, last.size):
        glue = "" if x0 - last.x1 < 0.1 * size else " "
        last.text += glue + text
        last.x1 = max(last.x1, x1)
        last.y0, last.y1 = min(last.y0, item.y), max(last.y1, item.y + item.height)
        last.bold = last.bold and is_bold(item)
        return
    segments.append(Segment(x0, item.y, x1, item.y + item.height, text, size, is_bold(item)))


def is_bold(item: TextItem) -> bool:
    """Return whether an item's font says that it is bold."""
    name = (item.font_name or "").lower()
    return (item.font_weight or 0) >= 600 or any(
        word in name for word in ("bold", "black", "heavy", "-bd", "cmbx")
    )
