"""The state's recorded rows of documents and outputs, read along with a scan in path order."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from operator import eq, itemgetter
from typing import Generic, TypeVar

from docbatch.core.changes import Reason
from docbatch.core.result_warnings import OnEmpty
from docbatch.engine.planning.resolved_job import ResolvedSink
from docbatch.naming.pathtext import escape
from docbatch.sinks.accounts import breach
from docbatch.sinks.base import Difference, Sink
from docbatch.sources.documents import Observed
from docbatch.sources.known_stretch import KnownStretch
from docbatch.state.deliveries import OutputRow, RecordedSink
from docbatch.state.documents import DocumentRow
from docbatch.state.recorded_stretch import RecordedStretch, is_any_behind, recorded_stretch
from docbatch.state.store import Store

WINDOW = 512

Row = TypeVar("Row")
_FOUND = itemgetter(0, 1, 2)
"""Path, digest and media type of a document that was found, and of a row."""
_HELD = itemgetter(0, 2)
_WANTED = itemgetter(0, 4)
_WRITTEN = itemgetter(1, 3)
_DUE = itemgetter(4)


class Upcoming(Generic[Row]):
    """Rows with a view ahead."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._source = rows
        self._ahead: list[Row] = []
        self._start = 0

    @property
    def first(self) -> Row | None:
        """The next row, None at the end."""
        return next(iter(self.upcoming(1)), None)

    def upcoming(self, number: int) -> Sequence[Row]:
        """Return the next rows, fewer at the end, without passing them."""
        if len(self._ahead) - self._start < number:
            self._ahead = self._ahead[self._start :]
            self._start = 0
            self._ahead.extend(islice(self._source, max(number, WINDOW)))
        return self._ahead[self._start : self._start + number]

    def skip(self, number: int) -> None:
        self._start += number


class RecordedDocuments(Upcoming[DocumentRow]):
    """The documents a job wants, of those in `only` alone where they are given."""

    def __init__(
        self, store: Store | None, job: str, only: Collection[bytes] | None, on_empty: OnEmpty
    ) -> None:
        super().__init__(self._stream(only))
        self._store = store
        self._job = job
        self._on_empty: OnEmpty = on_empty
        self._passed = b""

    def _stream(self, only: Collection[bytes] | None) -> Iterator[DocumentRow]:
        """Read nothing before the first row is asked for: most runs ask for none."""
        if self._store is not None and is_any_behind(self._store.database, self._job, self._passed):
            yield from self._store.documents.stream(self._job, only, self._on_empty)

    def upcoming(self, number: int) -> Sequence[DocumentRow]:
        while (rows := super().upcoming(number)) and rows[0][0] <= self._passed:
            self.skip(bisect_right(rows, self._passed, key=itemgetter(0)))
        return rows

    def leave_behind(self, path: bytes) -> None:
        """Pass all rows up to a path."""
        self._passed = path

    def stretch(self, last: bytes) -> RecordedStretch | None:
        """Return what is recorded up to a path, together, without passing it."""
        if self._store is None:
            return None
        return recorded_stretch(self._store.database, self._job, self._passed, last, self._on_empty)


def are_alike(documents: Sequence[Observed], rows: Sequence[DocumentRow]) -> bool:
    """Say whether as many documents as rows are those that are recorded, with the bytes that are recorded."""
    if not isinstance(documents, KnownStretch):
        return all(map(eq, map(_FOUND, documents), map(_FOUND, rows)))
    paths, digests, media_types = zip(*map(_FOUND, rows), strict=True)
    if None in digests:
        return False
    return documents.holds(b"\0".join(paths), "".join(digests), "\n".join(media_types))


class Outputs:
    """One sink's recorded outputs, read along with the documents: whatever is asked for, paths only grow."""

    def __init__(
        self,
        sink: ResolvedSink,
        recorded: RecordedSink | None,
        store: Store | None,
        only: Collection[bytes] | None = None,
    ) -> None:
        self.sink = sink
        known = store is not None and recorded is not None
        self._rows: Upcoming[OutputRow] = Upcoming(
            store.deliveries.stream(recorded.row, only) if known and store and recorded else iter(())
        )
        self._check = OutputCheck(sink)

    def place(self, path: bytes) -> bytes | None:
        """Return where the state knows the document's output to belong."""
        while (row := self._rows.first) is not None and row[0] < path:
            self._rows.skip(1)
        return row[1] if row is not None and row[0] == path else None

    def faults(self, rows: Sequence[DocumentRow]) -> Iterator[tuple[int, Reason]]:
        """Yield (position, reason) of the documents whose outputs have to be written; the others are as they were left."""
        held = self._rows.upcoming(len(rows))
        if (
            len(held) == len(rows)
            and all(map(eq, map(_HELD, held), map(_WANTED, rows)))
            and not any(map(_DUE, held))
        ):
            self._rows.skip(len(held))
            return self._check.differing(held)
        known = self._up_to(rows[-1][0])
        return self._check.faults([(known.get(row[0]), row[4]) for row in rows])

    def _up_to(self, last: bytes) -> dict[bytes, OutputRow]:
        """Pass all rows up to a path and return them by their paths."""
        known = {}
        while (row := self._rows.first) is not None and row[0] <= last:
            known[row[0]] = row
            self._rows.skip(1)
        return known


class OutputCheck:
    """Says why outputs of one sink have to be written. The sink is opened when there is something to look at."""

    def __init__(self, sink: ResolvedSink) -> None:
        self._sink = sink
        self._opened: Sink | None = None

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
        """Do the same for outputs that hold their documents' results."""
        if not self._sink.kind.per_document or not written:
            return
        if self._opened is None:
            self._opened = self._sink.open()
        places: dict[bytes, int] = {}
        for output, difference in self._opened.check(map(_WRITTEN, written)):
            places = places or {row[1]: position for position, row in enumerate(written)}
            reason = self._reason(difference)
            if output not in places:
                raise breach(
                    f"the sink {self._sink.kind.name} tells of an output it was not asked for: {escape(output)}"
                )
            if reason is not None:
                yield places[output], reason

    def _reason(self, difference: Difference) -> Reason | None:
        if difference == "edited":
            return Reason.EDITED
        return Reason.MISSING if self._sink.rewrite_missing else None
