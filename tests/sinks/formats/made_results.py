"""Results to write in a format."""

from dataclasses import dataclass
from typing import Any

from docbatch.core.results import Block, Cell, DocumentInfo, Page, Picture, ProviderInfo, Result


def result(
    markdown: str = "", media_type: str = "application/pdf", path: str = "in/a.pdf", **fields: Any
) -> Result:
    return Result(
        outcome="succeeded",
        document=DocumentInfo(path=path, sha256="f" * 64, size=1, media_type=media_type),
        provider=ProviderInfo(type="fake", operation="parse"),
        markdown=markdown,
        **{"text": markdown, **fields},
    )


def table(*rows: tuple[str, ...]) -> Block:
    cells = tuple(
        Cell(row=y, column=x, text=text) for y, row in enumerate(rows) for x, text in enumerate(row)
    )
    return spanning(*cells)


def spanning(*cells: Cell) -> Block:
    return Block(kind="table", text="\n".join(cell.text for cell in cells), cells=cells)


def page(number: int, *blocks: Block, markdown: str | None = None, text: str | None = None) -> Page:
    said = "\n\n".join(block.text for block in blocks) if text is None else text
    return Page(number=number, text=said, markdown=markdown, width=595.0, height=842.0, blocks=blocks)


@dataclass(frozen=True)
class Answered:
    """An answer that is this result."""

    of: Result
    pictures: tuple[Picture, ...] = ()
    is_partial: bool = False
    credits: float | None = None

    def markdown(self) -> str:
        return self.of.markdown

    def text(self) -> str:
        return self.of.text

    def result(self, document: DocumentInfo) -> Result:
        return self.of
