"""How much all specs of a project may say together: what reads and compares them takes time and memory for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from docbatch.core.errors import Problem, SpecError
from docbatch.sources.globs import compile_patterns
from docbatch.specs.nodes import Mark
from docbatch.specs.values import Job


@dataclass(frozen=True, slots=True)
class LargestSpecs:
    """How much there may be; `made` of what fragments and matrices come to, written out, `patterns` once their braces are spread out, `listed` documents in lists.

    `everywhere` counts jobs once for each environment, `compared` what comparing the paths of their outputs takes.
    """

    characters: int = 4 * 1024 * 1024
    made: int = 16 * 1024 * 1024
    jobs: int = 10_000
    patterns: int = 50_000
    listed: int = 300_000
    everywhere: int = 60_000
    compared: int = 20_000_000


OWN = LargestSpecs()
UNTRUSTED = LargestSpecs(
    characters=2 * 1024 * 1024,
    made=2 * 1024 * 1024,
    jobs=2_000,
    patterns=20_000,
    listed=100_000,
    everywhere=6_000,
    compared=5_000_000,
)
_SPREAD = "divide the project into several, each with a docbatch.yaml of its own"


class TooLarge(SpecError):
    """A bound is passed: nothing more is to be read, or made of what was read."""


class Size:
    """Adds up what was read, and what is about to be made of it."""

    def __init__(self, bounds: LargestSpecs) -> None:
        self._bounds = bounds
        self._characters = self._made = self._cells = self._jobs = self._patterns = self._listed = 0

    def add_text(self, text: str, file: str) -> None:
        """Raises TooLarge."""
        self._characters += len(text)
        if self._characters > self._bounds.characters:
            told = self._told(self._bounds.characters, "characters")
            self._refuse(Problem(file, None, None, "", told, _SPREAD))

    def add_made(self, weight: int, mark: Mark) -> None:
        """Count what a fragment or a matrix at `mark` is about to make, see `merging.weight`. Raises TooLarge."""
        self._made += weight
        if self._made > self._bounds.made:
            told = self._told(self._bounds.made, "characters, fragments and matrices written out")
            self._refuse(Problem(mark.file, mark.line, mark.column, "", told, _SPREAD))

    def add_cells(self, number: int, mark: Mark) -> None:
        """Count the jobs that a matrix at `mark` is about to make. Raises TooLarge."""
        self._cells += number
        if self._cells > self._bounds.jobs:
            told = self._told(self._bounds.jobs, "jobs of matrices")
            self._refuse(Problem(mark.file, mark.line, mark.column, "matrix", told, _SPREAD))

    def add_job(self, job: Job) -> None:
        """Raises TooLarge."""
        self._jobs += 1
        self._patterns += sum(_expanded(job))
        self._listed += _lines(job)
        for number, most, noun in (
            (self._jobs, self._bounds.jobs, "jobs"),
            (self._patterns, self._bounds.patterns, "patterns, braces spread out"),
            (self._listed, self._bounds.listed, "documents in lists"),
        ):
            if number > most:
                self._refuse(job.origin.problem(("source",), self._told(most, noun), _SPREAD))

    def _told(self, most: int, noun: str) -> str:
        return f"the specs of the project have more than {most:,} {noun}"

    def _refuse(self, problem: Problem) -> NoReturn:
        raise TooLarge([problem])


def _lines(job: Job) -> int:
    """Count the documents that a job lists, and the rows that say more of its documents."""
    listing, rules = job.source.listing, job.source.selection
    rows = 0 if rules is None or rules.rows is None else len(rules.rows.rows)
    return rows + (0 if listing is None else len(listing.documents))


def _expanded(job: Job) -> Iterator[int]:
    for pattern in job.source.written:
        yield len(compile_patterns([pattern], hidden=False)) if "{" in pattern else 1
