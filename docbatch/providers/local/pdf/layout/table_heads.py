"""Heads of ruled tables in which words that the page draws in one go were given to each cell they touch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from liteparse import TextItem

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.pdf.layout.page_layout import PageLayout
from docbatch.providers.local.pdf.layout.page_pieces import PagePiece

_MOST_CELLS = 60
_MOST_WORDS = 300
_FEWEST_WORDS = 2


@dataclass(slots=True)
class _HeadWord:
    text: str
    across: float
    down: float
    column: int


def complete_heads(layout: PageLayout) -> None:
    """Leave each word of a table's head to the cell it stands in, where its line has words for the others."""
    wrong = [block for block in layout.blocks if block["kind"] == "table" and _may_double(_head(block))]
    if not wrong or layout.pieces is None:
        return
    changed = {id(block) for block in wrong if _complete(block, layout.parsed.text_items)}
    if changed:
        layout.replace([_anew(piece) if id(piece.block) in changed else piece for piece in layout.pieces])


def _head(block: Json) -> list[Json]:
    return [cell for cell in block.get("cells", ()) if cell["row"] == 0 and "bbox" in cell]


def _may_double(head: Sequence[Json]) -> bool:
    """Tell whether cells beside each other share a word, one of them having more."""
    words = [set(cell["text"].split()) for cell in head]
    return 1 < len(head) <= _MOST_CELLS and any(
        one & other and max(len(one), len(other)) >= _FEWEST_WORDS for one, other in pairwise(words)
    )


def _complete(block: Json, items: Sequence[TextItem]) -> bool:
    head = _head(block)
    words = list(_words(head, items))
    if not words or len(words) > _MOST_WORDS:
        return False
    changed = False
    said = [cell["text"].split() for cell in head]
    for column, cell in enumerate(head):
        kept = " ".join(text for text in said[column] if not _is_others(text, column, cell, words, said))
        if kept and kept != cell["text"]:
            cell["text"], changed = kept, True
    if changed:
        block["text"] = "\n".join(_rows(block["cells"]))
    return changed


def _words(head: Sequence[Json], items: Sequence[TextItem]) -> Iterator[_HeadWord]:
    """Yield the words that stand in a head, each with the cell that its middle is in."""
    top, bottom = min(cell["bbox"][1] for cell in head), max(cell["bbox"][3] for cell in head)
    for item in items:
        down = item.y + item.height / 2
        if not top <= down <= bottom or item.rotation:
            continue
        for word in item.words:
            across = word.x + word.width / 2
            for column, cell in enumerate(head):
                if cell["bbox"][0] <= across <= cell["bbox"][2]:
                    yield _HeadWord(word.text, across, down, column)
                    break


def _is_others(
    text: str, column: int, cell: Json, words: Sequence[_HeadWord], said: Sequence[Sequence[str]]
) -> bool:
    """Tell whether a word stands in another cell, which says it, on a line that has words in this one."""
    middle = (cell["bbox"][0] + cell["bbox"][2]) / 2
    same = [word for word in words if word.text == text]
    if not same or any(word.column == column for word in same):
        return False
    nearest = min(same, key=lambda word: abs(word.across - middle))
    if text not in said[nearest.column]:
        return False
    return any(word.column == column and abs(word.down - nearest.down) < 1 for word in words)


def _rows(cells: Sequence[Json]) -> Iterator[str]:
    rows: dict[int, list[str]] = {}
    for cell in cells:
        rows.setdefault(cell["row"], []).append(cell["text"])
    for row in rows.values():
        yield "\t".join(row)


def _anew(piece: PagePiece) -> PagePiece:
    shown = blocks.markdown([piece.block]) if piece.block is not None else piece.markdown
    return PagePiece(shown.replace("\\", "\\\\").replace("\\\\|", "\\|"), piece.block)
