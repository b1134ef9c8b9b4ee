"""A YAML text taken apart: every token as it was written, and every comment; between them nothing is left but space."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

BLOCK_HEADER = re.compile(r"([|>][+\-0-9]*)[ \t]*(#.*)?")
"""What begins a value that goes on in the lines below, and a comment behind it."""
_OTHER_BREAK = re.compile("[\r\x85\u2028\u2029]")


class OddText(Exception):
    """A text that is YAML and is not taken apart; the message says why."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from its "#" on. `column` is where it stood, from 0; `below_gap` says that empty lines were above it."""

    text: str
    column: int
    is_own_line: bool
    below_gap: bool = False


@dataclass(frozen=True, slots=True)
class YamlPiece:
    """A token that has text, and what stood before it.

    `is_first` says that it begins a line. `structure` are the tokens before it that have no text of their own: where
    mappings and lists of several lines begin and end.
    """

    token: Any
    text: str
    is_first: bool
    below_gap: bool
    comments: Sequence[Comment]
    structure: Sequence[Any]

    @property
    def column(self) -> int:
        found: int = self.token.start_mark.column
        return found

    def has(self, *kinds: type) -> bool:
        return isinstance(self.token, kinds)

    @property
    def is_block(self) -> bool:
        """Say whether it is a value of the lines below it, as behind `|` and `>`."""
        return self.has(yaml.ScalarToken) and self.token.style in {"|", ">"}

    @property
    def ends_line(self) -> bool:
        """Say whether it takes the break of its last line along."""
        return self.is_block and self.text.endswith("\n")


def pieces(text: str) -> Iterator[YamlPiece]:
    """Yield the pieces of a YAML text whose lines end in line feeds; the last one has no text. Raises OddText."""
    if odd := _OTHER_BREAK.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise OddText(f"line {line} has U+{ord(odd.group()):04X}, which ends a line for some programs only")
    structure: list[Any] = []
    above: YamlPiece | None = None
    end = 0
    for token in yaml.scan(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        first, last = token.start_mark.index, token.end_mark.index
        if first == last and not isinstance(token, yaml.StreamEndToken):
            structure.append(token)
            continue
        gap = _Gap(text[end:first], above)
        above = YamlPiece(token, text[first:last], gap.breaks, gap.is_empty, gap.comments, tuple(structure))
        structure.clear()
        end = last
        yield above


class _Gap:
    """What stands between two tokens. `is_empty` says that empty lines are above the second, `breaks` that it begins a line."""

    def __init__(self, text: str, above: YamlPiece | None) -> None:
        self.comments: list[Comment] = []
        self.is_empty = above is not None and _ends_empty(above)
        starts_line = above is None or above.ends_line
        behind, *lines = ("", *text.split("\n")) if starts_line else text.split("\n")
        if above is not None and behind.strip(" \t"):
            self._comment(behind, above.token.end_mark.column, is_own_line=False)
        for number, line in enumerate(lines, start=1):
            if line.strip(" \t"):
                self._comment(line, 0, is_own_line=True)
            elif number < len(lines):
                self.is_empty = True
        self.breaks = bool(lines)

    def _comment(self, line: str, column: int, *, is_own_line: bool) -> None:
        written = line.strip(" \t")
        if not written.startswith("#"):
            raise OddText(f"it is not known what this is: {written[:20]!r}")
        start = column + len(line) - len(line.lstrip(" \t"))
        self.comments.append(Comment(written, start, is_own_line, self.is_empty))
        self.is_empty = False


def _ends_empty(piece: YamlPiece) -> bool:
    """Say whether empty lines end a value of several lines that are not part of it."""
    header = BLOCK_HEADER.match(piece.text)
    if header is None or not piece.ends_line or "+" in header[1]:
        return False
    lines = piece.text.split("\n")
    return len(lines) > 2 and not lines[-2].strip(" \t")
