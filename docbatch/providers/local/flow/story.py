"""Blocks of a document while it is read, each written at once as plain text and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json, Parsed
from docbatch.providers.local.flow.prose import Prose

_INDENT = "  "
_DEEPEST_INDENT = 12
# Cells far apart span a grid that is empty but for them.
_LARGEST_GRID = 200_000
_MOST_EMPTY = 20


@dataclass(slots=True)
class GridCell:
    """A cell of a table that is being read: what is in it, and how far it reaches."""

    row: int
    column: int
    content: "Story"
    row_span: int = 1
    column_span: int = 1

    def block(self, text: str) -> Json:
        cell: Json = {"row": self.row, "column": self.column, "text": text}
        if self.row_span > 1:
            cell["row_span"] = self.row_span
        if self.column_span > 1:
            cell["column_span"] = self.column_span
        return cell


@dataclass(slots=True)
class Story:
    """Blocks in reading order. `plain` holds what they say, `marked` the same blocks as their Markdown needs them."""

    plain: list[Json] = field(default_factory=list)
    marked: list[Json] = field(default_factory=list)
    _indents: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.plain)

    def heading(self, prose: Prose, level: int) -> None:
        self._add(blocks.heading(prose.text(), level), blocks.heading(prose.markdown(), level))

    def paragraph(self, prose: Prose, role: str | None = None, kind: str = "text") -> None:
        if prose:
            self._add({"kind": kind, "text": prose.text()}, {"kind": kind, "text": prose.markdown()}, role)

    def item(self, prose: Prose, depth: int, marker: str = "-") -> None:
        """Add a list's item; `marker` is a dash, or the number that is shown before it."""
        depth = min(depth, _DEEPEST_INDENT)
        # Only numbers such as 1. and 2) begin an item in Markdown; others follow a dash.
        mark = marker if marker == "-" or _is_number(marker) else f"- {marker}"
        self._indents = [*self._indents[:depth], *[2] * (depth - len(self._indents)), len(mark) + 1]
        indent = " " * sum(self._indents[:depth])
        marked = prose.markdown().replace("\n", f"\n{indent}  ")
        plain = prose.text().replace("\n", f"\n{_INDENT * (depth + 1)}")
        self._add(
            blocks.item(plain, depth, marker), {"kind": "list", "text": f"{indent}{mark} {marked}".rstrip()}
        )

    def table(self, cells: Sequence[GridCell], *, boxes: bool = True) -> None:
        """Add a table; with `boxes` one of a single cell is a frame around more than a paragraph, and no table."""
        if boxes and len(cells) == 1 and cells[0].content.is_more_than_words():
            self.extend(cells[0].content)
        elif any(cell.content for cell in cells):
            lines = [cell.content.lines() for cell in cells]
            plain = [cell.block(text) for cell, (text, _) in zip(cells, lines, strict=True)]
            marked = [
                known if text == known["text"] else cell.block(text)
                for cell, known, (_, text) in zip(cells, plain, lines, strict=True)
            ]
            self._add(_grid(plain), _grid(marked))

    def show(self, shown: Sequence[Json]) -> None:
        """Add blocks that were made elsewhere."""
        for block in shown:
            if block["kind"] == "text":
                self.paragraph(Prose(block["text"]))
            else:
                self._add(block, block)

    def extend(self, other: "Story", role: str | None = None) -> None:
        for plain, marked in zip(other.plain, other.marked, strict=True):
            self._add(plain, marked, role)

    def is_more_than_words(self) -> bool:
        """Whether it is more than one plain paragraph."""
        return len(self.plain) > 1 or any(block["kind"] != "text" for block in self.plain)

    def ends_with_item(self) -> bool:
        return bool(self.plain) and self.plain[-1]["kind"] == "list"

    def lines(self) -> tuple[str, str]:
        """Return everything as lines, in text and in Markdown: how it stands in a table's cell."""
        return "\n".join(map(_line, self.plain)), "\n".join(map(_marked_line, self.marked))

    def text(self) -> str:
        return blocks.text(self.plain)

    def markdown(self) -> str:
        return blocks.markdown(self.marked)

    def page(self, number: int) -> Json:
        """Return everything as one page."""
        return {"number": number, "text": self.text(), "markdown": self.markdown(), "blocks": self.plain}

    def parsed(
        self,
        metadata: Json,
        warnings: Sequence[str],
        lost: Sequence[str],
        attachments: Sequence[Json] = (),
        unread: Sequence[int] = (),
    ) -> Parsed:
        """Return everything as a document without pages."""
        return Parsed(
            self.markdown(),
            self.text(),
            blocks=self.plain,
            tables=[block for block in self.plain if block["kind"] == "table"],
            attachments=attachments,
            metadata=metadata,
            warnings=warnings,
            lost=lost,
            unread=unread,
        )

    def _add(self, plain: Json, marked: Json, role: str | None = None) -> None:
        if plain["text"].strip():
            about = {"role": role} if role and "role" not in plain else {}
            self.plain.append(plain | about)
            self.marked.append(marked)


def _is_number(marker: str) -> bool:
    return marker[-1:] in ".)" and marker[:-1].isascii() and marker[:-1].isdigit() and len(marker) < 10


def _grid(cells: list[Json]) -> Json:
    rows: dict[int, list[str]] = {}
    for cell in cells:
        rows.setdefault(cell["row"], []).append(" ".join(cell["text"].split("\n")))
    text = "\n".join("\t".join(row) for _, row in sorted(rows.items()))
    width = 1 + max(cell["column"] + cell.get("column_span", 1) - 1 for cell in cells)
    if len(rows) * width > _LARGEST_GRID and len(rows) * width > _MOST_EMPTY * len(cells):
        # Written as a grid it would be nothing but bars.
        return {"kind": "text", "text": text}
    return {"kind": "table", "text": text, "cells": cells}


def _line(block: Json) -> str:
    return str(block["text"])


def _marked_line(block: Json) -> str:
    if block["kind"] == "table":
        return "\n".join(line.replace("\t", " | ") for line in block["text"].split("\n"))
    return str(block["text"])
