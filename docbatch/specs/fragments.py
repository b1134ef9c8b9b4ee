"""What specs extend: parts of jobs in files of their own, read once however many jobs take them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import get_args

from docbatch.core.errors import Problem, SpecError
from docbatch.fields import ApiVersion
from docbatch.naming.closest import closest
from docbatch.specs.checkout import real
from docbatch.specs.forbidden_places import forbidden
from docbatch.specs.job import MOST_EXTENDED
from docbatch.specs.job_documents import SpecTexts
from docbatch.specs.merging import merge, weight, without
from docbatch.specs.nodes import Node, show_path
from docbatch.specs.nodes import Path as Steps
from docbatch.specs.project_file import show_file
from docbatch.specs.size import TooLarge
from docbatch.specs.values import DeclaredProject

KEY = "extends"
MOST_LEVELS = 8
"""So many fragments lie above each other."""
_WHAT = "a fragment is one mapping, with any part of a job but its name"
_MOST_NEIGHBOURS = 1000


@dataclass(frozen=True, slots=True)
class Extended:
    """What a file says together with what it extends. `files` are those of its fragments, as messages name them."""

    node: Node
    weight: int
    files: frozenset[str] = frozenset()
    levels: int = 1


@dataclass(frozen=True, slots=True)
class _Unusable:
    """What is wrong with a fragment: `fault` is told where it is extended, `problems` in the fragment."""

    fault: tuple[str, str | None] | None = None
    problems: Sequence[Problem] = ()


class _TooDeep(SpecError):
    """Whether fragments are too many above each other depends on where one began."""


@dataclass
class FragmentReader:
    """Puts specs together with what they extend. `named` are the files that anything extends, each with the place that does so first."""

    project: DeclaredProject
    texts: SpecTexts
    named: dict[Path, str] = field(default_factory=dict)
    _known: dict[Path, Extended | _Unusable] = field(default_factory=dict)
    _above: list[Path] = field(default_factory=list)

    def extended(self, node: Node) -> Extended:
        """Return a mapping with what it extends. Raises SpecError with all that keeps it from that."""
        problems: list[Problem] = []
        found: list[Extended] = []
        for entry in _entries(node):
            try:
                found.append(self._fragment(entry))
            except (TooLarge, _TooDeep):
                raise
            except SpecError as error:
                problems += error.problems
        if problems:
            raise SpecError(problems)
        return self._merged(without(node, KEY), found)

    def _merged(self, own: Node, found: Sequence[Extended]) -> Extended:
        self.texts.size.add_made(weight(own) + sum(each.weight for each in found), own.mark)
        merged = found[0].node
        for part in (*(each.node for each in found[1:]), own):
            merged = merge(merged, part)
        files = frozenset(file for each in found for file in each.files)
        return Extended(merged, weight(merged), files, 1 + max(each.levels for each in found))

    def _fragment(self, entry: "_Entry") -> Extended:
        file = self._file(entry)
        if file in self._above:
            ring = [*self._above[self._above.index(file) :], file]
            names = " → ".join(show_file(each, self.project.here) for each in ring)
            raise entry.refused("this extends itself", f"remove one of them: {names}")
        found = self._known.get(file)
        levels = found.levels if isinstance(found, Extended) else 1
        if levels + len(self._above) > MOST_LEVELS:
            told = f"fragments extend each other more than {MOST_LEVELS} deep"
            raise _TooDeep(entry.refused(told, "let one of them say what several say").problems)
        if found is None:
            found = self._known[file] = self._read(file)
        if isinstance(found, _Unusable):
            raise SpecError(found.problems) if found.fault is None else entry.refused(*found.fault)
        return found

    def _file(self, entry: "_Entry") -> Path:
        text = entry.text()
        file = Path(os.path.normpath(self.project.root / text))
        if told := forbidden(self.project.root, text, file, is_written=False):
            raise entry.refused(*told)
        if told := self.project.checkout.fault(file):
            raise entry.refused(*told)
        if not os.path.lexists(file):
            raise entry.refused(f"there is no file {text}", self._instead_of(text, entry))
        found = real(file)
        self.named.setdefault(found, entry.place)
        return found

    def _instead_of(self, text: str, entry: "_Entry") -> str:
        beside = self.project.here / Path(entry.node.mark.file).parent / text
        if os.path.lexists(beside):
            return (
                f"paths are relative to the project root: write {os.path.relpath(beside, self.project.root)}"
            )
        folder = Path(text).parent
        names: list[str] = []
        with suppress(OSError, ValueError):
            names = sorted(
                each.name for each in islice((self.project.root / folder).iterdir(), _MOST_NEIGHBOURS)
            )
        near = closest(Path(text).name, names)
        return f"did you mean {folder / near}?" if near else "paths are relative to the project root"

    def _read(self, file: Path) -> "Extended | _Unusable":
        shown = show_file(file, self.project.here)
        try:
            nodes = self.texts.documents(file, shown)
        except TooLarge:
            raise
        except SpecError as error:
            return _as_unusable(error)
        if len(nodes) != 1 or not isinstance(nodes[0].content, dict):
            holds = f"{len(nodes):,} documents" if len(nodes) > 1 else nodes[0].kind if nodes else "nothing"
            return _Unusable((f"{shown} holds {holds}", _WHAT))
        if problems := tuple(_misplaced(nodes[0])):
            return _Unusable(problems=problems)
        return self._with_own(file, shown, without(nodes[0], "apiVersion"))

    def _with_own(self, file: Path, shown: str, own: Node) -> "Extended | _Unusable":
        if own.child(KEY) is None:
            return Extended(own, weight(own), frozenset({shown}))
        self._above.append(file)
        try:
            found = self.extended(own)
        except (TooLarge, _TooDeep):
            raise
        except SpecError as error:
            return _Unusable(problems=error.problems)
        finally:
            self._above.pop()
        return Extended(found.node, found.weight, found.files | {shown}, found.levels)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One of what a file extends, and where it is written."""

    node: Node
    steps: Steps

    @property
    def place(self) -> str:
        return f"{self.node.mark.file}:{self.node.mark.line}"

    def text(self) -> str:
        if isinstance(self.node.content, str) and self.node.content:
            return self.node.content
        found = "empty text" if self.node.content == "" else self.node.kind
        hint = "write it as in fragments/base.yaml, relative to the project root"
        raise self.refused(f"the path of a fragment is needed, and this is {found}", hint)

    def refused(self, message: str, hint: str | None) -> SpecError:
        return SpecError([_problem(self.node, self.steps, message, hint)])


