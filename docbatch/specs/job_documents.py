"""Spec files as they are written, with what they extend: read all before one is judged, for only then it is known which are fragments."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.core.errors import Problem, SpecError
from docbatch.specs.checkout import Checkout, real
from docbatch.specs.nodes import Node, Origin
from docbatch.specs.problems import MOST_COUNTED
from docbatch.specs.project_file import show_file
from docbatch.specs.size import Size, TooLarge
from docbatch.specs.text import read
from docbatch.specs.values import DeclaredProject
from docbatch.specs.yaml import parse

if TYPE_CHECKING:
    from docbatch.specs.fragments import FragmentReader

_NO_MATRIX = "{} is not known: the job has no matrix"
_ADD_ONE = "add matrix: with its values, or extend a fragment that has one"


@dataclass
class SpecTexts:
    """Reads files of a checkout; together they are no larger than `size` allows. `mention_matrix` says that the word is in one of them."""

    checkout: Checkout
    size: Size
    mention_matrix: bool = False
    _known: dict[Path, tuple[Node, ...] | SpecError] = field(default_factory=dict)

    def documents(self, file: Path, shown: str) -> tuple[Node, ...]:
        """Return the YAML documents of a file, called `shown` in messages, empty ones left out. Raises SpecError."""
        place = real(file)
        found = self._known.get(place)
        if found is None:
            try:
                found = self._parsed(file, shown)
            except TooLarge:
                raise
            except SpecError as error:
                found = error
            self._known[place] = found
        if isinstance(found, SpecError):
            raise SpecError(found.problems)
        return found

    def _parsed(self, file: Path, shown: str) -> tuple[Node, ...]:
        text = read(file, shown, self.checkout)
        self.size.add_text(text, shown)
        self.mention_matrix = self.mention_matrix or "matrix" in text
        return parse(text, shown)


@dataclass
class SpecFile:
    """The documents of a file, and what is wrong with it, or with what it extends. No other is read after one that `is_last`."""

    file: Path
    shown: str
    documents: list[Origin] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    is_named: bool = False
    is_last: bool = False


class JobDocuments:
    """Reads spec files of a project, which together are bounded."""

    def __init__(self, project: DeclaredProject, size: Size) -> None:
        self._project = project
        self._texts = SpecTexts(project.checkout, size)
        self._fragments: FragmentReader | None = None

    def read(self, files: Iterable[Path]) -> list[SpecFile]:
        """Return what is in some files; where a bound is passed, or too much is wrong, no more of them."""
        found: list[SpecFile] = []
        counted = 0
        for file in files:
            found.append(spec := self._read(file))
            counted += len(spec.problems)
            if spec.is_last or counted > MOST_COUNTED:
                break
        return found

    def extended_at(self, file: Path) -> str | None:
        """Return the place where something that was read extends a file, None for one that nothing extends."""
        return None if self._fragments is None else self._fragments.named.get(real(file))

    def is_fragment(self, spec: SpecFile) -> bool:
        """Say whether a file is a part of jobs, and none itself. One that has a name is, and whoever extends it is told so."""
        return not spec.is_named and self.extended_at(spec.file) is not None

    def jobs(self, spec: SpecFile) -> Iterator[tuple[Origin, Sequence[Problem]]]:
        """Yield the jobs of a file, those of each cell of a matrix, with what keeps them from being one. Raises TooLarge."""
        for origin in spec.documents:
            try:
                yield from self._of_document(origin)
            except TooLarge:
                raise
            except SpecError as error:
                yield origin, [origin.named(problem) for problem in error.problems]

    def _of_document(self, origin: Origin) -> Iterator[tuple[Origin, Sequence[Problem]]]:
        if origin.node.child("matrix") is not None:
            from docbatch.specs.cells import jobs_of  # noqa: PLC0415 - few jobs have a matrix

            yield from jobs_of(origin, self._texts.size)
        elif not self._texts.mention_matrix:
            yield origin, ()
        else:
            from docbatch.specs.cells import strays  # noqa: PLC0415 - the same

            yield origin, [origin.named(each) for each in strays(origin.node, _NO_MATRIX, _ADD_ONE)]

    def _read(self, file: Path) -> SpecFile:
        spec = SpecFile(file, show_file(file, self._project.here))
        try:
            nodes = self._texts.documents(file, spec.shown)
            if not nodes:
                hint = "write a job into it, or remove the file; docbatch init shows one"
                raise SpecError([Problem(spec.shown, None, None, "", "the file holds no job", hint)])  # noqa: TRY301 - told as what it is beside others
            spec.is_named = any(node.child("name") is not None for node in nodes)
            for node in nodes:
                self._add(spec, Origin(file, spec.shown, node))
        except SpecError as error:
            spec.problems += error.problems
            spec.is_last = isinstance(error, TooLarge)
        return spec

    def _add(self, spec: SpecFile, origin: Origin) -> None:
        if origin.node.child("extends") is None:
            spec.documents.append(origin)
            return
        from docbatch.specs.fragments import FragmentReader  # noqa: PLC0415 - few projects have fragments

        if self._fragments is None:
            self._fragments = FragmentReader(self._project, self._texts)
        try:
            found = self._fragments.extended(origin.node)
        except TooLarge:
            raise
        except SpecError as error:
            spec.problems += (_of_job(origin, problem) for problem in error.problems)
        else:
            spec.documents.append(Origin(origin.file, origin.shown, found.node, found.files))


def _of_job(origin: Origin, problem: Problem) -> Problem:
    """Return a problem of what a job extends with the job, unless it stands in the job's own file."""
    return Origin(origin.file, origin.shown, origin.node, {problem.file} - {origin.shown}).named(problem)
