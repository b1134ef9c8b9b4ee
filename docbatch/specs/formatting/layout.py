"""One layout for every spec. It moves what is written and never changes it: each token and each comment stays as it was.

Line breaks stay where they are, and so do quotes and the order of keys. What changes is the space between: how far lines are
indented, how many spaces and empty lines stand between two things.
"""

import yaml

from docbatch.specs.formatting.levels import STEP, Level, Levels, comment_column
from docbatch.specs.formatting.lines import SpecLine, block_lines, folded_lines, written
from docbatch.specs.formatting.pieces import Comment, YamlPiece, pieces


def laid_out(text: str) -> str:
    """Return a YAML text in the one layout. Its lines end in line feeds, before and after. Raises OddText, YAMLError."""
    layout = _Layout()
    last: YamlPiece | None = None
    for piece in pieces(text):
        layout.take(piece)
        if not piece.has(yaml.StreamEndToken):
            last = piece
    if not layout.lines:
        return ""
    # Where no break ends such a value, one more would be part of it.
    is_open = last is not None and last.is_block and not last.ends_line
    return written(layout.lines) + ("" if is_open else "\n")


class _Layout:
    def __init__(self) -> None:
        self.lines: list[SpecLine] = []
        self._levels = Levels()
        self._above: YamlPiece | None = None
        self._starts_in_bracket = False

    def take(self, piece: YamlPiece) -> None:
        before = list(self._levels.open)
        in_bracket = bool(self._levels.brackets)
        for token in piece.structure:
            self._levels.structure(token)
        self._levels.enter(piece.token)
        column = self._levels.column(piece.token)
        # Where the text ends says nothing of where its last comments belong.
        former = 0 if piece.has(yaml.StreamEndToken) else piece.column
        for comment in piece.comments:
            self._comment(comment, before, (former, column), in_bracket=in_bracket)
        if piece.has(yaml.StreamEndToken):
            return
        if piece.is_first:
            self.lines.append(SpecLine("", column, below_gap=piece.below_gap))
            self._starts_in_bracket = in_bracket
        else:
            self.lines[-1].text += _space(self._above, piece)
        self._write(piece)
        base = self.lines[-1].indent if self._starts_in_bracket else self._base(piece, column)
        self._levels.leave(piece.token, base)
        self._above = piece

    def _base(self, piece: YamlPiece, column: int) -> int:
        """Return from where brackets count that open here: their own column where they begin a line, or that of their key."""
        return column if piece.is_first else self._levels.own_column

    def _comment(
        self, comment: Comment, before: list[Level], below: tuple[int, int], *, in_bracket: bool
    ) -> None:
        if not comment.is_own_line:
            self.lines[-1].comment, self.lines[-1].column = comment.text, comment.column
            return
        brackets = self._levels.brackets
        column = (
            brackets[-1].inside if in_bracket and brackets else comment_column(comment.column, before, below)
        )
        self.lines.append(SpecLine(comment.text, column, below_gap=comment.below_gap))

    def _write(self, piece: YamlPiece) -> None:
        levels = self._levels
        if piece.is_block:
            above, former = (levels.open[-1].column, levels.open[-1].former) if levels.open else (-1, -1)
            header, lines = block_lines(piece.text, above, former)
            self.lines[-1].text += header.text
            self.lines[-1].comment, self.lines[-1].column = header.comment, piece.column + header.column
            self.lines += lines
        elif "\n" in piece.text:
            # Beginning a line, dots and dashes inside of quotes would end the document.
            column = levels.brackets[-1].inside if levels.brackets else levels.value_column or STEP
            first, *rest = folded_lines(piece.text, column)
            self.lines[-1].text += first.text
            self.lines += rest
        else:
            self.lines[-1].text += piece.text


def _space(above: YamlPiece | None, piece: YamlPiece) -> str:
    """Return what stands between two tokens of one line."""
    opens = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
    closes = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
    assert above is not None
    if above.has(*opens):
        return ""
    if piece.has(yaml.FlowEntryToken, *closes):
        return " " if above.has(yaml.ValueToken) else ""
    if piece.has(yaml.ValueToken):
        # The name of an anchor may end in a colon.
        return " " if above.has(yaml.AliasToken, yaml.AnchorToken, yaml.KeyToken, yaml.FlowEntryToken) else ""
    return " "
