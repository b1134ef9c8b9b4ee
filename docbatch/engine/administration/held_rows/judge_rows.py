"""Finding documents whose rows nothing wants any more, and judging which of these are as docbatch left them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from docbatch.core.report import plural
from docbatch.engine.administration.held_rows.held_places import (
    NOT_ASKED,
    HeldPlace,
    RowPlaces,
    held_places,
)
from docbatch.sinks import KINDS
from docbatch.sinks.row_place import RowPlace, RowsFound
from docbatch.state.held_rows import HeldDocument, HeldRows
from docbatch.state.outputs import KnownSink
from docbatch.state.store import Store


@dataclass(frozen=True, slots=True)
class LeftDocument:
    """A document whose rows nothing wants, and what was found of them."""

    place: HeldPlace
    shown: str
    held: HeldDocument
    found: RowsFound


class LeftRows:
    """Looks at places of the jobs that are named, or of all. `unnoticed` are jobs that may be gone, which no run has found yet."""

    def __init__(
        self, store: Store, places: RowPlaces, named: Collection[str] | None, unnoticed: Collection[str]
    ) -> None:
        self._held = HeldRows(store.database)
        self._places = places
        self._every = held_places(store)
        self._named = named
        self._unnoticed = unnoticed

    def counts(self) -> Mapping[str, int]:
        """Return of how many documents each job has rows, wanted or not, in places that are cleared document by document."""
        counts: dict[str, int] = {}
        for place in self._cleared():
            counts[place.job] = counts.get(place.job, 0) + self._held.count(place.rows)
        return counts

    def has(self, sink: int) -> bool:
        """Say whether what a sink wrote is cleared document by document."""
        return any(sink in place.rows for place in self._cleared())

    def kept_in(self, sink: KnownSink) -> int:
        """Return how many removed documents have rows in a sink out of which nothing is taken by itself."""
        kind = KINDS.kind(sink.kind)
        if kind.per_document or kind.whole or kind.row_place is not None:
            return 0
        return self._held.count_left(sink.row)

    def _cleared(self) -> list[HeldPlace]:
        return [each for each in self._every if not self._places.is_whole(each, self._every)]

    def notes(self) -> Iterator[str]:
        """Say what is left alone of what nothing wants, and why."""
        for place in self._mine():
            number = sum(len(each) for each in self._left(place, 500))
            why = self._places.why_not(place, self._every) if number else None
            if why is not None and why != NOT_ASKED:
                told = f"job '{place.job}': what the sink {place.kind.name} holds of {plural(number, 'document')} is left alone"
                yield f"{told}: {why}"

    def judged(self) -> Iterator[LeftDocument]:
        """Yield what nothing wants, each as it is at this moment. What is gone already is passed over."""
        for place in self._mine():
            if next(self._left(place, 1), None) is None or self._places.why_not(place, self._every):
                continue
            opened = self._places.opened(place)
            for window in () if opened is None else self._left(place, opened.window):
                found = self._places.ask(place, partial(_judged, place, window))
                if found is None:
                    break
                yield from found

    def _mine(self) -> list[HeldPlace]:
        return [
            each
            for each in self._cleared()
            if each.job not in self._unnoticed and (self._named is None or each.job in self._named)
        ]

    def _left(self, place: HeldPlace, window: int) -> Iterator[list[HeldDocument]]:
        after = b""
        while found := self._held.left(place.rows, after, window, every=not place.is_wanted):
            after = found[-1].path
            yield found


def _judged(place: HeldPlace, window: list[HeldDocument], opened: RowPlace) -> list[LeftDocument]:
    found = opened.judge([each.path for each in window])
    # In the order in which the place lets go of them best.
    held = {each.path: each for each in window}
    return [LeftDocument(place, opened.shown, held[path], each) for path, each in found.items()]
