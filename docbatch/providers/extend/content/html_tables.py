"""The cells of a table that Extend gives as HTML, which it does unless the job asks for something else."""

from collections.abc import Iterator
from html.parser import HTMLParser

from docbatch.core.results import Cell

_MOST_COLUMNS = 1000
_MOST_ROWS = 65_534
"""What HTML lets a cell span: https://html.spec.whatwg.org/multipage/tables.html#attributes-common-to-td-and-th-elements."""

_MOST_STEPS = 3_000_000
"""Places that are looked at or taken because of cells above them. In a table that is made to have more, spans of rows end there."""


class _Grid(HTMLParser):
    """Places cells where they stand: behind those before them, and beside those that reach down from rows above."""

    def __init__(self) -> None:
        super().__init__()
        self.placed: list[tuple[int, int, int, int]] = []
        self.texts: list[list[str]] = []
        self.row = -1
        self._column = 0
        self._reaching: dict[int, int] = {}
        """The first row that is free again, by column."""
        self._is_open = False
        self._left = _MOST_STEPS

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._begin_row()
        elif tag in {"td", "th"}:
            if self.row < 0:
                self._begin_row()
            said = dict(attrs)
            self._place(_span(said.get("rowspan"), _MOST_ROWS), _span(said.get("colspan"), _MOST_COLUMNS))
        elif tag == "br" and self._is_open:
            self.texts[-1].append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th", "tr", "table"}:
            self._is_open = False

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.texts[-1].append(data)

    def _begin_row(self) -> None:
        self.row += 1
        self._column = 0
        self._is_open = False

    def _place(self, height: int, width: int) -> None:
        while self._left and self._reaching.get(self._column, 0) > self.row:
            self._column += 1
            self._left -= 1
        self.placed.append((self.row, self._column, height, width))
        if height > 1 and width <= self._left:
            self._left -= width
            for column in range(self._column, self._column + width):
                self._reaching[column] = self.row + height
        self._column += width
        self.texts.append([])
        self._is_open = True


def table_cells(content: str) -> Iterator[Cell]:
    """Yield the cells of the first table in a text, none where there is none."""
    begin = content.lower().find("<table")
    if begin < 0:
        return
    grid = _Grid()
    end = content.lower().find("</table", begin)
    grid.feed(content[begin : None if end < 0 else end])
    grid.close()
    rows = grid.row + 1
    for (row, column, height, width), text in zip(grid.placed, grid.texts, strict=True):
        words = " ".join("".join(text).split())
        yield Cell(row=row, column=column, text=words, row_span=min(height, rows - row), column_span=width)


def _span(said: str | None, most: int) -> int:
    """Return how many rows or columns a cell takes, 1 where the attribute is no such number."""
    text = (said or "").strip()
    return min(max(int(text), 1), most) if text.isascii() and text.isdecimal() and len(text) < 10 else 1
