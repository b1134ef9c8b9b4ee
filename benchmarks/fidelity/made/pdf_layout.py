"""Sets stories in pages: columns, running heads, tables with and without rules, footnotes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fidelity.made.pdf_writer import HEIGHT, WIDTH, Builtin, Font, Manner, Sheet
from fidelity.made.story import Block, Grid, Head, Items, Para

Rules = Literal["all", "lines", "none"]

_SIZES = {1: 18.0, 2: 13.0, 3: 11.5}


def _nothing(page: int) -> str:  # noqa: ARG001
    return ""


@dataclass
class Layout:
    """How pages look; `head` and `foot` give the running lines of a page counted from 1."""

    regular: Font = field(default_factory=lambda: Builtin("F1"))
    bold: Font = field(default_factory=lambda: Builtin("F2", "Helvetica-Bold", 1.07))
    columns: int = 1
    size: float = 10
    margin: float = 60
    gutter: float = 24
    manner: Manner = "lines"
    rules: Rules = "all"
    head: Callable[[int], str] = _nothing
    foot: Callable[[int], str] = _nothing
    bottom: float = HEIGHT - 80
    width: float = WIDTH

    @property
    def fonts(self) -> list[Font]:
        return [self.regular, self.bold]

    @property
    def column(self) -> float:
        return (self.width - 2 * self.margin - (self.columns - 1) * self.gutter) / self.columns


class Setter:
    """Fills pages with blocks, one below the other, column by column."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.sheets: list[Sheet] = []
        self._column = layout.columns
        self.y = layout.bottom
        self._advance()

    @property
    def x(self) -> float:
        return self.layout.margin + self._column * (self.layout.column + self.layout.gutter)

    @property
    def sheet(self) -> Sheet:
        return self.sheets[-1]

    def _advance(self) -> None:
        self._column += 1
        if self._column >= self.layout.columns:
            self._column = 0
            self.sheets.append(Sheet(manner=self.layout.manner, width=self.layout.width))
            number = len(self.sheets)
            for y, line in ((40, self.layout.head(number)), (HEIGHT - 36, self.layout.foot(number))):
                if line:
                    self.sheet.text(self.layout.margin, y, line, self.layout.regular, 8)
        self.y = 80

    def page(self) -> None:
        """Begin a new page."""
        self._column = self.layout.columns
        self._advance()

    def room(self, height: float) -> None:
        if self.y + height > self.layout.bottom:
            self._advance()

    def line(self, text: str, font: Font, size: float, indent: float = 0) -> None:
        self.room(size * 1.4)
        self.sheet.text(self.x + indent, self.y, text, font, size)
        self.y += size * 1.4

    def wrapped(self, text: str, font: Font, size: float, indent: float = 0) -> list[str]:
        lines, line = [], ""
        for word in text.split(" "):
            longer = f"{line} {word}".strip()
            if line and font.width(longer) * size > self.layout.column - indent:
                lines.append(line)
                line = word
            else:
                line = longer
        return [*lines, line]

    def block(self, block: Block) -> None:
        match block:
            case Head():
                self._heading(block)
            case Para():
                self.paragraph(block.text)
            case Items():
                self._items(block)
            case Grid():
                self.table(block.rows)

    def story(self, blocks: Sequence[Block]) -> "Setter":
        for block in blocks:
            self.block(block)
        return self

    def _heading(self, block: Head) -> None:
        size = _SIZES[block.level]
        self.room(size * 4)
        self.y += size * 0.8
        for line in self.wrapped(block.text, self.layout.bold, size):
            self.line(line, self.layout.bold, size)
        self.y += size * 0.3

    def paragraph(self, text: str, size: float | None = None) -> None:
        size = size or self.layout.size
        for line in self.wrapped(text, self.layout.regular, size):
            self.line(line, self.layout.regular, size)
        self.y += size * 0.6

    def _items(self, block: Items) -> None:
        size = self.layout.size
        for depth, text in block.items:
            indent = 14.0 + 14 * depth
            for at, line in enumerate(self.wrapped(text, self.layout.regular, size, indent)):
                self.room(size * 1.4)
                if at == 0:
                    self.sheet.text(self.x + indent - 10, self.y, "•", self.layout.regular, size)
                self.line(line, self.layout.regular, size, indent)
        self.y += size * 0.6

    def table(
        self,
        rows: Sequence[Sequence[str]],
        *,
        widths: Sequence[float] = (),
        rules: Rules | None = None,
        right: bool = False,
    ) -> None:
        """Draw a table whose first row is its head; columns of figures are flush right where asked, heads included."""
        flush = _figures(rows) if right else set()
        rules = rules or self.layout.rules
        shares = widths or [1.0] * len(rows[0])
        edges = [
            self.x + self.layout.column * sum(shares[:at]) / sum(shares) for at in range(len(shares) + 1)
        ]
        size, height = self.layout.size - 1, 17.0
        self.room(height * min(len(rows), 30))
        top = self.y
        for number, row in enumerate(rows):
            if self.y + height > self.layout.bottom:
                self._frame(edges, top, self.y, rules)
                self._advance()
                top = self.y
            font = self.layout.regular if number else self.layout.bold
            self._row(row, edges, font, size, flush)
            if rules == "all" or (rules == "lines" and number == 0):
                self.sheet.rule(edges[0], self.y + height, edges[-1], self.y + height)
            self.y += height
        self._frame(edges, top, self.y, rules)
        self.y += 16

    def _row(
        self, row: Sequence[str], edges: Sequence[float], font: Font, size: float, flush: set[int]
    ) -> None:
        for at, cell in enumerate(row):
            x = edges[at] + 4
            if at in flush:
                x = edges[at + 1] - 4 - font.width(cell) * size
            if cell:
                self.sheet.text(x, self.y + 12, cell, font, size)

    def _frame(self, edges: Sequence[float], top: float, bottom: float, rules: Rules) -> None:
        if rules == "none":
            return
        self.sheet.rule(edges[0], top, edges[-1], top)
        self.sheet.rule(edges[0], bottom, edges[-1], bottom)
        if rules == "all":
            for edge in edges:
                self.sheet.rule(edge, top, edge, bottom)


def _figures(rows: Sequence[Sequence[str]]) -> set[int]:
    columns = range(1, len(rows[0]))
    return {at for at in columns if not any(sign.isalpha() for row in rows[1:] for sign in row[at])}
