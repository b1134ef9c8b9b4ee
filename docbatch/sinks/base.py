"""The contract of a sink: a place results are delivered to, any number of times.

Rules for implementers: an output appears whole or not at all; delivering the same thing twice ends in the same
output; nothing is written outside the sink's root; a fault that concerns one document raises nothing but is returned
as a `Fault`; a fault of the whole sink (disk full, no permission at the root) raises SinkError.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from docbatch.core.models import Stamp
from docbatch.core.results import Answer, DocumentInfo

__all__ = ["Answer", "Delivery", "Fault", "Format", "Receipt", "Sink", "Stamp"]

Format = Literal["markdown", "text", "json"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One document's result for one sink.

    `path` identifies the document in its job; `output` is the path below the sink's root, "" for sinks that have one
    output for a whole job. `expected` is the stamp of our own earlier output, None when there is none: a file
    found there that does not match it is moved to the trash first. For whole sinks it is the stamp of the one file.
    `load` opens the answer from the spool; called at most once. `made` gives the content of the output where that is
    made elsewhere, None when it was not.
    """

    path: bytes
    output: bytes
    result_digest: str
    document: DocumentInfo
    load: Callable[[], Answer]
    expected: Stamp | None = None
    made: Callable[[], bytes | None] = lambda: None


@dataclass(frozen=True, slots=True)
class Receipt:
    path: bytes
    stamp: Stamp | None


@dataclass(frozen=True, slots=True)
class Fault:
    path: bytes
    message: str


class Sink(Protocol):
    """`whole` sinks are handed all documents of the job in path order whenever anything changed; others what is due."""

    whole: bool

    def deliver(self, deliveries: Iterable[Delivery]) -> Iterator[Receipt | Fault]:
        """Write the outputs; a receipt is yielded only after its output is durable."""

    def stamp(self, output: bytes) -> Stamp | None:
        """Return how the output looks now, None when it is gone. For whole sinks `output` is empty."""

    def verify(self, expected: Iterable[tuple[bytes, str]]) -> Iterator[tuple[bytes, str]]:
        """Compare a sink that keeps many documents in one output with what it should hold.

        Given (path, result digest) in path order, yield (path, reason) for every document whose row is missing or
        differs. Called when the stamp differs.
        """

    def remove(self, output: bytes) -> None:
        """Move an output that the state proves is ours to the trash."""
