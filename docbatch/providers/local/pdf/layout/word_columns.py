"""Tables without rules, found by the columns in which the words of a page stand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from docbatch.providers.local.pdf.layout.page_lines import PageLine, Segment
from docbatch.providers.local.pdf.layout.table_likeness import (
    Box,
    ColumnCell,
    has_bold_head,
    is_counted,
    is_figure,
    is_of_figures,
    is_table,
    is_table_of_contents,
    texts_of,
    union,
)

_FEWEST_ROWS = 3
_MOST_COLUMNS = 40
# In heights of a line.
_GUTTER = 0.45
_NEXT_LINE = 2.6
_SAME_CELL = 0.75
_MOST_SINGLE = 6
_SHORT_RUN = 6
_LETTERS_OF_A_LINE = 45


@dataclass(slots=True)
class ColumnTable:
    """Rows of cells, all of one length, and the lines they were read from."""

    rows: list[list[ColumnCell]]
    lines: list[PageLine]
    certain: bool = True
    """Whether figures or a head of its own make it a table; columns of names may be a list set in columns."""
    is_contents: bool = False
    """Whether these are entries of a table of contents, each with its page, which are lines and no table."""

    @property
    def box(self) -> Box:
        segments = [segment for line in self.lines for segment in line.segments]
        return (
            min(segment.x0 for segment in segments),
            min(line.y0 for line in self.lines),
            max(segment.x1 for segment in segments),
            max(line.y1 for line in self.lines),
        )


@dataclass(slots=True)
class _Run:
    """Lines below each other that keep out of the same gutters."""

    lines: list[PageLine]
    columns: list[list[float]] = field(default_factory=list)
    strays: int = 0
    single: int = 0

    def takes(self, line: PageLine) -> bool:
        """Add the next line if it fits; a first line that does not is no reason to give up the others."""
        last = self.lines[-1]
        if line.y0 - last.y1 > _NEXT_LINE * min(last.height, line.height):
            return False
        merged = (
            _merged(self.columns, line)
            if len(line.segments) > 1
            else self._with(line.segments[0], line.height)
        )
        if merged is None or not self._allows(line, len(merged)):
            return False
        self.columns = merged
        self.lines.append(line)
        self.single = self.single + 1 if len(line.segments) == 1 else 0
        return True

    def _with(self, segment: Segment, height: float) -> list[list[float]] | None:
        """Return the columns with a segment that belongs to one of them, None where it belongs to none or crosses several."""
        gutter = _GUTTER * height
        touched = [
            at
            for at, (x0, x1) in enumerate(self.columns)
            if segment.x0 - x1 < gutter and x0 - segment.x1 < gutter
        ]
        if len(touched) != 1 or self.single >= _MOST_SINGLE:
            return None
        columns = list(self.columns)
        x0, x1 = columns[touched[0]]
        columns[touched[0]] = [min(x0, segment.x0), max(x1, segment.x1)]
        return columns

    def _allows(self, line: PageLine, count: int) -> bool:
        held, given = len(self.columns), len(line.segments)
        if given == 1:
            return True
        if count < held:
            return False
        if count > held:
            # A new column may open, several at once are another table.
            return count - held <= max(1, given - 2) and _touched(self.columns, line) >= given - 1
        if count < given:
            self.strays += 1
            return len(self.lines) >= _FEWEST_ROWS and self.strays * 5 <= len(self.lines)
        return True


def tables_of(lines: Sequence[PageLine]) -> Iterator[ColumnTable]:
    """Yield the tables that stand in these lines."""
    at = end = 0
    while at < len(lines):
        if not 2 <= len(lines[at].segments) <= _MOST_COLUMNS:
            at += 1
            continue
        run = _Run([lines[at]], [[segment.x0, segment.x1] for segment in lines[at].segments])
        after = at + 1
        while after < len(lines) and run.takes(lines[after]):
            after += 1
        table = _table(run, lines[at - 1] if at > end else None)
        if table is None and len(run.lines) <= _SHORT_RUN:
            # A head of the page may have been read together with the first rows of a table.
            at += 1
        else:
            at = after
        if table is not None:
            end = at
            yield table


def _merged(columns: Sequence[Sequence[float]], line: PageLine) -> list[list[float]]:
    spans = sorted([*map(list, columns), *([segment.x0, segment.x1] for segment in line.segments)])
    gutter = _GUTTER * line.height
    merged = [spans[0]]
    for x0, x1 in spans[1:]:
        if x0 - merged[-1][1] < gutter:
            merged[-1][1] = max(merged[-1][1], x1)
        else:
            merged.append([x0, x1])
    return merged


def _touched(columns: Sequence[Sequence[float]], line: PageLine) -> int:
    return sum(any(x0 < segment.x1 and segment.x0 < x1 for x0, x1 in columns) for segment in line.segments)


def _table(run: _Run, above: PageLine | None) -> ColumnTable | None:
    lines = run.lines
    if len(lines) < _FEWEST_ROWS - 1 or len(run.columns) < 2:
        return None
    if len(run.columns) == 2 and is_counted(lines) and not is_figure(lines[0].segments[-1].text):
        return None
    segments = [segment for line in lines for segment in line.segments]
    if "..." not in lines[0].text and sum(
        len(segment.text) for segment in segments
    ) > _LETTERS_OF_A_LINE * len(segments):
        return None
    while lines and len(lines[-1].segments) == 1 and not _continues(lines, run.columns):
        lines.pop()
    if len(lines) < _FEWEST_ROWS - 1:
        return None
    grid = [_cells(line, run.columns) for line in lines]
    grid, count = _without_halves(grid)
    head = _head(above, lines, grid, run.columns) if count == len(run.columns) else None
    if head is not None and above is not None:
        lines, grid = [above, *lines], [head, *grid]
    rows = _rows(lines, grid)
    if not is_table(rows, lines):
        return ColumnTable(rows, lines, is_contents=True) if is_table_of_contents(rows, lines) else None
    return ColumnTable(rows, lines, has_bold_head(lines) or any(map(is_of_figures, texts_of(rows))))


def _continues(lines: Sequence[PageLine], columns: Sequence[Sequence[float]]) -> bool:
    """Tell whether the last line goes on with a cell of the line before, beyond the first column."""
    last, before = lines[-1], lines[-2]
    if last.segments[0].x0 < columns[0][1] or last.y0 - before.y1 > _SAME_CELL * last.height:
        return False
    return any(abs(segment.x0 - last.segments[0].x0) < last.height / 2 for segment in before.segments)


def _cells(line: PageLine, columns: Sequence[Sequence[float]]) -> list[ColumnCell]:
    cells = [ColumnCell() for _ in columns]
    at = 0
    for segment in line.segments:
        middle = (segment.x0 + segment.x1) / 2
        while at + 1 < len(columns) and middle >= columns[at + 1][0]:
            at += 1
        cells[at].add(segment)
    if len(line.segments) == len(columns) and not all(cell.text for cell in cells):
        # As many words as columns stand for one column each, wherever they begin.
        return [_cell(segment) for segment in line.segments]
    return cells


def _cell(segment: Segment) -> ColumnCell:
    cell = ColumnCell()
    cell.add(segment)
    return cell


def _without_halves(grid: list[list[ColumnCell]]) -> tuple[list[list[ColumnCell]], int]:
    """Make one column of two of which one holds the head and the other what it is the head of."""
    at = 0
    while len(grid[0]) > 2 and at + 1 < len(grid[0]):
        left, right = ([row[column] for row in grid] for column in (at, at + 1))
        heads = left[0].text and not any(cell.text for cell in left[1:]) and not right[0].text
        tails = right[0].text and not any(cell.text for cell in right[1:]) and not left[0].text
        if heads or tails:
            for row in grid:
                row[at : at + 2] = [row[at] if row[at].text else row[at + 1]]
        else:
            at += 1
    return grid, len(grid[0])


def _head(
    above: PageLine | None,
    lines: Sequence[PageLine],
    grid: Sequence[Sequence[ColumnCell]],
    columns: Sequence[Sequence[float]],
) -> list[ColumnCell] | None:
    """Return the cells of the line above as the head of these columns, None where it is none."""
    has_own = all(cell.text and not is_figure(cell.text) for cell in grid[0])
    farthest = _SAME_CELL if has_own else _NEXT_LINE
    if above is None or lines[0].y0 - above.y1 > farthest * lines[0].height:
        return None
    if any(is_figure(segment.text) for segment in above.segments) or not any(
        is_figure(cell.text) for row in grid[:2] for cell in row
    ):
        return None
    if len(above.segments) == len(columns):
        return [_cell(segment) for segment in above.segments]
    if not 2 <= len(above.segments) < len(columns):
        return None
    cells = [ColumnCell() for _ in columns]
    for segment in above.segments:
        column = max(
            range(len(columns)),
            key=lambda at: min(segment.x1, columns[at][1]) - max(segment.x0, columns[at][0]),
        )
        if cells[column].text:
            return None
        cells[column].add(segment)
    return cells


def _rows(lines: Sequence[PageLine], grid: Sequence[list[ColumnCell]]) -> list[list[ColumnCell]]:
    """Return the rows, lines that go on with the cells above them joined to these."""
    figures = _figures(grid)
    gaps = [after.y0 - before.y1 for before, after in pairwise(lines)]
    rows = [grid[0]]
    first = 0
    for at, cells in enumerate(grid[1:], start=1):
        tight = gaps[at - 1] <= _SAME_CELL * lines[at].height
        heads = first == 0 and len(rows) == 1 and _is_head(rows[0], figures) and _is_head(cells, figures)
        if tight and (_is_rest(cells, rows[-1], figures, gaps, at) or (heads and _spans(gaps, at))):
            _join(rows[-1], cells)
        else:
            rows.append(cells)
            first = at
    return rows


def _is_head(cells: Sequence[ColumnCell], figures: Sequence[bool]) -> bool:
    return any(figures) and not any(
        figure and is_figure(cell.text) for cell, figure in zip(cells, figures, strict=True)
    )


def _spans(gaps: Sequence[float], at: int) -> bool:
    """Tell whether a line is nearer to the one before it than lines usually are."""
    return gaps[at - 1] < 0.6 * median(gaps) if median(gaps) > 0 else False


def _is_rest(
    cells: Sequence[ColumnCell],
    row: Sequence[ColumnCell],
    figures: Sequence[bool],
    gaps: Sequence[float],
    at: int,
) -> bool:
    filled = [column for column, cell in enumerate(cells) if cell.text]
    if any(figures[column] or not row[column].text for column in filled):
        return False
    if 0 not in filled:
        return len(filled) <= max(1, len(cells) // 2)
    # Below the first cell a row of its own is as likely: only what stands nearer to the line above belongs to it.
    following = gaps[at] if at < len(gaps) else None
    return len(filled) < len(cells) and following is not None and gaps[at - 1] < following - 1


def _join(row: Sequence[ColumnCell], cells: Sequence[ColumnCell]) -> None:
    for cell, more in zip(row, cells, strict=True):
        if more.text:
            cell.text = f"{cell.text} {more.text}" if cell.text else more.text
            cell.box = union(cell.box, more.box) if cell.box and more.box else cell.box or more.box


def _figures(grid: Sequence[Sequence[ColumnCell]]) -> list[bool]:
    """Tell of each column whether most of it is figures."""
    columns = ([cell.text for cell in column if cell.text] for column in zip(*grid, strict=True))
    return [2 * sum(map(is_figure, texts)) >= max(len(texts), 1) for texts in columns]
