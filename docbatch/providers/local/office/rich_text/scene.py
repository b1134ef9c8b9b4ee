"""What is being written while rich text is read: the body, a header, a note, each with its paragraph and table."""

from dataclasses import dataclass, field

from docbatch.providers.local.flow.prose import Prose
from docbatch.providers.local.flow.story import GridCell, Story

_BULLETS = frozenset("•·▪◦○●■□\u2013-*o§\uf0b7\uf0a7\uf0d8\uf0fc")

# Twips; what lies nearer together is one edge, drawn by hand.
_NEAR = 20
_MOST_COLUMNS = 200


@dataclass(slots=True)
class CellPlan:
    """How a cell is merged, as its row says before its text."""

    continues_left: bool = False
    continues_up: bool = False
    right: int | None = None
    """Where the cell ends, in twips."""


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
    _table: list[list[tuple[Story, CellPlan]]] = field(default_factory=list)

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
        while plans and len(self._row) > len(plans) and not self._row[-1]:
            self._row.pop()
        self._table.append(
            [(each, plans[x] if x < len(plans) else CellPlan()) for x, each in enumerate(self._row)]
        )
        self._row = []

    def end_table(self) -> None:
        if self._row or self._cell:
            if self._cell:
                self._row.append(self._cell)
            self.end_row([])
        if self._table:
            self.story.table(_grid(self._table))
            self._tell(self.story)
        self._cell, self._row, self._table = Story(), [], []

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


def _grid(rows: list[list[tuple[Story, CellPlan]]]) -> list[GridCell]:
    """Return the cells of a table, joined as their rows say and placed by where they end."""
    cells: list[GridCell] = []
    above: dict[int, GridCell] = {}
    edges = _edges(rows)
    for y, row in enumerate(rows):
        here: dict[int, GridCell] = {}
        start, beside = 0, None
        for content, plan in row:
            end = edges.get(plan.right, start + 1) if edges else start + 1
            end = max(end, start + 1)
            corner = above.get(start) if plan.continues_up else beside if plan.continues_left else None
            if corner is None:
                corner = GridCell(y, start, content, column_span=end - start)
                cells.append(corner)
            else:
                corner.row_span = max(corner.row_span, y + 1 - corner.row)
                corner.column_span = max(corner.column_span, end - corner.column)
                corner.content.extend(content)
            here[start], start, beside = corner, end, corner
        above = here
    return cells


def _edges(rows: list[list[tuple[Story, CellPlan]]]) -> dict[int | None, int]:
    """Return which column ends at each place where a cell ends; nothing where a row does not say it."""
    ends = [plan.right for row in rows for _, plan in row]
    places = sorted({end for end in ends if end is not None})
    if None in ends or len(places) > _MOST_COLUMNS:
        return {}
    columns: dict[int | None, int] = {}
    before = None
    for place in places:
        is_new = before is None or place - before > _NEAR
        columns[place] = len(set(columns.values())) + is_new
        before = place
    return columns
