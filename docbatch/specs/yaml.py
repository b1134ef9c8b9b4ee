"""Strict YAML: what is written is what is meant.

Only `true` and `false` are booleans, only plain decimals are numbers, only `null`, `~` and nothing are null; everything
else is text. Duplicate keys, tags, merge keys and self-references are refused, and so is what grows or nests beyond
what a person would write.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from docbatch.core.errors import Problem, SpecError
from docbatch.specs.nodes import Mark, Node, Path, Scalar, show_path
from docbatch.specs.syntax import MAX_DEPTH, NESTED, describe, gave_up_on_nesting

MAX_NODES = 100_000
MAX_CHARACTERS = 4 * 1024 * 1024
MAX_DIGITS = 15

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "~": None, "": None}
_NO_ALIASES = "spread the jobs over several files, without aliases"


def parse(text: str, file: str) -> tuple[Node, ...]:
    """Return the documents of a YAML text, empty ones left out. Raises SpecError with all problems found."""
    composer = _Composer(text, file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    try:
        nodes = tuple(composer.documents())
    except yaml.YAMLError as error:
        if gave_up_on_nesting(error):
            _tell_nesting(text, file)
        raise SpecError(_with_syntax(composer.problems, describe(error, text, file))) from None
    if composer.problems:
        raise SpecError(composer.problems)
    return nodes


def _tell_nesting(text: str, file: str) -> None:
    """Raise SpecError with the place where nesting went too far.

    The C parser of newer releases has a limit of its own, and reads ahead past ours before it hands out what it read.
    The slower one stops where ours is passed.
    """
    with suppress(yaml.YAMLError):
        for _ in _Composer(text, file, yaml.SafeLoader).documents():
            pass


def _with_syntax(problems: list[Problem], syntax: Problem) -> list[Problem]:
    # One slip often shows twice in its line, first in what was read and then in what cannot be.
    told = any(problem.line == syntax.line for problem in problems)
    return problems if told else [*problems, syntax]


@dataclass(frozen=True, slots=True)
class _Anchor:
    """An anchored value and what one more use of it adds to the document. `height` counts the levels inside it."""

    node: Node
    nodes: int
    characters: int
    height: int


class _Composer:
    """Turns parser events into nodes and keeps count of what aliases make of them."""

    def __init__(self, text: str, file: str, loader: Any) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._events: Iterator[Any] = yaml.parse(text, Loader=loader)
        self._anchors: dict[str, _Anchor | None] = {}
        self._nodes = 0
        self._characters = 0
        self._depth = 0
        self._deepest = 0

    def documents(self) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors.clear()
                node = self._compose(next(self._events), ())
                if node.content is not None:
                    yield node

    def _compose(self, event: Any, path: Path) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if event.tag is not None:
            self._report(
                event,
                path,
                "tags such as !name are not supported",
                "put a value that begins with ! in quotes",
            )
        if event.anchor is not None:
            return self._anchored(event, path)
        return self._value(event, path)

    def _anchored(self, event: Any, path: Path) -> Node:
        self._anchors[event.anchor] = None
        nodes, characters, deepest = self._nodes, self._characters, self._deepest
        self._deepest = self._depth
        node = self._value(event, path)
        self._anchors[event.anchor] = _Anchor(
            node, self._nodes - nodes, self._characters - characters, self._deepest - self._depth
        )
        self._deepest = max(self._deepest, deepest)
        return node

    def _alias(self, event: Any, path: Path) -> Node:
        if event.anchor not in self._anchors:
            self._report(
                event,
                path,
                "this alias has no anchor",
                "put a value that begins with * in quotes, such as '*.pdf'",
            )
        elif anchor := self._anchors[event.anchor]:
            self._count(event, path, anchor.nodes, anchor.characters)
            self._reach(event, path, anchor.height)
            return anchor.node
        else:
            self._report(
                event, path, "this alias refers to the value that contains it", "write the value out"
            )
        return Node(self._mark(event), None)

    def _value(self, event: Any, path: Path) -> Node:
        self._reach(event, path)
        self._count(event, path, 1, len(getattr(event, "value", "")))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        self._depth += 1
        mapping = isinstance(event, yaml.MappingStartEvent)
        node = self._mapping(event, path) if mapping else Node(self._mark(event), tuple(self._items(path)))
        self._depth -= 1
        return node

    def _reach(self, event: Any, path: Path, height: int = 0) -> None:
        """Note how deep values are nested. A path does not tell: it has no step for what a key is made of."""
        self._deepest = max(self._deepest, self._depth + height)
        if self._deepest > MAX_DEPTH:
            self._stop(event, path[:3], *NESTED)

    def _items(self, path: Path) -> Iterator[Node]:
        index = 0
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._compose(event, (*path, index))
            index += 1

    def _mapping(self, start: Any, path: Path) -> Node:
        content: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            value = self._compose(next(self._events), path if key is None else (*path, key))
            if key is None:
                continue
            if key in keys:
                self._report(
                    event,
                    (*path, key),
                    "this key is written twice",
                    f"the first one is in line {keys[key].line}",
                )
            content.setdefault(key, value)
            keys.setdefault(key, self._mark(event))
        return Node(self._mark(start), content, keys=keys)

    def _key(self, event: Any, path: Path) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            self._odd_key(event, path)
            return None
        self._count(event, path, 0, len(event.value))
        key: str = event.value
        if reason := _key_fault(event):
            self._report(event, path, *reason)
            return None
        return key

    def _odd_key(self, event: Any, path: Path) -> None:
        told = len(self.problems)
        if not isinstance(event, yaml.AliasEvent):
            self._compose(event, path)
        if len(self.problems) == told:
            self._report(
                event, path, "a key must be plain text", "put a value that contains {{ … }} in quotes"
            )

    def _scalar(self, event: Any, path: Path) -> Node:
        text: str = event.value
        content: Scalar = text
        if _unprintable(text):
            self._report(
                event, path, "the text contains a NUL or half a character", "remove the escape that makes it"
            )
        elif event.implicit[0]:
            content = self._resolve(event, path)
        return Node(self._mark(event), content, text)

    def _resolve(self, event: Any, path: Path) -> Scalar:
        text: str = event.value
        if text in _WORDS:
            return _WORDS[text]
        if not (_INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text)):
            return text
        if sum(map(str.isdigit, text)) > MAX_DIGITS:
            self._report(
                event,
                path,
                f"a number may have {MAX_DIGITS} digits",
                "put it in quotes if it is a name or an id",
            )
            return text
        number = float(text)
        # JSON Schema counts 50.0 as an integer, so the models must see one.
        return int(number) if number.is_integer() else number

    def _count(self, event: Any, path: Path, nodes: int, characters: int) -> None:
        self._nodes += nodes
        self._characters += characters
        if self._nodes > MAX_NODES:
            self._stop(event, path, f"the file grows to more than {MAX_NODES:,} values, aliases written out")
        if self._characters > MAX_CHARACTERS:
            self._stop(
                event, path, f"the file grows to more than {MAX_CHARACTERS:,} characters, aliases written out"
            )

    def _report(self, event: Any, path: Path, message: str, hint: str | None) -> None:
        mark = self._mark(event)
        self.problems.append(Problem(self._file, mark.line, mark.column, show_path(path), message, hint))

    def _mark(self, event: Any) -> Mark:
        return Mark(event.start_mark.line + 1, event.start_mark.column + 1, self._file)

    def _stop(self, event: Any, path: Path, message: str, hint: str = _NO_ALIASES) -> NoReturn:
        self._report(event, path, message, hint)
        raise SpecError(self.problems)


def _key_fault(event: Any) -> tuple[str, str] | None:
    if event.tag is not None:
        return "tags such as !name are not supported", "put a key that begins with ! in quotes"
    if event.value == "":
        return "the key is empty", "write a name before the colon"
    if event.value == "<<" and event.implicit[0]:
        return (
            "merge keys (<<) are not supported",
            "write the lines out, or into a file that the jobs name under extends:",
        )
    if _unprintable(event.value):
        return "the key contains a NUL or half a character", "remove the escape that makes it"
    return None


def _unprintable(text: str) -> bool:
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)
