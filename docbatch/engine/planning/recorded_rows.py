"""The state's recorded rows of documents and outputs, read along with a scan in path order."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from operator import eq, itemgetter
from typing import Generic, TypeVar

from docbatch.core.changes import Reason, Recorded
from docbatch.core.errors import SinkError
from docbatch.core.models import ItemStatus
from docbatch.core.recipe_changes import why_another
from docbatch.engine.planning.places.output_check import FilesBeside, OutputCheck
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.sources.agreements import Agreements
from docbatch.sources.documents import Observed
from docbatch.sources.known_stretch import KnownStretch
from docbatch.sources.statcache import StatCache
from docbatch.state.deliveries import OutputRow, RecordedSink
from docbatch.state.documents import DocumentRow
from docbatch.state.recorded_stretch import is_any_behind, recorded_outputs, recorded_stretch
from docbatch.state.store import Store

WINDOW = 512

Row = TypeVar("Row", DocumentRow, OutputRow)
_FOUND = itemgetter(0, 1, 2)
"""Path, digest and media type of a document that was found, and of a row."""
_STATUS = itemgetter(3)
RECIPE = itemgetter(5)
DONE = frozenset({str(ItemStatus.SUCCEEDED), str(ItemStatus.PARTIAL)})
_path = itemgetter(0)
_HELD = itemgetter(0, 2)
_WANTED = itemgetter(0, 4)
_WRITTEN = itemgetter(1, 3)
_DUE = itemgetter(4)


class Upcoming(Generic[Row]):
    """Rows in the order of their paths, with a view ahead. All up to `passed` were left behind.

    They are read from the moment the first is asked for: most runs ask for none.
    """

    def __init__(self, read: Callable[[], Iterator[Row]]) -> None:
        self._read: Callable[[], Iterator[Row]] = read
        self._source: Iterator[Row] | None = None
        self._ahead: list[Row] = []
        self._start = 0
        self.passed = b""

    @property
    def first(self) -> Row | None:
        """The next row, None at the end."""
        return next(iter(self.upcoming(1)), None)

    def upcoming(self, number: int) -> Sequence[Row]:
        """Return the next rows, fewer at the end, without passing them."""
        while (rows := self._next(number)) and rows[0][0] <= self.passed:
            self.skip(bisect_right(rows, self.passed, key=_path))
        return rows

    def _next(self, number: int) -> Sequence[Row]:
        if len(self._ahead) - self._start < number:
            self._ahead = self._ahead[self._start :]
            self._start = 0
            self._source = self._read() if self._source is None else self._source
            self._ahead.extend(islice(self._source, max(number, WINDOW)))
        return self._ahead[self._start : self._start + number]

    def leave_behind(self, path: bytes) -> None:
        """Pass all rows up to a path."""
        self.passed = path

    def skip(self, number: int) -> None:
        self._start += number


class RecordedDocuments(Upcoming[DocumentRow]):
    """The documents a job wants, of those in `only` alone where they are given."""

    def __init__(
        self, store: Store | None, target: ResolvedJob, only: Collection[bytes] | None, cache: StatCache
    ) -> None:
        super().__init__(partial(self._stream, only))
        self._store = store
        self._job = target.name
        self._demands = target.demands
        refusals = (target.demands.refuses_empty, target.demands.refuses_partial)
        record = None if store is None else store.database.path
        sinks = [sink.identity for sink in target.sinks]
        self._agreements = Agreements(cache, record, target.name, (refusals, sinks))

    def _stream(self, only: Collection[bytes] | None) -> Iterator[DocumentRow]:
        if self._store is None or not is_any_behind(self._store.database, self._job, self.passed):
            return iter(())
        return self._store.documents.stream(self._job, only, self._demands)

    def recipe_agreed(self, documents: KnownStretch, recipes: Collection[int | None]) -> int | None:
        """Return by which recipe all of a stretch was found to be through, with its outputs as recorded; None where it was not."""
        return next((each for each in recipes if self._agreements.has(self.passed, documents, each)), None)

    def recipe_of(self, documents: KnownStretch, recipes: Collection[int | None]) -> int | None:
        """Return by which of these recipes all documents of a stretch are through, as recorded; None where that is not so."""
        if self._store is None:
            return None
        there = recorded_stretch(self._store.database, self._job, self.passed, documents.last, self._demands)
        if (
            not there.count == there.done == len(documents)
            or there.recipe not in recipes
            or not documents.holds(there.paths, there.digests, there.media_types)
        ):
            return None
        return there.recipe

    def agree(self, documents: KnownStretch, recipe: int | None) -> None:
        """Note that all of a stretch is through, and its outputs recorded as written."""
        self._agreements.add(self.passed, documents, recipe)

    def keep_agreements(self) -> None:
        """Keep what was found to be as recorded, for as long as the state stays as it is."""
        self._agreements.keep()


def are_done(
    documents: Sequence[Observed], rows: Sequence[DocumentRow], recipes: frozenset[int | None]
) -> bool:
    """Say whether as many documents as rows are as recorded and through, without looking at each of them in Python."""
    return (
        _are_alike(documents, rows)
        and DONE.issuperset(map(_STATUS, rows))
        and recipes.issuperset(map(RECIPE, rows))
    )


def _are_alike(documents: Sequence[Observed], rows: Sequence[DocumentRow]) -> bool:
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
        self._recorded = recorded
        self._store = store
        self._rows: Upcoming[OutputRow] = Upcoming(partial(self._stream, only))
        self._beside = FilesBeside(None if recorded is None else recorded.row, store)
        self._check = OutputCheck(sink, self._beside)
        self.were_held = False

    def _stream(self, only: Collection[bytes] | None) -> Iterator[OutputRow]:
        if self._store is None or self._recorded is None:
            return iter(())
        return self._store.deliveries.stream(self._recorded.row, only)

    def between(self, after: bytes, last: bytes) -> Sequence[OutputRow]:
        """Return the outputs of documents behind one path and up to another, where they are known to hold their results."""
        if self._store is None or self._recorded is None:
            return ()
        named = self._beside.are_any
        return recorded_outputs(self._store.database, self._recorded.row, after, last, named=named)

    def differing(self, held: Sequence[OutputRow], last: bytes) -> Iterator[tuple[int, Reason]]:
        """Pass these outputs, up to that of a path, and yield (position, reason) of those that are not as they were left."""
        self._rows.leave_behind(last)
        return self._check.differing(held)

    @property
    def ignored(self) -> int:
        """How many outputs that were looked at are gone and stay so."""
        return self._check.ignored

    @property
    def unseen(self) -> SinkError | None:
        return self._check.unseen

    def place(self, path: bytes) -> bytes | None:
        """Return where the state knows the document's output to belong."""
        while (row := self._rows.first) is not None and row[0] < path:
            self._rows.skip(1)
        return row[1] if row is not None and row[0] == path else None

    def faults(self, rows: Sequence[DocumentRow]) -> Iterator[tuple[int, Reason]]:
        """Yield (position, reason) of the documents whose outputs have to be written; the others are as they were left.

        `were_held` says then whether all hold their documents' results, as recorded.
        """
        held = self._rows.upcoming(len(rows))
        self.were_held = (
            len(held) == len(rows)
            and all(map(eq, map(_HELD, held), map(_WANTED, rows)))
            and not any(map(_DUE, held))
        )
        if self.were_held:
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


class EarlierRecipes:
    """The recipes that a job's documents were made by, beside those of today."""

    def __init__(self, store: Store | None, target: ResolvedJob) -> None:
        self._store = store
        self._today = target.recipe
        self._split = target.recipe if target.split is None else target.split.recipe
        self._known: dict[tuple[int, bool], Reason | None] = {}

    def compared(self, recorded: Recorded, *, is_split: bool) -> Recorded:
        """Return what is recorded of a document with how it was made otherwise than it would be today."""
        return replace(recorded, remade=self.why(recorded.recipe, is_split=is_split))

    def why(self, row: int | None, *, is_split: bool) -> Reason | None:
        """Say how what was made by a recipe, named by its row, was made otherwise than it would be today, if it was."""
        if row is None or self._store is None:
            return None
        if (row, is_split) not in self._known:
            today = self._split if is_split else self._today
            self._known[row, is_split] = why_another(self._store.documents.recipe(row), today)
        return self._known[row, is_split]
