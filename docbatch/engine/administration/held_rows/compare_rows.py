"""Comparing rows in places that keep many documents with what was written there, in the order of paths. Nothing is written."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Protocol

from docbatch.core.output_differences import DifferenceKind, OutputDifference
from docbatch.core.report import plural
from docbatch.engine.administration.held_rows.held_places import (
    NOT_ASKED,
    HeldPlace,
    RowPlaces,
    held_places,
)
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Difference
from docbatch.sinks.row_place import RowPlace
from docbatch.state.held_rows import HeldRows
from docbatch.state.store import Store

_WORDS: dict[Difference, tuple[DifferenceKind, str]] = {
    "missing": ("removed", "its rows are gone"),
    "edited": ("altered", "its rows are others than docbatch wrote"),
}


class RowFindings(Protocol):
    """What is told of rows that differ."""

    def differs(self, difference: OutputDifference) -> None: ...
    def looked(self, number: int) -> None: ...
    def note(self, told: str) -> None: ...


def compare_rows(store: Store, places: RowPlaces, job: str | None, findings: RowFindings) -> None:
    """Tell which documents' rows differ in places whose documents have stamps of their own, and what nothing wants any more anywhere.

    What could not be looked at is among the troubles of `places`.
    """
    every = held_places(store)
    left = 0
    for place in every:
        if job not in {None, place.job} or places.is_whole(place, every):
            continue
        why = places.why_not(place, every)
        if why is None:
            if place.is_wanted and place.kind.per_document:
                places.ask(place, partial(_compare, store, place, findings))
            left += places.ask(place, partial(_left, store, place)) or 0
        elif why != NOT_ASKED and (place.is_wanted or _any_left(store, place)):
            findings.note(f"job '{place.job}': what the sink {place.kind.name} holds is not looked at: {why}")
    if left:
        findings.note(
            f"rows of {plural(left, 'document')} that nothing wants any more are not compared;"
            " 'docbatch prune --dry-run' names them"
        )


def _compare(store: Store, place: HeldPlace, findings: RowFindings, opened: RowPlace) -> None:
    rows = store.outputs.wanted(place.newest.row)
    # Rows of failures are settled by every run.
    written = ((each.path, each.stamp) for each in rows if each.result is not None)
    while window := list(islice(written, opened.window)):
        findings.looked(len(window))
        for path, difference in opened.check(window):
            kind, detail = _WORDS[difference]
            findings.differs(OutputDifference(kind, opened.shown, place.job, escape(path), detail))
    for path in opened.strangers():
        detail = "docbatch did not write its rows"
        findings.differs(OutputDifference("added", opened.shown, place.job, escape(path), detail))


def _left(store: Store, place: HeldPlace, opened: RowPlace) -> int:
    return sum(len(opened.standing(paths)) for paths in left_paths(store, place, opened.window))


def _any_left(store: Store, place: HeldPlace) -> bool:
    return next(left_paths(store, place, 1), None) is not None


def left_paths(store: Store, place: HeldPlace, window: int) -> Iterator[Sequence[bytes]]:
    """Yield the documents of a place that nothing wants there any more, some at a time."""
    after, held = b"", HeldRows(store.database)
    while found := held.left(place.rows, after, window, every=not place.is_wanted):
        after = found[-1].path
        yield [each.path for each in found]
