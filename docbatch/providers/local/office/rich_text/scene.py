"""What is being written while rich text is read: the body, a header, a note, each with its paragraph and table."""

from dataclasses import dataclass, field

from docbatch.providers.local.flow.prose import Prose
from docbatch.providers.local.flow.story import GridCell, Story

_BULLETS = frozenset("•·▪◦○●■□\u2013-*o§\uf0b7\uf0a7\uf0d8\uf0fc")


@dataclass(slots=True)
class CellPlan:
    """How a cell is merged, as its row says before its text."""

    continues_left: bool = False
    continues_up: bool = False


@dataclass(slots=True)
class Scene:
    """A text that stands for itself. Paragraphs end in it, or in the cell of a table that is open."""

    role: str = ""
    opening: tuple[str, str] = ("", "")
    story: Story = field(default_factory=Story)
    prose: Prose = field(default_factory=Prose)
    hidden: Prose = field(default_factory=Prose)
    marker: Prose = field(default_factory=Prose)
    waiting: Story = field(default_factory=Story)
    _cell: Story = field(default_factory=Story)
    _row: list[Story] = field(default_factory=list)
    _cells: list[GridCell] = field(default_factory=list)
    _above: dict[int, GridCell] = field(default_factory=dict)
    _rows: int = 0

    def end_paragraph(self, *, in_table: bool, level: int | None, depth: int) -> None:
        if not in_table:
            self.end_table()
        target = self._cell if in_table else self.story
        self._write(target, level, depth)
        if not in_table and not target.ends_with_item():
            self._tell(target)

    def end_cell(self, depth: int) -> None:
        self._write(self._cell, None, depth)
        self._row.append(self._cell)
        self._cell = Story()

    def end_row(self, plans: list[CellPlan]) -> None:
        here: dict[int, GridCell] = {}
        for x, content in enumerate(self._row):
            plan = plans[x] if x < len(plans) else CellPlan()
            corner = (
                self._above.get(x) if plan.continues_up else here.get(x - 1) if plan.continues_left else None
            )
            if corner is None:
                corner = GridCell(self._rows, x, content)
                self._cells.append(corner)
            elif plan.continues_up:
                corner.row_span = self._rows + 1 - corner.row
                corner.content.extend(content)
            else:
                corner.column_span = x + 1 - corner.column
                corner.content.extend(content)
            here[x] = corner
        self._row, self._above = [], here
        self._rows += 1

    def end_table(self) -> None:
        if self._row or self._cell:
            if self._cell:
                self._row.append(self._cell)
            self.end_row([])
        if self._cells:
            self.story.table(self._cells)
            self._tell(self.story)
        self._cell, self._row, self._cells, self._above, self._rows = Story(), [], [], {}, 0

    def end(self) -> Story:
        """Return everything, the last paragraph and the notes that wait included."""
        self.end_paragraph(in_table=False, level=None, depth=0)
        self._tell(self.story)
        return self.story

    def _write(self, target: Story, level: int | None, depth: int) -> None:
        mark = self.marker.text()
        if self.prose and level is not None:
            if mark and mark not in _BULLETS:
                self.prose.put_first(f"{mark} ")
            target.heading(self.prose, level)
        elif self.prose and mark:
            target.item(self.prose, depth, "-" if mark in _BULLETS else mark)
        else:
            target.paragraph(self.prose)
        if self.hidden:
            self.hidden.put_first("[hidden] ")
            target.paragraph(self.hidden, "hidden")
        self.prose, self.hidden, self.marker = Prose(), Prose(), Prose()

    def _tell(self, target: Story) -> None:
        waiting, self.waiting = self.waiting, Story()
        target.extend(waiting)
