"""Counting work, which is the same on every machine, instead of measuring how long it takes."""

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

_parser: Any = importlib.import_module("re._parser")
_compiler: Any = importlib.import_module("re._compiler")
_ONE_CHARACTER = {"LITERAL", "NOT_LITERAL", "ANY", "IN"}
_NO_CHARACTER = {"AT", "ASSERT", "ASSERT_NOT"}
_LAZY, _GREEDY = "MIN_REPEAT", "MAX_REPEAT"

Then = Callable[[int], bool]
Part = Callable[[int, Then], bool]


def calls(act: Callable[[], object]) -> int:
    """Count the calls of functions that an act makes, those into C among them."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def steps(pattern: re.Pattern[str], text: str) -> int:
    """Count the steps of replacing a pattern all over a text, as an engine that backtracks makes them."""
    search = _Search(pattern, text)
    position = 0
    while position <= len(text):
        end = search.end(position)
        position = position + 1 if end is None or end == position else end
    return search.steps


class _Search:
    """Tries a pattern at one place after another. Knows what the patterns of docbatch are made of, and no more."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self.steps = 0
        self._text = text
        self._flags = pattern.flags
        self._groups: dict[int, tuple[int, int]] = {}
        self._whole = self._sequence(list(_parser.parse(pattern.pattern, pattern.flags)))

    def end(self, position: int) -> int | None:
        """Return where a match at a position ends."""
        ends: list[int] = []

        def note(end: int) -> bool:
            ends.append(end)
            return True

        return ends[0] if self._whole(position, note) else None

    def _sequence(self, nodes: list[Any]) -> Part:
        if not nodes:
            return lambda position, then: then(position)
        first, rest = self._part(*nodes[0]), self._sequence(nodes[1:])
        return lambda position, then: first(position, lambda after: rest(after, then))

    def _part(self, what: Any, of: Any) -> Part:
        name = str(what)
        if name in _ONE_CHARACTER | _NO_CHARACTER:
            return self._simple(what, of, width=int(name in _ONE_CHARACTER))
        if name == "SUBPATTERN":
            return self._group(of[0], self._sequence(list(of[3])))
        if name == "BRANCH":
            ways = [self._sequence(list(way)) for way in of[1]]
            return lambda position, then: any(way(position, then) for way in ways)
        if name == "GROUPREF":
            return lambda position, then: self._again(of, position, then)
        assert name in {_LAZY, _GREEDY}, f"not known here: {name}"
        least, most, inner = of
        return self._repeat(self._sequence(list(inner)), int(least), int(most), lazy=name == _LAZY)

    def _simple(self, what: Any, of: Any, width: int) -> Part:
        tree = _parser.SubPattern(_parser.State(), [(what, of)])
        accepts = _compiler.compile(tree, self._flags).match

        def part(position: int, then: Then) -> bool:
            self.steps += 1
            return accepts(self._text, position) is not None and then(position + width)

        return part

    def _group(self, number: int | None, inner: Part) -> Part:
        def part(position: int, then: Then) -> bool:
            def closed(after: int) -> bool:
                if number is not None:
                    self._groups[number] = position, after
                return then(after)

            return inner(position, closed)

        return part

    def _again(self, number: int, position: int, then: Then) -> bool:
        self.steps += 1
        begin, end = self._groups[number]
        found = self._text[begin:end]
        return self._text.startswith(found, position) and then(position + len(found))

    def _repeat(self, inner: Part, least: int, most: int, *, lazy: bool) -> Part:
        def part(position: int, then: Then) -> bool:
            ends = self._ends(inner, position, most)
            if lazy:
                return any(then(end) for number, end in enumerate(ends) if number >= least)
            return any(then(end) for end in reversed(list(ends)[least:]))

        return part

    def _ends(self, inner: Part, position: int, most: int) -> Iterator[int]:
        """Yield where so many repetitions end. What is repeated here matches in one way only at any place."""
        yield position
        for _ in range(min(most, len(self._text) + 1)):
            found: list[int] = []

            def note(end: int, found: list[int] = found) -> bool:
                found.append(end)
                return True

            if not inner(position, note):
                return
            position = found[0]
            yield position
