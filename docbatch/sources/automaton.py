"""Many patterns matched at once, a folder at a time: the places in them from which a match is possible are bits of a number.

What is done for one name of a path does not depend on how many patterns there are, but for those that only a regular
expression can say, and the same holds for how often `**` stands in them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_DOT = b"."


@dataclass(frozen=True, slots=True, eq=False)
class PatternPart:
    """One segment of a pattern: `head` alone, `head*tail`, what only a regular expression can say, or `**`.

    What the expression accepts begins, ends and has in it what `hints` say, which is looked at first.
    """

    hidden: bool
    head: bytes = b""
    tail: bytes | None = None
    regex: re.Pattern[str] | None = None
    deep: bool = False
    hints: tuple[bytes, bytes, bytes] = (b"", b"", b"")

    @property
    def is_literal(self) -> bool:
        return self.tail is None and self.regex is None and not self.deep

    def accepts(self, name: bytes) -> bool:
        if self.deep:
            return self.hidden or name[:1] != _DOT
        if self.regex is not None:
            return self.regex.fullmatch(name.decode(errors="surrogateescape")) is not None
        if self.tail is None:
            return name == self.head
        fits = len(name) >= len(self.head) + len(self.tail)
        dotted = not self.hidden and not self.head and name[:1] == _DOT
        return fits and not dotted and name.startswith(self.head) and name.endswith(self.tail)


PatternParts = tuple[PatternPart, ...]
_Ends = dict[tuple[bytes, bytes], int]


class Automaton:
    """Patterns, each a sequence of segments that ends in one that is no `**`. A set of places is a number.

    `start` is where the root is, `covers` holds the places that match everything below a folder. `tried` counts how often
    a name was held against one segment alone.
    """

    def __init__(self, patterns: Sequence[PatternParts]) -> None:
        self.start = self.covers = self._last = self._deep = self._deep_hidden = 0
        self._names: list[PatternPart] = [segment for pattern in patterns for segment in pattern]
        self._owners: list[int] = [index for index, pattern in enumerate(patterns) for _ in pattern]
        self._literals: dict[bytes, int] = {}
        self._regexes: dict[tuple[int, int], dict[tuple[bytes, bytes], dict[PatternPart, int]]] = {}
        self.tried = 0
        self._ends: dict[tuple[int, int], _Ends] = {}
        self._dotted_ends: dict[tuple[int, int], _Ends] = {}
        place = 1
        for pattern in patterns:
            self.start |= place
            for segment in pattern:
                self._add(segment, place)
                place <<= 1
            self._last |= place >> 1
            if _is_all(pattern[-2:]):
                self.covers |= place >> 2
        self.start = self._close(self.start)

    def enter(self, places: int, folder: bytes) -> int:
        """Go one folder down."""
        deep = self._deep_hidden if folder[:1] == _DOT else self._deep
        stepped = places & ~self._last
        reached = (places & deep) | (stepped & self._accepting(stepped, folder)) << 1
        return self._close(reached)

    def matched(self, places: int, name: bytes) -> int:
        """Return the places at which patterns end that select a file of this name."""
        ending = places & self._last
        return ending & self._accepting(ending, name) if ending else 0

    def owners(self, places: int) -> Iterator[int]:
        """Yield the patterns that places are in, by their number."""
        yield from (self._owners[index] for index in _bits(places))

    def ending(self, places: int) -> list[PatternPart]:
        """Return the last segments of patterns that say which files of a folder are selected, each once."""
        return list(dict.fromkeys(self._names[index] for index in _bits(places & self._last)))

    def _add(self, segment: PatternPart, place: int) -> None:
        if segment.deep:
            self._deep |= place
            self._deep_hidden |= place if segment.hidden else 0
        elif segment.regex is not None:
            start, end, _ = segment.hints
            alike = self._regexes.setdefault((len(start), len(end)), {}).setdefault((start, end), {})
            alike[segment] = alike.get(segment, 0) | place
        elif segment.tail is None:
            self._literals[segment.head] = self._literals.get(segment.head, 0) | place
        else:
            self._add_ends(self._ends, segment, segment.tail, place)
            if segment.hidden or segment.head:
                self._add_ends(self._dotted_ends, segment, segment.tail, place)

    def _add_ends(
        self, tables: dict[tuple[int, int], _Ends], segment: PatternPart, tail: bytes, place: int
    ) -> None:
        table = tables.setdefault((len(segment.head), len(tail)), {})
        table[segment.head, tail] = table.get((segment.head, tail), 0) | place

    def _accepting(self, places: int, name: bytes) -> int:
        """Return the places whose segments accept a name; of those with a regular expression only among `places`."""
        accepting = self._literals.get(name, 0)
        size = len(name)
        for (head, tail), table in (self._dotted_ends if name[:1] == _DOT else self._ends).items():
            if size >= head + tail:
                accepting |= table.get((name[:head], name[size - tail :]), 0)
        for (start, end), expressions in self._regexes.items():
            alike = expressions.get((name[:start], name[size - end :])) if size >= start + end else None
            if alike and places:
                self.tried += len(alike)
                for segment, wanted in alike.items():
                    if segment.hints[2] in name and wanted & places and segment.accepts(name):
                        accepting |= wanted
        return accepting

    def _close(self, places: int) -> int:
        """Add the places behind `**`, which may stand for no folder at all."""
        return places | (places & self._deep) << 1


def _is_all(end: PatternParts) -> bool:
    return len(end) == 2 and end[0].deep and end[1].tail == b"" and not end[1].head


def _bits(places: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set."""
    digits = f"{places:b}"[::-1]
    index = digits.find("1")
    while index >= 0:
        yield index
        index = digits.find("1", index + 1)
