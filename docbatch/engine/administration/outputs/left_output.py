"""What is told of outputs that nothing wants any more: of one of them, and how many of them are still there."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from docbatch.core.errors import DocbatchError
from docbatch.core.report import plural
from docbatch.engine.administration.held_rows.held_places import HeldPlace
from docbatch.engine.administration.outputs.compared_kinds import COMPARED
from docbatch.naming.pathtext import escape
from docbatch.sinks.files_within import is_folder
from docbatch.sinks.found_files import FoundFile
from docbatch.sinks.objects.object_outputs import ObjectOutputs
from docbatch.sinks.objects.standing_objects import StandingObjects
from docbatch.state.outputs import KnownOutput, KnownSink, is_shared
from docbatch.state.store import Store
from docbatch.stores.faults import StoreFault
from docbatch.stores.object_store import ObjectFacts

_WINDOW = 500


@dataclass(frozen=True, slots=True)
class LeftOutput:
    """An output that nothing wants, and what was seen in its place; `keeps` says why it stays, where it does.

    `is_edited` says that it stays because it is not as it was written. `identity` is that of its sink, empty for a manifest.
    What lies in a store is `standing` there, and `seen` nowhere on this disk; `rows` is the place of a document's rows, which were seen there.
    """

    job: str
    identity: str
    root: bytes
    known: KnownOutput
    shown: str
    why: str
    seen: FoundFile
    keeps: str | None = None
    is_edited: bool = False
    standing: ObjectFacts | None = None
    rows: HeldPlace | None = None

    @property
    def size(self) -> int:
        if self.standing is not None:
            return self.standing.size
        return 0 if self.seen.status is None else self.seen.status.st_size


def why_left(known: KnownOutput, otherwise: str) -> str:
    """Say why nothing wants an output; `otherwise` holds for all of its sink that is no surplus."""
    return "its document's output refers to it no longer" if known.is_surplus else otherwise


@dataclass(slots=True)
class LeftCount:
    """Counts for one job, or for all: they are ours, and are not what the job should have. `opened` gives the objects below a place in a store, and raises DocbatchError."""

    store: Store
    job: str | None
    opened: Callable[[bytes], ObjectOutputs]
    _uncounted: dict[bytes, str] = field(default_factory=dict)

    def notes(self, every: Sequence[KnownSink]) -> list[str]:
        """Say how many there are, and in which stores nobody could look."""
        number = sum(self._count(sink, every) for sink in every if self.job in {None, sink.job})
        told = []
        if number:
            are, them = ("is", "it") if number == 1 else ("are", "them")
            told.append(
                f"{plural(number, 'output')} that nothing wants any more {are} not compared;"
                f" 'docbatch prune --dry-run' names {them}"
            )
        return told + [
            f"{escape(root)}: outputs that nothing wants any more are not counted: {why}"
            for root, why in self._uncounted.items()
        ]

    def _count(self, sink: KnownSink, every: Sequence[KnownSink]) -> int:
        if sink.kind not in COMPARED or (sink.output is not None and is_folder(sink.kind)):
            return 0
        if sink.output is None:
            return self._standing(sink, chain(self._left(sink), self._moved_away(sink)))
        if sink.wanted or is_shared(sink, every):
            return 0
        single = self.store.outputs.single(sink)
        return 0 if single is None else self._standing(sink, iter([[single]]))

    def _left(self, sink: KnownSink) -> Iterator[list[KnownOutput]]:
        """Yield outputs, in windows, whose places nothing wants."""
        for window in self.store.outputs.left_windows(sink.row, _WINDOW, every=not sink.wanted):
            yield from self._free(window)

    def _moved_away(self, sink: KnownSink) -> Iterator[list[KnownOutput]]:
        after = b""
        while window := self.store.outputs.moved_away(sink.row, after, _WINDOW):
            after = window[-1].output
            yield from self._free(window)

    def _free(self, window: Sequence[KnownOutput]) -> Iterator[list[KnownOutput]]:
        taken = self.store.outputs.taken([each.folded for each in window if each.folded is not None])
        if free := [each for each in window if each.folded not in taken]:
            yield free

    def _standing(self, sink: KnownSink, left: Iterator[list[KnownOutput]]) -> int:
        if not sink.is_in_store:
            return sum(os.path.lexists(sink.root + b"/" + each.output) for window in left for each in window)
        number, standing = 0, None
        try:
            for window in left:
                outputs = self.opened(sink.root)
                standing = standing or StandingObjects(outputs.store, outputs.folder)
                number += len(standing.etags([outputs.key(each.output) for each in window]))
        except StoreFault as error:
            self._uncounted[sink.root] = str(error)
        except DocbatchError as error:
            self._uncounted[sink.root] = error.message
        return number
