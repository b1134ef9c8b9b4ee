"""Whether outputs, and what lies beside them, are as they were left."""

from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter

from docbatch.core.changes import Reason
from docbatch.core.errors import SinkError
from docbatch.engine.code_of_others import looking_into
from docbatch.engine.planning.resolved_job import ResolvedSink
from docbatch.naming.pathtext import escape
from docbatch.sinks.accounts import breach
from docbatch.sinks.base import Difference, Sink
from docbatch.state.companions import CompanionRow
from docbatch.state.deliveries import OutputRow
from docbatch.state.store import Store

_WRITTEN = itemgetter(1, 3)
"""Output and stamp."""


class FilesBeside:
    """The files beside one sink's outputs. `sink` is its row, None where it is not recorded."""

    def __init__(self, sink: int | None = None, store: Store | None = None) -> None:
        self._sink = sink
        self._store = store
        self._are_any: bool | None = None

    @property
    def are_any(self) -> bool:
        """Whether there ever was one: then outputs have to be named by their documents' paths."""
        if self._are_any is None:
            self._are_any = (
                self._sink is not None
                and self._store is not None
                and self._store.companions.are_any(self._sink)
            )
        return self._are_any

    def of(self, written: Sequence[OutputRow]) -> Sequence[CompanionRow]:
        """Return those beside some outputs, which are in the order of their documents' paths."""
        if self._sink is None or self._store is None or not written or not self.are_any:
            return ()
        paths = {row[0] for row in written}
        found = self._store.companions.between(self._sink, written[0][0], written[-1][0])
        return [each for each in found if each.path in paths]


class OutputCheck:
    """Says why outputs of one sink have to be written. The sink is opened when there is something to look at.

    `ignored` counts those that are gone and stay so. `unseen` is set where the sink cannot be looked into: then outputs count as they were left.
    """

    def __init__(self, sink: ResolvedSink, beside: FilesBeside | None = None) -> None:
        self._sink = sink
        self._beside = beside or FilesBeside()
        self._opened: Sink | None = None
        self.ignored = 0
        self.unseen: SinkError | None = None

    def fault(self, row: OutputRow | None, result: str | None) -> Reason | None:
        """Say why one document's output has to be written; None when it is as it was left.

        `row` is what the state knows of it, `result` what the document's result is now.
        """
        return next((reason for _, reason in self.faults([(row, result)])), None)

    def faults(self, outputs: Sequence[tuple[OutputRow | None, str | None]]) -> Iterator[tuple[int, Reason]]:
        """Do the same for many; yield (position, reason)."""
        written: list[OutputRow] = []
        positions: list[int] = []
        for position, (row, result) in enumerate(outputs):
            if row is None:
                yield position, Reason.NEW_SINK
            elif row[2] != result or row[4]:
                yield position, Reason.BEHIND
            else:
                written.append(row)
                positions.append(position)
        for position, reason in self.differing(written):
            yield positions[position], reason

    def differing(self, written: Sequence[OutputRow]) -> Iterator[tuple[int, Reason]]:
        """Do the same for outputs that hold their documents' results. One counts as what lies beside it does."""
        if not self._sink.kind.per_document or not written:
            return
        beside = self._beside.of(written)
        places: dict[bytes, int] = {}
        named: set[int] = set()
        for output, difference in self._looked_at(written, beside):
            places = places or _places(written, beside)
            reason = self._reason(difference)
            if output not in places:
                told = f"the sink {self._sink.kind.name} tells of an output it was not asked for: {escape(output)}"
                self.unseen = breach(told)
                return
            if reason is None:
                self.ignored += 1
            elif places[output] not in named:
                named.add(places[output])
                yield places[output], reason

    def _looked_at(
        self, written: Sequence[OutputRow], beside: Sequence[CompanionRow]
    ) -> Iterator[tuple[bytes, Difference]]:
        if self.unseen is not None:
            return
        try:
            with looking_into(self._sink.kind):
                if self._opened is None:
                    self._opened = self._sink.open()
                stamps = ((each.output, each.stamp) for each in beside)
                yield from self._opened.check(chain(map(_WRITTEN, written), stamps))
        except SinkError as error:
            self.unseen = error

    def _reason(self, difference: Difference) -> Reason | None:
        if difference == "edited":
            return Reason.EDITED
        return Reason.MISSING if self._sink.rewrite_missing else None


def _places(written: Sequence[OutputRow], beside: Sequence[CompanionRow]) -> dict[bytes, int]:
    """Return the position of each output, and of that which a file beside it belongs to."""
    positions = {row[0]: position for position, row in enumerate(written)}
    return {each.output: positions[each.path] for each in beside} | {
        row[1]: position for position, row in enumerate(written)
    }
