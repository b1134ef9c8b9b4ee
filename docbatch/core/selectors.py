"""Which jobs and documents a person means: selectors, with one meaning at every command. Pure.

Of several of one kind one is enough, of labels with different names each; what is selected by several kinds has all of it.
"""

import enum
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docbatch.core.next_steps import typed

Labels = Mapping[str, str | Collection[str]]
"""The values that labels of jobs may have, by name."""


class DocumentState(enum.StrEnum):
    """How a document stands, in the words of reports; one that is `new` is not recorded yet."""

    NEW = "new"
    PENDING = "pending"
    LIVE = "live"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    PROBLEM = "problem"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class DocumentStanding:
    """What selectors look at, beside a document's path.

    It `fails` where what became of it last makes the exit code 3. That was at `last` (wall time): 0 where nobody knows when it failed,
    None where nothing became of it yet, or where it was done and nobody knows when. `changed` are new documents, and such as differ from what was sent, in bytes or in
    how they are made.
    """

    state: str = DocumentState.NEW
    fails: bool = False
    last: float | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """What jobs and documents must have in common with. `jobs` and `labels` select jobs, the others documents.

    `paths` are patterns over paths relative to their sources' roots, `states` words of `DocumentState`. `changed` documents
    are new, or differ from what was sent; those that `failed` make the exit code 3. `older_than` is in seconds since what
    became of a document last.
    """

    jobs: Collection[str] = ()
    labels: Labels = field(default_factory=dict)
    paths: Sequence[str] = ()
    states: Collection[str] = ()
    changed: bool = False
    failed: bool = False
    older_than: float | None = None

    @property
    def are_any(self) -> bool:
        """Whether something is selected by at all."""
        return self.are_of_jobs or self.are_of_documents

    @property
    def are_of_jobs(self) -> bool:
        """Whether jobs are selected."""
        return bool(self.jobs or self.labels)

    @property
    def are_of_documents(self) -> bool:
        """Whether documents of jobs are."""
        return bool(self.paths) or self.ask_standing

    @property
    def ask_standing(self) -> bool:
        """Whether documents are selected by more than their paths."""
        return bool(self.states or self.changed or self.failed) or self.older_than is not None

    @property
    def options(self) -> str:
        """Return what a person types for it, each with a space before it."""
        return typed(self.pairs())

    def pairs(self) -> Iterator[tuple[str, str | None]]:
        """Yield each option and its value, None for one that has none."""
        yield from (("--job", each) for each in self.jobs)
        yield from (("--path", each) for each in self.paths)
        for name, value in self.labels.items():
            yield from (("--label", f"{name}={each}") for each in values(value))
        yield from (("--state", each) for each in self.states)
        if self.changed:
            yield "--changed", None
        if self.failed:
            yield "--failed", None
        if self.older_than is not None:
            yield "--older-than", f"{self.older_than:g}s"

    def have(self, labels: Mapping[str, str]) -> bool:
        """Say whether a job with these labels is meant, as far as labels are asked for."""
        return all(labels.get(name) in values(value) for name, value in self.labels.items())

    def fit(self, document: DocumentStanding, now: float) -> bool:
        """Say whether a document that stands so at a moment (wall time) is meant, whatever its path."""
        return (
            (not self.states or document.state in self.states)
            and (not self.changed or document.changed)
            and (not self.failed or document.fails)
            and (
                self.older_than is None
                or (document.last is not None and now - document.last > self.older_than)
            )
        )


EVERYTHING = Selectors()
"""Selects all jobs and documents."""


def values(value: str | Collection[str]) -> Collection[str]:
    """Return the values that one label may have."""
    return (value,) if isinstance(value, str) else value
