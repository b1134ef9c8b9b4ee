"""How far lines are indented: by the mappings, lists and brackets they stand in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

STEP = 2


@dataclass(frozen=True, slots=True)
class Level:
    """A mapping or a list with lines of its own: the column it had, and the one it gets.

    `is_plain` says of a list that it begins where its key does; for the parser it is no level then.
    """

    former: int
    column: int
    is_list: bool = False
    is_plain: bool = False


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket that is open, and the column of the line that closes it."""

    column: int

    @property
    def inside(self) -> int:
        return self.column + STEP


class Levels:
    """The levels and brackets that are open at a token."""

    def __init__(self) -> None:
        self.open: list[Level] = []
        self.brackets: list[Bracket] = []
        self._is_at_key = False

    def structure(self, token: Any) -> None:
        """Take a token without text: it opens a level, ends one, or says that a key follows."""
        match token:
            case yaml.BlockMappingStartToken() | yaml.BlockSequenceStartToken():
                is_list = isinstance(token, yaml.BlockSequenceStartToken)
                self.open.append(Level(token.start_mark.column, self.value_column, is_list))
                self._is_at_key = False
            case yaml.BlockEndToken():
                self._end_plain_list()
                self.open.pop()
            case yaml.KeyToken() if not self.brackets:
                self._end_plain_list()
                self._is_at_key = True

    def enter(self, token: Any) -> None:
        """Prepare for a token with text: what stands before it says whether it is a key, and "-" may open a list."""
        if self.brackets:
            return
        if isinstance(token, yaml.BlockEntryToken) and not (self.open and self.open[-1].is_list):
            self.open.append(Level(token.start_mark.column, self.value_column, is_list=True, is_plain=True))
        elif isinstance(token, yaml.KeyToken | yaml.ValueToken):
            self._end_plain_list()

    def column(self, token: Any) -> int:
        """Return the column of a token that begins a line."""
        if self.brackets:
            closes = isinstance(token, yaml.FlowMappingEndToken | yaml.FlowSequenceEndToken)
            return self.brackets[-1].column if closes else self.brackets[-1].inside
        if isinstance(token, _AT_THE_MARGIN):
            return 0
        if self._is_at_key or isinstance(token, _OF_A_LEVEL):
            return self.own_column
        return self.value_column

    def leave(self, token: Any, line: int) -> None:
        """Take note of a token that was written; `line` is the column at which its line's brackets count from."""
        match token:
            case yaml.FlowMappingStartToken() | yaml.FlowSequenceStartToken():
                self.brackets.append(Bracket(line))
            case yaml.FlowMappingEndToken() | yaml.FlowSequenceEndToken():
                self.brackets.pop()
        self._is_at_key = False

    @property
    def own_column(self) -> int:
        return self.open[-1].column if self.open else 0

    @property
    def value_column(self) -> int:
        """Return where a value begins that stands below its key."""
        return self.open[-1].column + STEP if self.open else 0

    def _end_plain_list(self) -> None:
        if self.open and self.open[-1].is_plain:
            self.open.pop()


_AT_THE_MARGIN = (yaml.DocumentStartToken, yaml.DocumentEndToken, yaml.DirectiveToken, yaml.StreamEndToken)
_OF_A_LEVEL = (yaml.BlockEntryToken, yaml.ValueToken, yaml.KeyToken)


def comment_column(former: int, before: Sequence[Level], below: tuple[int, int]) -> int:
    """Return the column of a comment on a line of its own that stood at `former`.

    It belongs to what is below it where that began at the same column (`below`: its former column and the one it gets);
    otherwise to the innermost level above it that did not begin behind it.
    """
    if former == below[0]:
        return below[1]
    reached = [(level.former, level.column) for level in before if level.former <= former]
    if below[0] <= former:
        reached.append(below)
    return max((column for _, column in reached), default=0)
