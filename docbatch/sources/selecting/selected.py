"""A source of which some documents are taken, and of whose documents more is known than it says itself."""

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from docbatch.core.models import FailureClass
from docbatch.media.names import promised_type
from docbatch.naming.pathtext import escape
from docbatch.sources.base import Source
from docbatch.sources.content import Measured
from docbatch.sources.documents import WINDOW, Entry, FoundDocuments, Observed, Seen, Unusable
from docbatch.sources.known_stretch import KnownStretch
from docbatch.sources.sampling import Sample, rank
from docbatch.sources.selecting.conditions import Conditions
from docbatch.sources.selecting.metadata_rows import UnmatchedRows
from docbatch.sources.selecting.rules import SelectionRules
from docbatch.sources.selection_tally import SelectionTally
from docbatch.sources.statcache import StatCache

CountPages = Callable[[Source, Sequence[Observed], StatCache], Mapping[bytes, int]]
"""Returns the pages of documents by path, of those that can be counted."""


@dataclass(frozen=True, slots=True)
class LeftOutBefore:
    """What was left out of a list by names alone, before anything of it was looked at: paths, each with the reason.

    `whole` is the list with them, for those who name one of them.
    """

    reasons: Mapping[bytes, str] = field(default_factory=dict)
    filtered: int = 0
    sampled: tuple[int, int] | None = None
    whole: Source | None = None


