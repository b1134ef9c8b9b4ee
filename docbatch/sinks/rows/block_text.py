"""Blocks as Markdown: what chunks and tables say of them."""

from collections.abc import Sequence

from docbatch.core.results import Block, Cell

_MOST_CELLS = 1_000_000
"""Above which a table is shown by its text: a vendor's two cells may be a billion apart."""


def block_markdown(block: Block) -> str:
    """Return one block as Markdown that stands by itself."""
    if block.kind == "heading":
        return f"{'#' * min(max(block.level or 1, 1), 6)} {' '.join(block.text.split())}"
    if block.kind == "table" and block.cells:
        return table_markdown(block.cells) or block.text
    if block.kind == "code":
        fence = "```"
        while fence in block.text:
            fence += "`"
        return f"{fence}\n{block.text}\n{fence}"
    return block.text


def table_markdown(cells: Sequence[Cell]) -> str:
    """Return cells as a table whose first row is its head; what spans several places stands in the first of them."""
    height = max(cell.row for cell in cells) + 1
    width = max(cell.column for cell in cells) + 1
    if height * width > _MOST_CELLS or min(min(cell.row, cell.column) for cell in cells) < 0:
        return ""
    grid = [[""] * width for _ in range(height)]
    for cell in cells:
        grid[cell.row][cell.column] = _cell(cell.text)
    head, *rest = (f"| {' | '.join(row)} |" for row in grid)
    return "\n".join((head, f"|{' --- |' * width}", *rest))


def _cell(text: str) -> str:
    return "<br>".join(" ".join(line.split()) for line in text.strip().splitlines()).replace("|", "\\|")
