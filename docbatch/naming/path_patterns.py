"""Whether two templates can give one path.

What a template says of a document is taken for any text, and for any name where it has no "/": where this says no, no two
documents can meet.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from docbatch.naming.expressions import Lookup
from docbatch.naming.templates import Template

_NAMES = frozenset({("doc", "name"), ("doc", "stem"), ("doc", "suffix"), ("doc", "sha256"), ("doc", "size")})
"""What of a document has no "/"."""
_MAY_BE_NOTHING = frozenset({("doc", "suffix"), ("doc", "parent")})
"""What of it may be nothing, or a step that is none; all else begins with a letter."""
_KEEPS_NAMES = frozenset({"lower", "upper", "trim", "left"})
"""Filters that make no "/" where there was none."""
_KEEPS_LETTERS = frozenset({"lower", "upper"})
"""Filters that leave something of everything."""
_OF_A_STAND = 6
_EMPTY_STEPS = re.compile(r"/(?:\.?/)+")
_LAST_STEPS = re.compile(r"(?:/\.?)+$")


class Gap(Enum):
    """Stands for what a document says: any text, one without "/", or one letter that is none."""

    TEXT = 0
    NAME = 1
    LETTER = 2


Letters = tuple[str | Gap, ...]


@dataclass
class Effort:
    """Counts what comparing takes, in about a microsecond each."""

    steps: int = 0


@dataclass(frozen=True)
class PathPattern:
    """All paths that a template can give: literal texts, and gaps between them."""

    parts: tuple[str | Gap, ...]

    @cached_property
    def beginning(self) -> str:
        """What the paths begin with; one that is shorter is the beginning of it."""
        first = self.parts[0] if self.parts else ""
        # A dot at the end may be the whole name of a step, which is none then.
        return re.sub(r"/\.$", "/", first) if isinstance(first, str) else ""

    @cached_property
    def end(self) -> str:
        """What the name at the end of the paths ends with."""
        last = self.parts[-1] if self.parts else ""
        name = _LAST_STEPS.sub("", last).rpartition("/")[2] if isinstance(last, str) else ""
        return "" if name == "." else name

    @cached_property
    def letters(self) -> Letters:
        """The texts letter by letter, and the gaps between them."""
        return tuple(letter for part in self.parts for letter in ((part,) if isinstance(part, Gap) else part))

    def meets(self, other: "PathPattern", effort: "Effort | None" = None) -> bool:
        """Say whether some path is one of both; what that takes is added to `effort`."""
        effort = effort or Effort()
        effort.steps += 1
        begins = self.beginning.startswith(other.beginning) or other.beginning.startswith(self.beginning)
        if not begins or not (self.end.endswith(other.end) or other.end.endswith(self.end)):
            return False
        return _Walk(self.letters, other.letters).arrives(effort)


def path_pattern(root: str, template: Template, *, holds_files: bool, folds: bool) -> PathPattern:
    """Return all paths of a template below a root; of a folder that `holds_files`, what lies in it.

    With `folds`, names count as equal that some file systems take for one.
    """
    parts: list[str | Lookup | Gap] = [f"{root}/", *template.parts]
    parts += ["/", Gap.TEXT] if holds_files else []
    return PathPattern(tuple(_joined(parts, folds=folds)))


def _joined(parts: list[str | Lookup | Gap], *, folds: bool) -> Iterator[str | Gap]:
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield _plain(text, folds=folds)
        text = ""
        yield from (part,) if isinstance(part, Gap) else _gaps(part)
    if text:
        yield _plain(text, folds=folds)


def _gaps(lookup: Lookup) -> tuple[Gap, ...]:
    filters = {each.name for each in lookup.filters}
    gap = Gap.NAME if lookup.path in _NAMES and filters <= _KEEPS_NAMES else Gap.TEXT
    is_something = len(lookup.path) == 2 and lookup.path not in _MAY_BE_NOTHING
    return (Gap.LETTER, gap) if is_something and filters <= _KEEPS_LETTERS else (gap,)


def _plain(text: str, *, folds: bool) -> str:
    plain = _EMPTY_STEPS.sub("/", text)
    return unicodedata.normalize("NFC", plain).casefold() if folds else plain


_Stand = tuple[int, int, bool]
"""How far the walk came in each pattern, and whether the path ends in "/" there."""


class _Walk:
    """Goes through two patterns at once, a letter of a common path at a time. Steps that are called "." or nothing are none."""

    def __init__(self, one: Letters, other: Letters) -> None:
        self._one, self._other = one, other
        self._ends = _droppable_from(one), _droppable_from(other)

    def arrives(self, effort: Effort) -> bool:
        waiting: list[_Stand] = [(0, 0, False)]
        seen = set(waiting)
        while waiting:
            effort.steps += _OF_A_STAND
            at, there, is_new = waiting.pop()
            if at >= self._ends[0] and there >= self._ends[1]:
                return True
            for stand in self._onwards(at, there, is_new=is_new):
                if stand not in seen:
                    seen.add(stand)
                    waiting.append(stand)
        return False

    def _onwards(self, at: int, there: int, *, is_new: bool) -> Iterator[_Stand]:
        for step in _skipped(self._one, at, is_new=is_new):
            yield step, there, is_new
        for step in _skipped(self._other, there, is_new=is_new):
            yield at, step, is_new
        here, beside = self._one[at : at + 1], self._other[there : there + 1]
        if here and beside:
            yield from _shared(at, there, here[0], beside[0])


def _shared(at: int, there: int, here: str | Gap, beside: str | Gap) -> Iterator[_Stand]:
    """Yield where one more letter of both leads; "a" stands for all that are not "/" where neither says which."""
    said = {each for each in (here, beside) if isinstance(each, str)}
    for letter in said or {"a", "/"}:
        if len(said) < 2 and _takes(here, letter) and _takes(beside, letter):
            yield at + _step(here), there + _step(beside), letter == "/"


def _takes(part: str | Gap, letter: str) -> bool:
    return part == letter or part is Gap.TEXT or (isinstance(part, Gap) and letter != "/")


def _step(part: str | Gap) -> int:
    """Return how far a letter leads: gaps may go on."""
    return 0 if part in (Gap.TEXT, Gap.NAME) else 1


def _skipped(letters: Letters, at: int, *, is_new: bool) -> Iterator[int]:
    """Yield what may follow without a letter: a gap may be empty, and a step may be none."""
    if at >= len(letters):
        return
    if (
        letters[at] in (Gap.TEXT, Gap.NAME)
        or (is_new and letters[at] == "/")
        or (is_new and letters[at] == "." and all(_may_end(each) for each in letters[at + 1 : at + 2]))
    ):
        yield at + 1


def _droppable_from(letters: Letters) -> int:
    """Return from where on all of a pattern may be nothing, at the end of a path."""
    at = len(letters)
    while at and (_may_end(letters[at - 1]) or (letters[at - 1] == "." and _may_end(letters[at - 2]))):
        at -= 1
    return at


def _may_end(letter: str | Gap) -> bool:
    """Say whether a step may end before this."""
    return letter in (Gap.TEXT, Gap.NAME, "/")
