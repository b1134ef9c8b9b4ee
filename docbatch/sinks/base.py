"""The contract of a sink: a place results are delivered to, any number of times.

Rules for implementers: an output appears whole or not at all; delivering the same thing twice ends in the same
output; a sink of files writes nothing outside its root; a fault that concerns one document raises nothing but is
returned as a `Fault`; a fault of the whole sink (disk full, no permission at the root) raises SinkError. Every delivery
is answered, by a receipt or a fault.

What the sink's kind declares (`kind.SinkKind`) says what it is handed, and whether its outputs are the documents' own
or one for the job. An output is known by a path: below the root where the sink has files, else the document's own; that
of a sink with one output for the job is empty.

A stamp is text that the sink makes of an output as it was left, and compares later; nobody else reads it. It changes
when anybody touches the output.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from docbatch.core.models import Failure
    from docbatch.core.results import Answer, DocumentInfo

Difference = Literal["missing", "edited"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document's result for one sink.

    `path` identifies the document in its job, `output` its output. `expected` is the stamp of our own earlier output, None
    when there is none: a file found there that does not match it is moved to the trash first. For sinks with one output
    for the job it is the stamp of that. `load` opens the answer from the spool; called at most once. `made` gives the content of the
    output where that is made elsewhere, None when it was not. `failure` is set for a document that failed, which only sinks that
    take failures are handed: there is no answer then, and `result_digest` stands for the failure. Of the `document` of one that
    cannot be sent only the path is known.
    """

    path: bytes
    output: bytes
    result_digest: str
    document: "DocumentInfo"
    load: Callable[[], "Answer"]
    expected: str | None = None
    made: Callable[[], bytes | None] = lambda: None
    failure: "Failure | None" = None


@dataclass(frozen=True, slots=True)
class Companion:
    """A file that an output refers to, such as a picture beside it: durable before the output is.

    `output` is its path below the root, as an output's is, and `stamp` what the sink makes of it: it is looked after as the output is.
    """

    output: bytes
    stamp: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A document's output is durable. `stamp` is None where the sink has one output for the job.

    `size` and `sha256` are of its bytes as they were written, where it is a file; without them the file is read when they
    are asked for. `remark` says what a person should know of the output, though it is as it has to be. `companions` are all
    files that belong to it: those of before that are not among them are nothing's any more.
    """

    path: bytes
    stamp: str | None
    size: int | None = None
    sha256: str | None = None
    remark: str | None = None
    companions: tuple[Companion, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    path: bytes
    message: str


class Sink(Protocol):
    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        """Write the outputs; a receipt is yielded only after its output is durable."""

    def stamp(self, output: bytes) -> str | None:
        """Return the stamp of an output as it is now, None when it is gone."""

    def check(self, written: Iterable[tuple[bytes, str | None]]) -> Iterator[tuple[bytes, Difference]]:
        """Yield the outputs that no longer are as they were left, given (output, stamp) of each.

        Only where each document has an output. It is what a run over a million unchanged documents spends its time in:
        override it where many outputs can be looked at together.
        """
        for output, stamp in written:
            now = self.stamp(output)
            if now != stamp or now is None:
                yield output, "missing" if now is None else "edited"

    def verify(self, expected: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:  # noqa: ARG002
        """Compare the one output that keeps many documents with what it should hold.

        Given (path, result digest) in path order, yield (path, reason) for every document whose part is missing or
        differs. Only where there is one output for the job; called when its stamp differs. Given none, before anything is sent to a new sink that is
        served or keeps many documents in one output, it raises ForeignOutput where what is there is not the sink's own.
        """
        return iter(())

    def take_over(self, jobs: Iterable[str]) -> None:  # noqa: ARG002 - only what has rows of several jobs does anything
        """Let rows that bear former names of the job be the job's; called before rows are written, and again after a kill."""
        return

    def remove(self, output: bytes) -> None:
        """Move an output that the state proves is ours to the trash."""