class SelectedSource(Source):
    """All that a source has and the rules take. `count_pages` is asked where these are about pages."""

    def __init__(
        self,
        source: Source,
        rules: SelectionRules,
        count_pages: CountPages | None = None,
        before: LeftOutBefore | None = None,
    ) -> None:
        self.identity = source.identity
        self._source = source
        self._rules = rules
        self._count_pages = count_pages
        self._before = LeftOutBefore() if before is None else before

    @property
    def unwrapped(self) -> Source:
        return self._source.unwrapped

    def entries(self, only: Collection[bytes] | None = None) -> Iterator[Entry | Unusable]:
        return self._source.entries(only)

    def open(self, path: bytes) -> BinaryIO:
        return self._source.open(path)

    def open_measured(self, path: bytes, digest: str) -> BinaryIO:
        return self._source.open_measured(path, digest)

    def is_there(self, path: bytes) -> bool:
        return path in self._before.reasons or self._source.is_there(path)

    def measure(self, path: bytes) -> Measured:
        return self._source.measure(path)

    @property
    def shown(self) -> str:
        return self._source.shown

    def file(self, path: bytes) -> bytes | None:
        return self._source.file(path)

    def named(self, document: str) -> Iterator[bytes]:
        yield from (self._before.whole or self._source).named(document)

    def modified(self, path: bytes) -> float | None:
        return self._source.modified(path)

    def metadata(self, path: bytes) -> Mapping[str, str]:
        return self._rules.metadata(path, self._source.metadata(path))

    def is_untold(self, path: bytes) -> bool:
        return self._source.is_untold(path)

    def place(self, path: bytes) -> bytes | None:
        return self._source.place(path)

    def confirm(self, path: bytes) -> Measured:
        return self._source.confirm(path)

    @property
    def unseen_because(self) -> str:
        return self._source.unseen_because

    def is_opened(self, path: bytes) -> bool:
        return self._source.is_opened(path)

    def find(self, cache: StatCache, only: Collection[bytes] | None = None) -> FoundDocuments:
        found = self._source.find(cache, only)
        tally = SelectionTally() if found.selection is None else found.selection
        tally.filtered += self._before.filtered
        tally.sampled = self._before.sampled
        unseen = frozenset(path for path in found.unseen if not self._is_other(path))
        tally.filtered += len(found.unseen) - len(unseen)
        windows = found.windows
        if self._rules.rows is not None and only is None:
            windows = self._watched(windows, found.unseen, tally)
        if self._rules.conditions is not None:
            windows = self._filtered(windows, self._rules.conditions, cache, tally)
        if self._rules.sample is not None and only is None:
            windows, unseen = _sampled(windows, unseen, self._rules.sample, tally)
        elif self._rules.sample is not None:
            windows = self._of_sample(windows, self._rules.sample, cache)
        return replace(found, windows=windows, unseen=unseen, selection=tally)

    def why_left_out(self, path: bytes) -> str | None:
        """Say why a document that is there is not taken, in a sentence; None where its source does not have it either."""
        if path in self._before.reasons:
            return self._before.reasons[path]
        found = self._source.find(StatCache(None), {path})
        seen = [each for window in found.windows for each in window.documents]
        if not seen:
            return self._source.why_left_out(path)
        conditions = self._rules.conditions
        if conditions is not None:
            reason = conditions.left_out_by_metadata(self.metadata(path)) or conditions.left_out(seen[0])
            if reason is None and conditions.modified is not None:
                reason = conditions.left_out_by_moment(self.modified(path))
            if reason is None and conditions.pages is not None:
                reason = conditions.left_out_by_pages(self._pages(seen, StatCache(None)).get(path))
            if reason is not None:
                return f"where leaves it out: {reason}"
        return None if self._rules.sample is None else "the sample does not have it"

    def _is_other(self, path: bytes) -> bool:
        """Say whether a document is left out by what is known of it before it is looked at."""
        conditions = self._rules.conditions
        if conditions is None or not conditions.metadata:
            return False
        # It is asked first: what could not be learned is known only then.
        left_out = conditions.left_out_by_metadata(self.metadata(path)) is not None
        return left_out and not self.is_untold(path)

    def _watched(
        self, windows: Iterable[Seen], unseen: Collection[bytes], tally: SelectionTally
    ) -> Iterator[Seen]:
        """Pass windows on as they are, and note which rows say something of nothing."""
        rows = self._rules.rows
        assert rows is not None
        left = UnmatchedRows(rows)
        for seen in windows:
            left.see(_paths(seen.documents))
            left.see([each.path for each in seen.unusable])
            yield seen
        left.see(sorted({*unseen, *self._before.reasons}))
        tally.metadata_file = rows.file
        for row in left.left():
            tally.miss(row.line, row.path)

    def _filtered(
        self, windows: Iterable[Seen], conditions: Conditions, cache: StatCache, tally: SelectionTally
    ) -> Iterator[Seen]:
        for seen in windows:
            taken = [each for each in seen.documents if self._takes(each, conditions, tally)]
            if conditions.pages is not None:
                taken = list(self._of_pages(taken, conditions, cache, tally))
            unusable = [each for each in seen.unusable if not self._is_left_out(each, conditions)]
            number = len(seen.documents) + len(seen.unusable)
            tally.filtered += number - len(taken) - len(unusable)
            # A stretch of which all is taken stays packed, so that it is compared as a whole.
            whole = len(taken) == len(seen.documents)
            yield Seen(seen.documents if whole else taken, unusable)

    def _takes(self, document: Observed, conditions: Conditions, tally: SelectionTally) -> bool:
        if conditions.metadata and self._is_other(document.path):
            return False
        if conditions.left_out(document) is not None:
            return False
        if conditions.modified is not None:
            changed = self.modified(document.path)
            if conditions.left_out_by_moment(changed) is not None:
                return False
            tally.undated += changed is None
        tally.unlooked += conditions.is_unknown(document)
        return True

    def _is_left_out(self, each: Unusable, conditions: Conditions) -> bool:
        """What cannot be read is judged by its name, by being empty, and by metadata where they are known all the same."""
        path, failure = each.path, each.failure
        if _is_no_document(each):
            return False
        is_empty = failure.kind is FailureClass.EMPTY
        if is_empty and conditions.size is not None and not conditions.size.has(0):
            return True
        if self._is_other(path):
            return True
        promised = promised_type(path)
        stands_for = None if promised is None else Observed(path, "", promised, 0)
        by_type = replace(conditions, size=None)
        return stands_for is not None and by_type.left_out(stands_for) is not None

    def _of_pages(
        self, documents: Sequence[Observed], conditions: Conditions, cache: StatCache, tally: SelectionTally
    ) -> Iterator[Observed]:
        pages = self._pages([each for each in documents if not conditions.is_unknown(each)], cache)
        for each in documents:
            number = pages.get(each.path)
            if number is None and not conditions.is_unknown(each):
                tally.uncounted += 1
                tally.first_uncounted = tally.first_uncounted or escape(each.path)
            if conditions.left_out_by_pages(number) is None:
                yield each

    def _pages(self, documents: Sequence[Observed], cache: StatCache) -> Mapping[bytes, int]:
        return {} if self._count_pages is None else self._count_pages(self._source, documents, cache)

    def _of_sample(self, windows: Iterable[Seen], sample: Sample, cache: StatCache) -> Iterator[Seen]:
        """Of some documents by name: those that a sample of all has."""
        if sample.number is None:
            yield from _by_share(windows, sample, SelectionTally())
            return
        everything = self.find(cache)
        wanted = {path for seen in windows for path in _all_paths(seen)}
        for seen in everything.windows:
            yield Seen(
                [each for each in seen.documents if each.path in wanted],
                [each for each in seen.unusable if each.path in wanted],
            )


