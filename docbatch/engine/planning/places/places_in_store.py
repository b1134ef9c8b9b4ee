"""Places in a store where outputs are about to be written: what stands there and is not known as docbatch's own.

Only what is new is looked at, by one listing of the sink's folder where there is much of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docbatch.core.changes import Reason
from docbatch.core.errors import SinkError
from docbatch.core.guard import SHOWN
from docbatch.engine.planning.differences_database import Output
from docbatch.engine.planning.places.own_places import OwnPlaces
from docbatch.engine.planning.places.unseen_sinks import UnseenSink
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.sinks.base import Sink

_WINDOW = 1000


@dataclass(slots=True)
class OthersInStore:
    """What would be replaced: how many objects, and the first of them as (place, job, document)."""

    number: int = 0
    first: list[tuple[bytes, str, bytes]] = field(default_factory=list)

    def add(self, place: bytes, job: str, path: bytes) -> None:
        self.number += 1
        if len(self.first) < SHOWN:
            self.first.append((place, job, path))


class PlacesInStore:
    """The new places of one sink, a window of them in memory."""

    def __init__(self, job: str, sink: ResolvedSink, own: OwnPlaces) -> None:
        self._job = job
        self._sink = sink
        self._root = sink.root or b""
        self._own = own
        self._opened: Sink | None = None
        self._waiting: dict[bytes, Output] = {}
        self._found = OthersInStore()
        self._unseen: SinkError | None = None

    def add(self, output: Output) -> None:
        self._waiting[output.output] = output
        if len(self._waiting) >= _WINDOW:
            self._look()

    def add_single(self, *, is_declared: bool) -> None:
        """Look at the place of a job's one output as well, unless it was declared before."""
        if self._sink.output and not is_declared:
            self.add(Output(self._job, self._sink.identity, b"", self._sink.output, None, Reason.NEW_SINK))

    def of_others(self, unseen: list[UnseenSink]) -> OthersInStore:
        """Return what would be replaced; why nothing could be seen is added to `unseen`."""
        self._look()
        if self._unseen is not None:
            unseen.append(UnseenSink(self._job, self._sink.identity, self._unseen))
        return self._found

    def _look(self) -> None:
        try:
            if self._waiting and self._unseen is None:
                for output in self._standing():
                    each = self._waiting[output]
                    if not self._is_ours(each):
                        self._found.add(self._root + b"/" + output, each.job, each.path)
        except SinkError as error:
            self._unseen = error
        self._waiting.clear()

    def _standing(self) -> Iterator[bytes]:
        opened = self._opened = self._opened or self._sink.open()
        if self._sink.kind.per_document:
            found = opened.check((output, None) for output in self._waiting)
            yield from (output for output, difference in found if difference == "edited")
        elif opened.stamp(b"") is not None:
            yield from self._waiting

    def _is_ours(self, output: Output) -> bool:
        if output.folded is not None:
            return self._own.wrote(self._root, output, None)
        store = self._own.store
        return store is not None and store.deliveries.is_single(self._root, output.output)


def places_in_stores(
    targets: Sequence[ResolvedJob], own: OwnPlaces
) -> Mapping[tuple[str, str], PlacesInStore]:
    """Return by job and identity the sinks that write to stores, with nothing looked at as yet."""
    return {
        (target.name, sink.identity): PlacesInStore(target.name, sink, own)
        for target in targets
        for sink in target.sinks
        if sink.is_in_store
    }
