"""The plain text of a mail as blocks: its line ends, quotes and lists stay."""

import re
from collections.abc import Iterator
from itertools import groupby

from docbatch.providers.local import blocks
from docbatch.providers.local.text.html_blocks import Piece
from docbatch.providers.local.text.html_inline import escaped

_QUOTED = re.compile(r"(?:> ?)+")
_DEEPEST = 20
_ITEM = re.compile(r"(\s*)([-*+]|\d{1,3}[.)])[ \t]+(\S.*)")
_SIGNATURE = "-- "


def unflowed(text: str, *, delete_space: bool = False) -> str:
    """Return text of format=flowed with the lines that belong together joined."""
    joined: list[str] = []
    depth_before, is_open = 0, False
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        if is_open and depth == depth_before and content != _SIGNATURE:
            joined[-1] += content
        else:
            joined.append(f"{'>' * depth}{' ' if depth else ''}{content}")
        is_open = content.endswith(" ") and content != _SIGNATURE
        if is_open and delete_space:
            joined[-1] = joined[-1][:-1]
        depth_before = depth
    return "\n".join(joined)


def pieces(text: str) -> list[Piece]:
    """Return paragraphs, items and quotes in their order, each with its Markdown."""
    lines = (_depth(line) for line in text.split("\n"))
    return [
        piece
        for depth, quoted in groupby(lines, key=lambda line: line[0])
        for piece in _paragraphs([line for _, line in quoted], depth)
    ]


def _depth(line: str) -> tuple[int, str]:
    """Return how often a line is quoted, and its words."""
    mark = _QUOTED.match(line)
    if mark is None:
        return 0, line.rstrip()
    return min(mark[0].count(">"), _DEEPEST), line[mark.end() :].rstrip()


def _paragraphs(lines: list[str], depth: int) -> Iterator[Piece]:
    gathered: list[str] = []
    for line in lines:
        item = _ITEM.match(line)
        if item or not line.strip():
            yield from _paragraph(gathered, depth)
            gathered = []
        if item:
            yield _item(item, depth)
        elif line.strip():
            gathered.append(line)
    yield from _paragraph(gathered, depth)


def _paragraph(lines: list[str], depth: int) -> Iterator[Piece]:
    if lines:
        marked = blocks.markdown([blocks.paragraph("\n".join(_spaced(escaped(line)) for line in lines))])
        yield Piece(_block(lines, depth), marked, ("> ",) * depth)


def _spaced(line: str) -> str:
    """Return a line whose first spaces neither make it code nor are lost."""
    words = line.lstrip()
    return "\xa0" * min(len(line) - len(words), 40) + words if line.startswith("    ") else line


def _item(item: re.Match[str], depth: int) -> Piece:
    indent, marker, words = item.groups()
    level = min(len(indent.expandtabs(4)) // 2, 6)
    block = {"kind": "list", "text": f"{_quotes(depth)}{'  ' * level}{marker} {words}"}
    return Piece(block, f"{'  ' * level}{marker} {escaped(words)}", ("> ",) * depth, is_tight=True)


def _block(lines: list[str], depth: int) -> dict[str, str]:
    return blocks.paragraph("\n".join(f"{_quotes(depth)}{line}" for line in lines))


def _quotes(depth: int) -> str:
    return f"{'>' * depth} " if depth else ""