def _paths(documents: Sequence[Observed]) -> Sequence[bytes]:
    if isinstance(documents, KnownStretch):
        return documents.paths.split(b"\0")
    return [each.path for each in documents]


def _all_paths(seen: Seen) -> list[bytes]:
    return [*_paths(seen.documents), *(each.path for each in seen.unusable)]


def _sampled(
    windows: Iterable[Seen], unseen: frozenset[bytes], sample: Sample, tally: SelectionTally
) -> tuple[Iterable[Seen], frozenset[bytes]]:
    """Return what a sample has, and which of the unseen."""
    if sample.number is None:
        taken = frozenset(filter(sample.has, unseen))
        tally.sampled = (len(taken), len(unseen))
        return _by_share(windows, sample, tally), taken
    if not unseen:
        return _by_number(windows, sample.number, tally), unseen
    # Which of the unseen are among them is known when all of the others are.
    chosen = list(_by_number([*windows, *_as_windows(unseen)], sample.number, tally))
    return (
        [
            Seen([each for each in seen.documents if each.path not in unseen], seen.unusable)
            for seen in chosen
        ],
        frozenset(each.path for seen in chosen for each in seen.documents if each.path in unseen),
    )


def _as_windows(unseen: Iterable[bytes]) -> list[Seen]:
    return [Seen([Observed(path, "", "", 0) for path in sorted(unseen)], [])]


def _by_share(windows: Iterable[Seen], sample: Sample, tally: SelectionTally) -> Iterator[Seen]:
    number, among = tally.sampled or (0, 0)
    for seen in windows:
        documents = [each for each in seen.documents if sample.has(each.path)]
        unusable = [each for each in seen.unusable if _is_no_document(each) or sample.has(each.path)]
        among += len(seen.documents) + sum(not _is_no_document(each) for each in seen.unusable)
        number += len(documents) + sum(not _is_no_document(each) for each in unusable)
        tally.sampled = (number, among)
        yield Seen(documents, unusable)
    tally.sampled = (number, among)


def _by_number(windows: Iterable[Seen], number: int, tally: SelectionTally) -> Iterator[Seen]:
    """Yield the documents with the smallest ranks, once all were seen, and whatever hides others."""
    heap: list[tuple[int, bytes, Observed | Unusable]] = []
    chosen: list[Observed | Unusable] = []
    among = 0
    for seen in windows:
        everything: list[Observed | Unusable] = [*seen.documents, *seen.unusable]
        for each in everything:
            if isinstance(each, Unusable) and _is_no_document(each):
                chosen.append(each)
                continue
            among += 1
            placed = (-rank(each.path), each.path, each)
            if len(heap) < number:
                heapq.heappush(heap, placed)
            elif placed[0] > heap[0][0]:
                heapq.heapreplace(heap, placed)
    tally.sampled = (len(heap), among)
    chosen += [each for _, _, each in heap]
    chosen.sort(key=_path)
    for start in range(0, len(chosen), WINDOW):
        window = chosen[start : start + WINDOW]
        yield Seen(
            [each for each in window if isinstance(each, Observed)],
            [each for each in window if isinstance(each, Unusable)],
        )


def _is_no_document(each: Unusable) -> bool:
    """Say whether it is a folder or a container that cannot be looked into: what lies in it is not gone, and it is told in any case."""
    return each.hides is not None or each.path.endswith(b"/")


def _path(each: Observed | Unusable) -> bytes:
    return each.path
