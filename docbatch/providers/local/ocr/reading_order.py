"""Columns of a page that was read as a picture, in the order a person reads them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from statistics import median

from docbatch.providers.local.ocr.text_lines import TextLine, height, rows

_LEAST_LINES = 4
_LEAST_LETTERS = 16
_LEAST_FILLED = 0.5
_GUTTER = 0.8
_MOST_CROSSING = 0.25
_DEEPEST = 3
_CANDIDATES = 8
_ROWS_OF_A_TABLE = 2


def regions(lines: Sequence[TextLine], depth: int = 0) -> Iterator[list[TextLine]]:
    """Yield the lines in groups, each of one column, in reading order."""
    gutter = _gutter(lines) if depth < _DEEPEST else None
    if gutter is None:
        if lines:
            yield list(lines)
        return
    for is_across, band in _bands(lines, gutter):
        if is_across:
            yield band
        else:
            yield from regions([line for line in band if line.right <= gutter], depth + 1)
            yield from regions([line for line in band if line.left >= gutter], depth + 1)


def _gutter(lines: Sequence[TextLine]) -> float | None:
    """Return where an empty strip parts two columns of prose, None where there is none."""
    if len(lines) < 2 * _LEAST_LINES:
        return None
    for strip in _strips(lines, height(lines)):
        left = [line for line in lines if line.right <= strip]
        right = [line for line in lines if line.left >= strip]
        crossing = len(lines) - len(left) - len(right)
        if crossing <= _MOST_CROSSING * len(lines) and _is_prose(left) and _is_prose(right):
            return strip
    return None


def _strips(lines: Sequence[TextLine], size: float) -> Iterator[float]:
    """Yield the middles of strips that few lines cross, those that fewest cross first, then the widest."""
    start, end = min(line.left for line in lines), max(line.right for line in lines)
    step = max(size / 4, (end - start) / 1000, 1e-6)
    changes = [0] * (int((end - start) / step) + 3)
    for line in lines:
        changes[int((line.left - start) / step)] += 1
        changes[int((line.right - start) / step) + 1] -= 1
    runs: list[tuple[int, int, int]] = []
    covered = 0
    for place, change in enumerate(changes):
        covered += change
        if runs and runs[-1][0] == covered:
            runs[-1] = (covered, runs[-1][1], place)
        else:
            runs.append((covered, place, place))
    wide = [run for run in runs[1:-1] if (run[2] - run[1] + 1) * step >= size * _GUTTER]
    wide.sort(key=lambda run: (run[0], run[1] - run[2]))
    yield from (start + (run[1] + run[2] + 1) / 2 * step for run in wide[:_CANDIDATES])


def _is_prose(lines: Sequence[TextLine]) -> bool:
    """Whether lines fill a column as running text does; cells of a table are shorter."""
    if len(lines) < _LEAST_LINES:
        return False
    whole = max(line.right for line in lines) - min(line.left for line in lines)
    filled = median(line.width for line in lines) >= whole * _LEAST_FILLED
    return filled and median(len(line.text) for line in lines) >= _LEAST_LETTERS


def _bands(lines: Sequence[TextLine], gutter: float) -> Iterator[tuple[bool, list[TextLine]]]:
    """Yield what goes across the columns, marked so, and what stands in them, from top to bottom."""
    marked = _marked(rows(lines), lines, gutter)
    for is_across, band in groupby(marked, key=itemgetter(0)):
        yield is_across, [line for _, row in band for line in row]


def _marked(
    of_page: Sequence[list[TextLine]], lines: Sequence[TextLine], gutter: float
) -> Iterator[tuple[bool, list[TextLine]]]:
    short = (max(line.right for line in lines) - min(line.left for line in lines)) / 4
    table = [_is_table_row(row, gutter, short) for row in of_page]
    for number, row in enumerate(of_page):
        crosses = any(line.left < gutter < line.right for line in row)
        yield crosses or _stands_in_run(table, number), row


def _is_table_row(row: Sequence[TextLine], gutter: float, short: float) -> bool:
    """Whether a row goes on across the gutter in short pieces only."""
    sides = {line.right <= gutter for line in row}
    return len(row) > 2 and len(sides) == 2 and all(line.width < short for line in row)


def _stands_in_run(marks: Sequence[bool], number: int) -> bool:
    around: Iterable[bool] = marks[max(number - 1, 0) : number + _ROWS_OF_A_TABLE]
    return marks[number] and sum(around) >= _ROWS_OF_A_TABLE
