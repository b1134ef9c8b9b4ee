"""The matrix of a job: values by name, of which each combination is a cell, and each cell a job with a name of its own."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from docbatch import fields
from docbatch.core.errors import Problem, SpecError
from docbatch.naming.closest import closest, listed, short
from docbatch.specs.merging import weight
from docbatch.specs.nodes import Mark, Node, Step, show_path

KEY = "matrix"
EXCLUDE = "exclude"
_NO_AXIS = "include"
_SHAPE = 'write as in country: [de, fr], or country: [{name: de, folder: "in/germany"}]'

Cell = Mapping[str, Node]
"""A value of each axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One name of a matrix, and its values; each has a word that tells it from the others."""

    name: str
    values: Mapping[str, Node]

    @property
    def heaviest(self) -> int:
        return max(map(weight, self.values.values()))


class JobMatrix:
    """What a matrix says, in order. Raises SpecError with all that is wrong with it."""

    def __init__(self, node: Node) -> None:
        self.mark = node.mark
        self._problems: list[Problem] = []
        self.axes = tuple(self._axes(node))
        left_out = node.child(EXCLUDE)
        self._excluded = [] if left_out is None else list(self._exclusions(left_out))
        if not self.axes and not self._problems:
            self._report(node, (), "the matrix has no values", _SHAPE)
        if self._problems:
            raise SpecError(self._problems)

    @property
    def size(self) -> int:
        """How many cells there are, those that are left out among them."""
        return prod(len(axis.values) for axis in self.axes)

    def cells(self) -> Iterator[tuple[Sequence[str], Cell]]:
        """Yield the cells that are not left out, each with the words of its values."""
        names = [axis.name for axis in self.axes]
        for words in itertools.product(*(axis.values for axis in self.axes)):
            said = dict(zip(names, words, strict=True))
            if not any(each.items() <= said.items() for each in self._excluded):
                yield words, {axis.name: axis.values[said[axis.name]] for axis in self.axes}

    def _axes(self, node: Node) -> Iterator[Axis]:
        if not isinstance(node.content, dict):
            self._report(node, (), f"a mapping is needed, and this is {node.kind}", _SHAPE)
            return
        for name, values in node.content.items():
            if name == EXCLUDE:
                continue
            if name == _NO_AXIS or not re.match(fields.WORD, name):
                hint = "a name here has letters, digits and _, and begins with no digit"
                if name == _NO_AXIS:
                    hint = "write every value under its name, and leave combinations out by exclude:"
                self._report_at(node.keys[name], (name,), f"no values of a matrix are called {name}", hint)
            elif not isinstance(values.content, tuple) or not values.content:
                found = "an empty list" if values.content == () else values.kind
                self._report(values, (name,), f"a list of values is needed, and this is {found}", _SHAPE)
            else:
                yield Axis(name, dict(self._values(name, values.content)))

    def _values(self, name: str, values: Sequence[Node]) -> Iterator[tuple[str, Node]]:
        first: dict[str, Node] = {}
        for index, value in enumerate(values):
            word = word_of(value)
            if word is None:
                told = f"a value is text, a number, true or false, or a mapping with a name, and this is {value.kind}"
                self._report(value, (name, index), told, _SHAPE)
            elif word in first:
                line = first[word].mark.line
                told = f"the value {short(word)} is written twice"
                self._report(value, (name, index), told, f"the first one is in line {line}")
            else:
                first[word] = value
                yield word, value

    def _exclusions(self, node: Node) -> Iterator[Mapping[str, str]]:
        if not isinstance(node.content, tuple):
            hint = "write as in exclude: [{country: fr, kind: receipts}]"
            self._report(node, (EXCLUDE,), f"a list is needed, and this is {node.kind}", hint)
            return
        for index, entry in enumerate(node.content):
            if isinstance(entry.content, dict) and entry.content:
                yield dict(self._exclusion((EXCLUDE, index), entry.content, entry.keys))
            else:
                told = f"a mapping of names to values is needed, and this is {entry.kind if entry.content != {} else 'an empty one'}"
                self._report(entry, (EXCLUDE, index), told, "write as in {country: fr, kind: receipts}")

    def _exclusion(
        self, path: tuple[Step, ...], entry: Mapping[str, Node], keys: Mapping[str, Mark]
    ) -> Iterator[tuple[str, str]]:
        axes = {axis.name: axis for axis in self.axes}
        for name, value in entry.items():
            word = word_of(value)
            if name not in axes:
                told = f"the matrix has no {name}"
                self._report_at(keys[name], (*path, name), told, _near(name, axes, "it has"))
            elif word is None or word not in axes[name].values:
                told = f"{name} has no value {value.kind if word is None else short(word)}"
                self._report(value, (*path, name), told, _near(word or "", axes[name].values, "it has"))
            else:
                yield name, word

    def _report(self, node: Node, path: tuple[Step, ...], message: str, hint: str | None) -> None:
        self._report_at(node.mark, path, message, hint)

    def _report_at(self, mark: Mark, path: tuple[Step, ...], message: str, hint: str | None) -> None:
        shown = show_path((KEY, *path))
        self._problems.append(Problem(mark.file, mark.line, mark.column, shown, message, hint))


def word_of(value: Node) -> str | None:
    """Return what tells a value of a matrix from the others: a text or number as it is written, the name of a mapping."""
    named = value.child("name") if isinstance(value.content, dict) else value
    if named is None or named.content is None or isinstance(named.content, dict | tuple):
        return None
    return named.text


def slug(word: str) -> str:
    """Return what a value adds to the name of a job."""
    return re.sub(r"[^a-z0-9_]+", "-", word.lower()).strip("-")


def _near(word: str, known: Mapping[str, object], otherwise: str) -> str:
    close = closest(word, known)
    return f"did you mean {close}?" if close else f"{otherwise} {listed(known)}"
