"""Whether rows of cells are a table: not text set in columns, a listing, a list, formulas or a table of contents."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from docbatch.providers.local.pdf.layout.page_lines import PageLine, Segment

Box = tuple[float, float, float, float]

_FEWEST_ROWS = 3
# In heights of a line.
_GUTTER = 0.45
_LEADERS = re.compile(r"(?:\.\s?){4,}|(?:_\s?){4,}|…{2,}")
_MARK = re.compile(r"^(?:[^\w\s]|[\u2460-\u24ff\u2776-\u2793]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)])$")
_NUMBER_OF_FORMULA = re.compile(r"^\(\d+(?:\.\d+)*[a-z]?\)$")
_LETTERS_OF_PROSE = 24
_LETTERS_OF_NAMES = 16
_NOTHING = frozenset("-\u2013\u2014")


@dataclass(slots=True)
class ColumnCell:
    text: str = ""
    box: Box | None = None

    def add(self, segment: Segment) -> None:
        self.text = f"{self.text} {segment.text}" if self.text else segment.text
        box = (segment.x0, segment.y0, segment.x1, segment.y1)
        self.box = box if self.box is None else union(self.box, box)


def is_figure(text: str) -> bool:
    """Tell whether a text is an amount, a date, a number or a mark for none of these."""
    letters = sum(map(str.isalpha, text))
    digits = sum(map(str.isdigit, text))
    return (digits > 0 and letters <= max(digits, 3) and len(text) <= 24) or text in _NOTHING


def is_table(rows: Sequence[Sequence[ColumnCell]], lines: Sequence[PageLine]) -> bool:
    width = len(rows[0])
    if width < 2 or len(rows) < _FEWEST_ROWS:
        return False
    columns = texts_of(rows)
    figures = [is_of_figures(column) for column in columns]
    if _is_text_in_columns(columns, figures) or _is_list(columns, lines, figures) or _is_sparse(columns):
        return False
    if not all(map(_is_aligned, zip(*rows, strict=True))):
        return False
    return _is_pair(rows, lines, figures) if width == 2 else _is_wide(rows, columns, figures)


def is_table_of_contents(rows: Sequence[Sequence[ColumnCell]], lines: Sequence[PageLine]) -> bool:
    """Tell whether most lines lead with dots to a number that never falls."""
    pages = [row[-1].text for row in rows if row[-1].text]
    if len(rows) < _FEWEST_ROWS or not _is_contents(pages):
        return False
    return 2 * sum(bool(_LEADERS.search(line.text)) for line in lines) > len(lines)


def _is_text_in_columns(columns: Sequence[Sequence[str]], figures: Sequence[bool]) -> bool:
    prose = sum(map(_is_prose, columns))
    return prose > 1 or (prose == 1 and not any(figures))


def _is_list(columns: Sequence[Sequence[str]], lines: Sequence[PageLine], figures: Sequence[bool]) -> bool:
    """Tell whether this is a list with its marks, a listing with its numbers, formulas or a table of contents."""
    marks = sum(map(_is_marks, columns))
    if marks > 1 or (marks and len(columns) == 2) or (is_counted(lines) and not any(figures[1:])):
        return True
    if any(set(column) <= {"=", ""} for column in columns):
        return True
    return sum(bool(_LEADERS.search(line.text)) for line in lines) * 3 > len(lines)


def _is_sparse(columns: Sequence[Sequence[str]]) -> bool:
    filled = [sum(map(bool, column)) for column in columns]
    return 2 * sum(filled) < len(columns) * len(columns[0]) or min(filled) < 2


def is_counted(lines: Sequence[PageLine]) -> bool:
    """Tell whether the lines are numbered one by one, as those of a listing are."""
    firsts = [line.segments[0].text.split(None, 1)[0] for line in lines]
    numbers = [int(first) for first in firsts if first.isdecimal() and len(first) < 7]
    steps = sum(after - before == 1 for before, after in pairwise(numbers))
    return firsts[0].isdecimal() and steps >= 0.8 * (len(lines) - 1)


def _is_aligned(column: Sequence[ColumnCell]) -> bool:
    """Tell whether most cells of a column begin, end or have their middle on one line."""
    boxes = [cell.box for cell in column if cell.box is not None]
    slack = _GUTTER * median(box[3] - box[1] for box in boxes) if boxes else 0
    ways = ([box[0] for box in boxes], [box[2] for box in boxes], [(box[0] + box[2]) / 2 for box in boxes])
    return any(_most_within(sorted(places), slack) >= 0.6 * len(boxes) for places in ways)


def _most_within(places: Sequence[float], slack: float) -> int:
    most = first = 0
    for at, place in enumerate(places):
        while place - places[first] > slack:
            first += 1
        most = max(most, at - first + 1)
    return most


def _is_marks(column: Sequence[str]) -> bool:
    return all(_MARK.match(text) for text in column if text)


def is_of_figures(column: Sequence[str]) -> bool:
    texts = [text for text in column[1:] if text]
    return bool(texts) and sum(map(is_figure, texts)) >= 0.7 * len(texts)


def _is_prose(column: Sequence[str]) -> bool:
    texts = [text for text in column if text]
    return median(map(len, texts)) >= _LETTERS_OF_PROSE and not is_of_figures(column)


def _is_pair(
    rows: Sequence[Sequence[ColumnCell]], lines: Sequence[PageLine], figures: Sequence[bool]
) -> bool:
    """Two columns are a table where one holds figures, or where the left holds names of what is right of it."""
    if sum(all(cell.text for cell in row) for row in rows) < _FEWEST_ROWS:
        return False
    left, right = texts_of(rows)
    if all(_NUMBER_OF_FORMULA.match(text) for text in right if text):
        return False
    if figures[1]:
        return not _is_contents(right) or not is_figure(right[0])
    if sum(text.endswith(":") for text in left) >= 0.6 * len(left):
        return True
    if _is_prose(right) or _is_contents(left):
        return False
    return figures[0] or (has_bold_head(lines) and not _is_prose(left))


def _is_contents(column: Sequence[str]) -> bool:
    """Tell whether these are the pages of a table of contents: whole numbers that never fall."""
    numbers = [int(text) for text in column if text.isdecimal() and len(text) < 6]
    return len(numbers) >= 0.8 * len(column) and numbers == sorted(numbers)


def _is_wide(
    rows: Sequence[Sequence[ColumnCell]], columns: Sequence[Sequence[str]], figures: Sequence[bool]
) -> bool:
    full = sum(sum(bool(cell.text) for cell in row) >= 2 for row in rows)
    if full < _FEWEST_ROWS:
        return False
    if len(columns) == 3 and figures[-1] and _is_contents(columns[-1]) and _is_marks_or_numbers(columns[0]):
        return False
    short = median(len(text) for column in columns for text in column if text)
    return any(figures) or short <= _LETTERS_OF_NAMES


def _is_marks_or_numbers(column: Sequence[str]) -> bool:
    return all(re.match(r"^(?:[A-Z]|\d+)(?:\.\d+)*\.?$", text) for text in column if text)


def texts_of(rows: Sequence[Sequence[ColumnCell]]) -> list[list[str]]:
    """Return the texts of each column."""
    return [[cell.text for cell in column] for column in zip(*rows, strict=True)]


def has_bold_head(lines: Sequence[PageLine]) -> bool:
    first, *others = ([segment.bold for segment in line.segments] for line in lines)
    return all(first) and sum(map(all, others)) * 3 <= len(others)


def union(one: Box, other: Box) -> Box:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))
