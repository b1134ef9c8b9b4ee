"""Narrowing what is due to the documents that a person selected: the others stay as they are recorded.

Guards that ask whether a source is what it was still see all of it; what is paid, written or removed is that of the selected.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docbatch.core.changes import ChangeKind, Reason
from docbatch.core.selectors import DocumentStanding, DocumentState, Selectors
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.narrowing.matching_paths import Matches, matching
from docbatch.engine.planning.narrowing.touched_documents import TouchedDocument
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.planning.tally import Tally
from docbatch.state.document_standings import AskedStanding, standings
from docbatch.state.selected_items import begun
from docbatch.state.store import Store

_NOT_THERE = frozenset({ChangeKind.REMOVE, ChangeKind.SKIP})


@dataclass(frozen=True, slots=True)
class NarrowedPlan:
    """What became of a plan under selectors, which are told as they are typed.

    `left_out` counts, by job and kind, documents for which something is due and that are not selected; those of which an
    output alone is due count as delivered; `outputs_left` counts these by job. `documents` counts those selected for which
    something is due or stands. It was told `at` this moment (wall time).
    """

    options: str
    at: float
    documents: int = 0
    left_out: Mapping[str, Counter[ChangeKind]] = field(default_factory=dict)
    outputs_left: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Selectors of documents, and the moment at which ages are told (wall time)."""

    selectors: Selectors
    now: float

    def of(
        self,
        targets: Sequence[ResolvedJob],
        tallies: Mapping[str, Tally],
        store: Store | None,
        differences: Differences,
    ) -> NarrowedPlan:
        """Leave what is not selected out of `differences`. Raises UsageError for a pattern that is none."""
        matches = matching(self.selectors.paths)
        left: dict[str, Counter[ChangeKind]] = {}
        outputs, kept = Counter[str](), 0
        for target in targets:
            job = target.name
            left[job] = Counter()
            for window in differences.touched.of(job):
                dropped = self._dropped(job, window, matches, store)
                kept += len(window) - len(dropped)
                left[job].update(each.kind or ChangeKind.DELIVER for each in dropped)
                outputs[job] += sum(each.kind is None for each in dropped)
                differences.touched.leave_out(job, [each.path for each in dropped])
            _forget_parts(tallies[job], differences)
        return NarrowedPlan(self.selectors.options.strip(), self.now, kept, left, outputs)

    def _dropped(
        self, job: str, window: Sequence[TouchedDocument], matches: Matches, store: Store | None
    ) -> list[TouchedDocument]:
        there = [each for each in window if matches(each.path)]
        chosen = {
            each.path for each in (self._fitting(job, there, store) if self.selectors.ask_standing else there)
        }
        return [each for each in window if each.path not in chosen and not _is_under_way(each)]

    def _fitting(
        self, job: str, window: Sequence[TouchedDocument], store: Store | None
    ) -> Iterator[TouchedDocument]:
        paths = [each.path for each in window]
        asked = AskedStanding(job, self.now, dated=self.selectors.older_than is not None)
        known = {} if store is None else standings(store.database, asked, paths)
        on_its_way = (
            set() if store is None else begun(store.database, self.selectors.options.strip(), job, paths)
        )
        for each in window:
            standing = _with_change(each, known.get(each.path, DocumentStanding()))
            if each.path in on_its_way or self.selectors.fit(standing, self.now):
                yield each


def _is_under_way(document: TouchedDocument) -> bool:
    """Say whether it is with a provider, and known to be: its result is collected whatever is selected."""
    return document.kind is ChangeKind.WAIT and not document.adopt


def _with_change(document: TouchedDocument, standing: DocumentStanding) -> DocumentStanding:
    return DocumentStanding(
        standing.state, standing.fails, standing.last, changed=_is_changed(document, standing)
    )


def _is_changed(document: TouchedDocument, standing: DocumentStanding) -> bool:
    """Say whether a document is new or differs from what was sent; what waits for another try is the same as before."""
    if document.kind is None or document.kind in _NOT_THERE:
        return False
    if document.kind is ChangeKind.LOOK:
        # Nobody knows before somebody looks.
        return True
    if document.reason is Reason.UNSENT:
        return standing.state != DocumentState.PENDING or not standing.fails
    is_another_try = document.reason is Reason.AGAIN and standing.state != DocumentState.NEW
    return document.adopt and not is_another_try


def _forget_parts(tally: Tally, differences: Differences) -> None:
    """Of what is sent in parts, count what is selected alone."""
    sent = differences.touched.sends(tally.parts)
    tally.parts = {key: parts for key, parts in tally.parts.items() if key in sent}
