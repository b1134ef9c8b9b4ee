"""Lines of a text that is put together: each with its indentation, and a comment behind it or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docbatch.specs.formatting.levels import STEP
from docbatch.specs.formatting.pieces import BLOCK_HEADER

BEFORE_COMMENT = 2
"""Spaces between what a line says and a comment behind it."""


@dataclass(slots=True)
class SpecLine:
    """`text` is indented by `indent`. `column` is where the comment behind it stood; `below_gap` has an empty line above."""

    text: str
    indent: int = 0
    comment: str = ""
    column: int = 0
    below_gap: bool = False

    @property
    def width(self) -> int:
        return self.indent + len(self.text)


def written(lines: Sequence[SpecLine]) -> str:
    """Return the text of lines, the last without a break."""
    columns = _comment_columns(lines)
    return "\n".join(_written(lines, columns))


def _written(lines: Sequence[SpecLine], columns: dict[int, int]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if line.below_gap and number:
            yield ""
        text = " " * line.indent + line.text if line.text else ""
        yield text.ljust(columns[number]) + line.comment if line.comment else text


def _comment_columns(lines: Sequence[SpecLine]) -> dict[int, int]:
    """Return where comments begin. Those that stood below each other still do, between two empty lines."""
    columns: dict[int, int] = {}
    for paragraph in _paragraphs(lines):
        beside: dict[int, list[int]] = {}
        for number in paragraph:
            if lines[number].comment:
                beside.setdefault(lines[number].column, []).append(number)
        for numbers in beside.values():
            column = max(lines[number].width for number in numbers) + BEFORE_COMMENT
            columns |= dict.fromkeys(numbers, column)
    return columns


def _paragraphs(lines: Sequence[SpecLine]) -> Iterator[list[int]]:
    found: list[int] = []
    for number, line in enumerate(lines):
        if line.below_gap:
            yield found
            found = []
        found.append(number)
    yield found


def block_lines(text: str, above: int, former: int) -> tuple[SpecLine, list[SpecLine]]:
    """Return the header of a value of the lines below it, with the comment behind it, and those lines, indented anew.

    `above` is the column its lines are indented from, `former` the one they were; -1 where nothing is above them.
    """
    head, _, body = text.partition("\n")
    header = BLOCK_HEADER.match(head)
    assert header is not None
    said = int("".join(filter(str.isdigit, header[1])) or 0)
    lines = body.removesuffix("\n").split("\n") if body else []
    former = max(former, 0) + said if said else _indentation(lines)
    indent = max(above, 0) + (said or STEP)
    lines = [line[former:] for line in lines]
    while lines and not lines[-1] and "+" not in header[1]:
        lines.pop()
    first = SpecLine(header[1], comment=header[2] or "", column=header.start(2))
    return first, [SpecLine(line, indent) for line in lines]


def _indentation(lines: Sequence[str]) -> int:
    first = next((line for line in lines if line.strip(" ")), "")
    return len(first) - len(first.lstrip(" "))


def folded_lines(text: str, column: int) -> list[SpecLine]:
    """Return the lines of a value that goes on in further lines, in quotes or without: space around the breaks says nothing."""
    first, *rest = text.split("\n")
    lines = [first, *(line.lstrip(" \t") for line in rest)]
    return [SpecLine(_without_end(line), column) for line in lines[:-1]] + [SpecLine(lines[-1], column)]


def _without_end(line: str) -> str:
    """Cut space off the end of a line, but for what a backslash makes part of the value."""
    cut = line.rstrip(" \t")
    return line if cut.endswith("\\") else cut
