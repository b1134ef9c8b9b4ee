"""Holding a sink to what its kind declares: it answers for every document it is handed, once, and for no other.

What is handed and answered is counted, and never kept: a whole sink may be handed millions.
"""

from collections.abc import Iterable, Iterator

from docbatch.core.errors import SinkError
from docbatch.core.report import plural
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Delivery, Fault, Receipt, Sink
from docbatch.sinks.faults import SAFE
from docbatch.sinks.kind import SinkKind


class Account:
    """What one sink of a job was handed at once, and what it answered."""

    def __init__(self, kind: SinkKind, job: str) -> None:
        self._kind = kind
        self._job = job
        self._handed = _Paths()
        self._answered = _Paths()
        self._receipts = 0
        self._unstamped: bytes | None = None
        self._left: Iterator[Delivery] = iter(())

    def handing(self, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
        """Return what the sink is handed."""
        self._left = iter(deliveries)
        return map(self._counted, self._left)

    def answering(self, outcomes: Iterable[Receipt | Fault]) -> Iterator[Receipt | Fault]:
        """Pass on what the sink answers."""
        for outcome in outcomes:
            self._answered.add(outcome.path)
            if isinstance(outcome, Receipt):
                self._receipts += 1
                self._unstamped = outcome.path if outcome.stamp is None else self._unstamped
            yield outcome

    def require_held(self, sink: Sink, witness: tuple[bytes, str]) -> None:
        """Raise SinkError where an output that keeps many documents lost one that it held a moment ago."""
        if any(True for _ in sink.verify([witness])):
            raise self.error(
                "is not declared whole and no longer holds what it was handed before,"
                f" such as {escape(witness[0])}"
            )

    def _counted(self, delivery: Delivery) -> Delivery:
        self._handed.add(delivery.path)
        return delivery

    def close(self, stamp: str | None) -> None:
        """Raise SinkError where the answers are not what the kind declares: then nothing counts as delivered.

        `stamp` is that of the job's one output, for kinds that have one.
        """
        handed, answered = self._handed, self._answered
        if next(self._left, None) is not None:
            raise self.error(
                f"stopped after {plural(handed.number, 'document')} of those it was to be handed"
            )
        if answered.number != handed.number:
            raise self.error(
                f"was handed {plural(handed.number, 'document')} and answered for {answered.number:,}"
            )
        if answered.mark != handed.mark:
            raise self.error("answered for documents that it was not handed")
        if self._kind.per_document and self._unstamped is not None:
            raise self.error(
                f"declares an output for each document and gave {escape(self._unstamped)} no stamp"
            )
        if not self._kind.per_document and self._receipts and stamp is None:
            raise self.error("declares one output for the job and has none after it was written")

    def error(self, what: str) -> SinkError:
        """Return the error that says what the sink did."""
        return breach(f"job '{self._job}': the sink {self._kind.name} {what}")


def breach(message: str) -> SinkError:
    """Return the error of a sink that does not keep to its contract."""
    return SinkError(
        message,
        hint=f"this kind of sink does not keep what it declares; {SAFE}. "
        "Mend it, or take it out of the job, and run `docbatch apply` again",
    )


class _Paths:
    """A number of paths, and a mark that is the same for the same paths in any order."""

    def __init__(self) -> None:
        self.number = 0
        self.mark = 0

    def add(self, path: bytes) -> None:
        self.number += 1
        self.mark += hash(path)
