"""What a file called .docbatchignore leaves out, line by line, in the manner of git.

A line is a pattern, a remark that begins with # or empty. The last line that matches decides, and one that begins with !
takes in again. A pattern with a / other than at its end is one of paths below the file's folder, others are of names at any
depth below it; a / at the end means folders only. `*`, `?` and classes stay within a name, and `**` is any number of folders.
All lines are asked at once, and no expression tries anything twice, whatever it is made of.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from docbatch.sources.automaton import Automaton, PatternPart

IGNORE_FILE = b".docbatchignore"
MOST_BYTES = 1 << 20
MOST_LINES = 10_000
_DEEP = PatternPart(hidden=True, deep=True)
_ANY = PatternPart(hidden=True, head=b"", tail=b"")
_SPACES = re.compile(r"((?:\\.|[^\\])*?)[ ]*", re.DOTALL)
_MAGIC = re.compile(r"[*?\[\\]")
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


@dataclass(frozen=True, slots=True)
class IgnoreLine:
    """A line that matches something. `is_back` takes in again what lines above it leave out."""

    number: int
    is_back: bool
    only_folders: bool
    parts: tuple[PatternPart, ...]


class IgnoreRules:
    """The lines of one file, called `file` in messages."""

    def __init__(self, content: bytes, file: str = "") -> None:
        self.file = file
        self.lines = list(_lines(content.decode("utf-8-sig", "surrogateescape")))
        self.automaton = Automaton([line.parts for line in self.lines])

    def deciding(self, places: int, name: bytes, *, is_folder: bool) -> IgnoreLine | None:
        """Return the line that decides about a name, where some does."""
        matched = self.automaton.matched(places, name)
        if not matched:
            return None
        found = (self.lines[index] for index in self.automaton.owners(matched))
        return max(
            (line for line in found if is_folder or not line.only_folders),
            key=lambda line: line.number,
            default=None,
        )


@dataclass(frozen=True, slots=True)
class IgnoreScope:
    """The files that have a say in one folder, the nearest last, each with the places in its patterns that were reached."""

    layers: tuple[tuple[IgnoreRules, int], ...] = ()

    def under(self, rules: IgnoreRules) -> "IgnoreScope":
        """Return the scope of the same folder with a file of its own."""
        return IgnoreScope((*self.layers, (rules, rules.automaton.start)))

    def enter(self, folder: bytes) -> "IgnoreScope":
        """Return the scope of a subfolder."""
        entered = ((rules, rules.automaton.enter(places, folder)) for rules, places in self.layers)
        return IgnoreScope(tuple(layer for layer in entered if layer[1]))

    def decided(self, name: bytes, *, is_folder: bool) -> tuple[IgnoreRules, IgnoreLine] | None:
        """Return the line that decides about a name of this folder, and its file; None where no line does."""
        for rules, places in reversed(self.layers):
            line = rules.deciding(places, name, is_folder=is_folder)
            if line is not None:
                return rules, line
        return None

    def has(self, name: bytes, *, is_folder: bool) -> bool:
        """Say whether a name is left out."""
        found = self.decided(name, is_folder=is_folder)
        return found is not None and not found[1].is_back

    @property
    def tried(self) -> int:
        """How often a name was held against one expression alone."""
        return sum(rules.automaton.tried for rules, _ in self.layers)


def _lines(text: str) -> Iterator[IgnoreLine]:
    for number, line in enumerate(text.split("\n"), start=1):
        made = _line(line.removesuffix("\r"), number)
        if made is not None:
            yield made


def _line(written: str, number: int) -> IgnoreLine | None:
    if written.startswith("#"):
        return None
    trimmed = _SPACES.fullmatch(written)
    text = written if trimmed is None else trimmed[1]
    is_back = text.startswith("!")
    text = text.removeprefix("!")
    only_folders = text.endswith("/")
    text = text.removesuffix("/")
    is_path = "/" in text
    steps = text.removeprefix("/").split("/")
    if "" in steps:
        return None
    parts = [_DEEP if step == "**" and is_path else _part(step) for step in steps]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if not is_path:
        known.insert(0, _DEEP)
    if known[-1].deep:
        known.append(_ANY)
    return IgnoreLine(number, is_back, only_folders, tuple(known))


def _part(step: str) -> PatternPart | None:
    """Return one step of a pattern; None where it can match nothing."""
    if not _MAGIC.search(step):
        return PatternPart(hidden=True, head=step.encode(errors="surrogateescape"))
    head, _, tail = step.partition("*")
    if not _MAGIC.search(head + tail):
        first, last = (text.encode(errors="surrogateescape") for text in (head, tail))
        return PatternPart(hidden=True, head=first, tail=last)
    regex = _expression(step)
    return None if regex is None else PatternPart(hidden=True, regex=re.compile(regex, re.DOTALL))


def _expression(step: str) -> str | None:
    """Translate a step. What stands between two stars is looked for from the left, and never anew."""
    chunks = [""]
    at = 0
    while at < len(step):
        char = step[at]
        at += 1
        if char == "*":
            chunks.append("")
        elif char == "?":
            chunks[-1] += "."
        elif char == "[":
            found = _class(step, at)
            if found is None:
                return None
            chunks[-1] += found[0]
            at = found[1]
        elif char == "\\":
            if at == len(step):
                return None
            chunks[-1] += re.escape(step[at])
            at += 1
        else:
            chunks[-1] += re.escape(char)
    first, *middle = chunks
    if not middle:
        return first
    *inner, last = middle
    return first + "".join(f"(?>.*?{chunk})" for chunk in inner if chunk) + ".*" + last


def _class(step: str, at: int) -> tuple[str, int] | None:
    """Translate a class from behind its bracket; return it and where it ends, None where it has no end."""
    negated = step[at : at + 1] in ("!", "^")
    at += negated
    found = ""
    start = at
    while at < len(step):
        if step[at] == "]" and at > start:
            # Nothing is within a range that ends before it begins.
            named_any = (f"[^{found}]" if negated else f"[{found}]") if found else ("." if negated else None)
            return None if named_any is None else (named_any, at + 1)
        named = re.compile(r"\[:([a-z]+):\]").match(step, at)
        if named is not None:
            if named[1] not in _CLASSES:
                return None
            found += _CLASSES[named[1]]
            at = named.end()
            continue
        low, at = _character(step, at)
        if step[at : at + 1] == "-" and step[at + 1 : at + 2] not in ("", "]"):
            high, at = _character(step, at + 1)
            found += f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
        else:
            found += re.escape(low)
    return None


def _character(step: str, at: int) -> tuple[str, int]:
    if step[at] == "\\" and at + 1 < len(step):
        return step[at + 1], at + 2
    return step[at], at + 1
