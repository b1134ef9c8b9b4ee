"""The state's recorded rows of documents and outputs, read along with a scan in path order."""

import os
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from docbatch.core.changes import Reason
from docbatch.engine.planning.resolved_job import ResolvedSink
from docbatch.state.deliveries import OutputRow, RecordedSink
from docbatch.state.documents import DocumentRow
from docbatch.state.store import Store

WINDOW = 512


class Rows:
    """The state's rows with a view ahead."""

    def __init__(self, rows: Iterator[DocumentRow]) -> None:
        self._source = rows
        self._ahead: list[DocumentRow] = []
        self._start = 0

    @property
    def first(self) -> DocumentRow | None:
        """The next row, None at the end."""
        return next(iter(self.upcoming(1)), None)

    def upcoming(self, number: int) -> Sequence[DocumentRow]:
        """Return the next rows, fewer at the end, without passing them."""
        if len(self._ahead) - self._start < number:
            self._ahead = self._ahead[self._start :]
            self._start = 0
            self._ahead.extend(islice(self._source, max(number, WINDOW)))
        return self._ahead[self._start : self._start + number]

    def skip(self, number: int) -> None:
        self._start += number


class Outputs:
    """One sink's recorded outputs, read along with the documents."""

    def __init__(
        self,
        sink: ResolvedSink,
        recorded: RecordedSink | None,
        store: Store | None,
        only: Collection[bytes] | None = None,
    ) -> None:
        self.sink = sink
        self.prefix = sink.root + b"/"
        known = store is not None and recorded is not None
        rows: Iterator[OutputRow] = (
            store.deliveries.stream(recorded.row, only) if known and store and recorded else iter(())
        )
        self._next = rows.__next__
        self._row: OutputRow | None = None
        self._advance()

    def _advance(self) -> None:
        try:
            self._row = self._next()
        except StopIteration:
            self._row = None

    def _at(self, path: bytes) -> OutputRow | None:
        row = self._row
        while row is not None and row[0] < path:
            self._advance()
            row = self._row
        return row if row is not None and row[0] == path else None

    def place(self, path: bytes) -> bytes | None:
        """Return where the state knows the document's output to belong. Called with growing paths."""
        row = self._at(path)
        return None if row is None else row[1]

    def fault(self, path: bytes, result: str | None) -> Reason | None:
        """Say why the output of the document, whose result is given, has to be written; None when it is as it was left.

        Called with growing paths.
        """
        row = self._at(path)
        if row is None:
            return Reason.NEW_SINK
        if row[2] != result or row[6]:
            return Reason.BEHIND
        if self.sink.output is not None:
            return None
        try:
            now = os.stat(self.prefix + row[1])  # noqa: PTH116 - bytes, and once for every output there is
        except OSError:
            return Reason.MISSING if self.sink.rewrite_missing else None
        if now.st_mtime_ns == row[4] and now.st_ino == row[5] and now.st_size == row[3]:
            return None
        return Reason.EDITED