def _entries(node: Node) -> Iterator[_Entry]:
    """Yield what a mapping extends, in its order. Raises SpecError where that are too many, or none."""
    written = node.child(KEY)
    assert written is not None
    if not isinstance(written.content, tuple):
        yield _Entry(written, (KEY,))
        return
    if not 1 <= len(written.content) <= MOST_EXTENDED:
        told = f"one file extends 1 to {MOST_EXTENDED} fragments, and these are {len(written.content)}"
        hint = "name some, remove the key, or have a fragment extend several of them"
        raise SpecError([_problem(written, (KEY,), told, hint)])
    for index, each in enumerate(written.content):
        yield _Entry(each, (KEY, index))


def _misplaced(node: Node) -> Iterator[Problem]:
    """Yield what a fragment must not say: what each job says for itself."""
    if named := node.child("name"):
        told = "a fragment has no name: each job that extends it has its own"
        yield _problem(named, ("name",), told, "remove the key; what has a name is a job, which none extends")
    version = node.child("apiVersion")
    if version is not None and version.content not in get_args(ApiVersion):
        yield _problem(version, ("apiVersion",), f"this must be {', '.join(get_args(ApiVersion))}", None)


def _as_unusable(error: SpecError) -> _Unusable:
    """Have what concerns a file as a whole told where it is named, and the rest in the file."""
    whole = next((each for each in error.problems if each.line is None), None)
    if whole is None:
        return _Unusable(problems=error.problems)
    return _Unusable((f"{whole.file}: {whole.message}", whole.hint))


def _problem(node: Node, steps: Steps, message: str, hint: str | None) -> Problem:
    mark = node.mark
    return Problem(mark.file, mark.line, mark.column, show_path(steps), message, hint)
