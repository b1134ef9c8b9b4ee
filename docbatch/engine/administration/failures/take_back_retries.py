"""Taking back what was queued again and is not sent yet: the documents are as they were before."""

from dataclasses import dataclass
from pathlib import Path

from docbatch.core.report import plural
from docbatch.engine.administration.edit_state import locked
from docbatch.engine.administration.failures.retry_failures import QueuedDocument
from docbatch.engine.administration.failures.select_failures import FailureSelectors, select_among
from docbatch.naming.pathtext import escape
from docbatch.state.queued_again import QueuedPlace
from docbatch.state.store import Store


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The documents that are not queued any more, each with the reason for which it counts again.

    `left` are those that were queued and could not be taken back, each with the reason for that. `remark` says what would
    match where nothing does, None where nothing was selected by.
    """

    documents: tuple[QueuedDocument, ...]
    left: tuple[QueuedDocument, ...]
    remark: str | None = None


def take_back(folder: Path, selectors: FailureSelectors, now: float, *, dry_run: bool) -> TakenBack:
    """Let documents stand as before they were queued, those that were not sent since. `now` is wall time.

    What was said of their failures holds again. Raises UsageError for an unknown job or class.
    """
    with locked(folder) as store:
        found = select_among(store, selectors, now, store.queued_again.of)
        free = [each for each in found if each.obstacle is None]
        remark = None if found or not selectors.is_any else _what_there_is(store, selectors, now)
        if free and not dry_run:
            store.queued_again.put_back(sorted({each.item for each in free}))
    return TakenBack(
        tuple(QueuedDocument(each.job, escape(each.path), _reason(each)) for each in free),
        tuple(
            QueuedDocument(each.job, escape(each.path), each.obstacle)
            for each in found
            if each.obstacle is not None
        ),
        remark,
    )


def _reason(place: QueuedPlace) -> str:
    return f"{place.why.kind}: {place.why.message}"


def _what_there_is(store: Store, selectors: FailureSelectors, now: float) -> str:
    every = [
        each
        for each in select_among(store, FailureSelectors(), now, store.queued_again.of)
        if each.obstacle is None
    ]
    there = f"{plural(len(every), 'document')} would" if every else "nothing would"
    return f"nothing that was queued again matches{selectors.options}; {there}"
