"""Blocks in reading order, as Markdown and as plain text. A block is the JSON of `results.Block`, defaults left out."""

import re
from collections.abc import Iterable, Sequence

from docbatch.providers.local.engines import Json

_DEEPEST_HEADING = 6
_INDENT = "  "
# Only what would change the meaning of a line is escaped, so that words stay as they were written.
_LINE_START = re.compile(
    r"^(\s*)(#{1,6}(?=\s)|[-+*>](?=\s)|\d{1,9}[.)](?=\s)|(?:-{3,}|_{3,}|={3,}|\*{3,})\s*$|`{3,}|~{3,})"
)


def heading(text: str, level: int) -> Json:
    return {"kind": "heading", "text": text, "level": level}


def paragraph(text: str) -> Json:
    return {"kind": "text", "text": text}


def item(text: str, depth: int = 0, marker: str = "-") -> Json:
    """Return a list item; depth counts from 0."""
    return {"kind": "list", "text": f"{_INDENT * depth}{marker} {text}"}


def table(rows: Sequence[Sequence[str]]) -> Json:
    """Return a table of these cells, row by row; the first row is its head."""
    cells = [
        {"row": y, "column": x, "text": text} for y, row in enumerate(rows) for x, text in enumerate(row)
    ]
    return {"kind": "table", "text": "\n".join("\t".join(row) for row in rows), "cells": cells}


def markdown(blocks: Iterable[Json]) -> str:
    """Return blocks as Markdown, an empty line between any two that are not items of one list."""
    return _joined((block["kind"], _markdown(block)) for block in blocks)


def text(blocks: Iterable[Json]) -> str:
    """Return the words of blocks without markup, in their order."""
    return _joined((block["kind"], block["text"]) for block in blocks)


def _joined(parts: Iterable[tuple[str, str]]) -> str:
    joined: list[str] = []
    before = ""
    for kind, part in parts:
        if part.strip():
            joined += ["\n" if before == kind == "list" else "\n\n", part]
            before = kind
    return "".join(joined[1:])


def _markdown(block: Json) -> str:
    match block["kind"]:
        case "heading":
            line = " ".join(block["text"].split())
            return f"{'#' * min(block.get('level') or 1, _DEEPEST_HEADING)} {line}" if line else ""
        case "table":
            return _table(block["cells"]) if block.get("cells") else block["text"]
        case "code":
            return f"```\n{block['text']}\n```"
        case "list" | "formula":
            return str(block["text"])
        case _:
            return "  \n".join(_escaped(line) for line in block["text"].split("\n"))


def _escaped(line: str) -> str:
    return _LINE_START.sub(_with_backslash, line)


def _with_backslash(start: re.Match[str]) -> str:
    # A digit is never escaped, so it is the point after a number.
    mark = start[2]
    return f"{start[1]}{mark[:-1]}\\{mark[-1]}" if mark[0].isdigit() else f"{start[1]}\\{mark}"


def _table(cells: Sequence[Json]) -> str:
    """Return a grid of cells as a Markdown table; what a cell spans besides its corner stays empty."""
    width = 1 + max(cell["column"] + cell.get("column_span", 1) - 1 for cell in cells)
    rows: dict[int, list[str]] = {}
    for cell in cells:
        rows.setdefault(cell["row"], [""] * width)[cell["column"]] = _cell(cell["text"])
    lines = [f"| {' | '.join(row)} |" for _, row in sorted(rows.items())]
    return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])


def _cell(text: str) -> str:
    return "<br>".join(text.split("\n")).replace("|", "\\|")
