"""What was read in a picture, as blocks: paragraphs by the distance of lines, tables where cells stand in columns."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.ocr.reading_order import regions
from docbatch.providers.local.ocr.text_lines import TextLine, height, rows, straightened

_APART = 1.45
_CELLS_APART = 0.8
_LEAST_ROWS = 3
# A heading's line against the usual one; several lines together are too high for one.
_LARGER = 1.3
_LARGEST = 1.6
_TOO_LARGE = 4.0
_LONGEST_HEADING = 120
_LEAST_FILLED = 0.5
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ac]$")

UNSURE = 0.6
"""Below this much confidence a page is likely to be misread."""

Row = list[TextLine]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a picture says: blocks in reading order, and how sure of it the model is, from 0 to 1."""

    blocks: list[Json]
    confidence: float


def read_from(lines: Sequence[TextLine], scale: float = 1.0) -> Reading:
    return Reading(of_lines(lines, scale), confidence(lines))


def of_lines(lines: Sequence[TextLine], scale: float = 1.0) -> list[Json]:
    """Return lines as blocks in reading order. `scale` is the length of a pixel in the unit of `bbox`."""
    straight = straightened(lines)
    found = [block for region in regions(straight) for block in _of_region(rows(region), scale)]
    return _with_headings(found, _usual_height(lines) * scale)


def _usual_height(lines: Sequence[TextLine]) -> float:
    """Return the height of the lines in which most letters stand, 0.0 where there are none."""
    ordered = sorted(lines, key=lambda line: line.height)
    letters = sum(len(line.text) for line in ordered)
    passed = 0
    for line in ordered:
        passed += len(line.text)
        if passed * 2 >= letters:
            return line.height
    return 0.0


def _with_headings(found: Sequence[Json], usual: float) -> list[Json]:
    """Return blocks, a line by itself that is set larger than the rest as a heading."""
    return [
        {**block, "kind": "heading", "level": 1 if size > usual * _LARGEST else 2}
        if block["kind"] == "text"
        and usual * _LARGER < (size := block["bbox"][3] - block["bbox"][1]) < usual * _TOO_LARGE
        and "\n" not in block["text"]
        and len(block["text"]) <= _LONGEST_HEADING
        and any(letter.isalpha() for letter in block["text"])
        else block
        for block in found
    ]


def confidence(lines: Sequence[TextLine]) -> float:
    """Return the mean of the lines by length, from 0 to 1; 0.0 where nothing was read."""
    letters = sum(len(line.text) for line in lines)
    return sum(line.confidence * len(line.text) for line in lines) / letters if letters else 0.0


def _of_region(of_region: Sequence[Row], scale: float) -> Iterator[Json]:
    column = min(row[0].left for row in of_region), max(row[-1].right for row in of_region)
    prose: list[Row] = []
    start = 0
    while start < len(of_region):
        end, columns = _table_end(of_region, start)
        if columns:
            yield from _paragraphs(prose, column, scale)
            prose = []
            yield _table(of_region[start:end], columns, scale)
        else:
            prose += of_region[start:end]
        start = end
    yield from _paragraphs(prose, column, scale)


def _table_end(of_region: Sequence[Row], start: int) -> tuple[int, list[Span]]:
    """Return where the table that starts here ends, and its columns; no columns where there is no table."""
    columns: list[Span] = []
    end, size = start, height(line for row in of_region for line in row)
    while end < len(of_region) and len(of_region[end]) > 1:
        wider = _merged(columns, [(line.left, line.right) for line in of_region[end]], size * _CELLS_APART)
        if wider is None:
            break
        columns, end = wider, end + 1
    cells = sum(len(row) for row in of_region[start:end])
    if end - start < _LEAST_ROWS or cells < _LEAST_FILLED * len(columns) * (end - start):
        return start + 1, []
    return end, columns


def _merged(columns: Sequence[Span], cells: Sequence[Span], apart: float) -> list[Span] | None:
    """Return the columns with these cells in them, None where a cell stands across two, or two cells in one."""
    spans = sorted([*columns, *cells])
    wider: list[Span] = []
    for left, right in spans:
        if wider and left < wider[-1][1]:
            wider[-1] = (wider[-1][0], max(wider[-1][1], right))
        else:
            wider.append((left, right))
    clear = all(after[0] - before[1] >= apart for before, after in pairwise(wider))
    return wider if clear and len(wider) >= max(len(columns), len(cells)) else None


def _table(of_table: Sequence[Row], columns: Sequence[Span], scale: float) -> Json:
    grid = [[_in(row, column) for column in columns] for row in of_table]
    return _measured(blocks.table(grid), [line for row in of_table for line in row], scale)


def _in(row: Row, column: Span) -> str:
    return " ".join(line.text for line in row if column[0] <= line.left <= column[1])


def _paragraphs(prose: Sequence[Row], column: Span, scale: float) -> Iterator[Json]:
    if not prose:
        return
    middles = [_middle(row) for row in prose]
    steps = [after - before for before, after in pairwise(middles)]
    usual = min(median_low(steps), 3 * height(line for row in prose for line in row)) if steps else 0.0
    paragraph = [prose[0]]
    for row, step in zip(prose[1:], steps, strict=True):
        if step > usual * _APART or _is_of_other_size(paragraph[-1], row):
            yield _paragraph(paragraph, column, scale)
            paragraph = []
        paragraph.append(row)
    yield _paragraph(paragraph, column, scale)


def _is_of_other_size(before: Row, row: Row) -> bool:
    one, other = height(before), height(row)
    return max(one, other) > min(one, other) * _APART


def _middle(row: Row) -> float:
    return sum(line.middle for line in row) / len(row)


def _paragraph(paragraph: Sequence[Row], column: Span, scale: float) -> Json:
    text = _said(paragraph[0])
    for before, row in pairwise(paragraph):
        line = _said(row)
        if _ended_early(before, row, column[1]):
            text += f"\n{line}"
        elif _HYPHEN.search(text):
            text = (_HYPHEN.sub("", text) if line[:1].islower() else text) + line
        else:
            text += f" {line}"
    return _measured(blocks.paragraph(text), [line for row in paragraph for line in row], scale)


def _said(row: Row) -> str:
    return " ".join(line.text for line in row)


def _ended_early(before: Row, row: Row, end: float) -> bool:
    """Whether the next row's first word had fitted behind this one, which was ended on purpose then."""
    word = len(row[0].text.partition(" ")[0]) + 1
    needed = row[0].width * word / (len(row[0].text) + 1) + row[0].height / 2
    return len(before) > 1 or len(row) > 1 or end - before[-1].right > needed


def _measured(block: Json, lines: Sequence[TextLine], scale: float) -> Json:
    sides = list(zip(*(line.box for line in lines), strict=True))
    box = (min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3]))
    return block | {
        "bbox": [round(side * scale, 2) for side in box],
        "confidence": round(confidence(lines), 3),
    }
