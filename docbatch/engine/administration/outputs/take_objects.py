"""Moving outputs in stores into the trash of their stores, several at a time.

A file in the batch stands for each object, and is there before anything is asked of the store: what a kill leaves is found by it.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from docbatch.engine.administration.outputs.left_output import LeftOutput
from docbatch.engine.administration.outputs.pruned_stores import UNUSABLE, PrunedStores
from docbatch.engine.administration.outputs.trash_batches import TakenOutput, TrashBatch
from docbatch.naming.pathtext import unescape
from docbatch.naming.picture_folders import is_picture
from docbatch.sinks.objects.object_moves import PlaceTaken, remove_unchanged, write_again
from docbatch.sinks.objects.object_outputs import ObjectOutputs
from docbatch.stores.faults import ObjectChanged, ObjectMissing
from docbatch.stores.object_store import ObjectFacts

THREADS = 16
_CHANGED = "it changed at this moment"
Going = tuple[LeftOutput, TakenOutput]


class ObjectTaking:
    """`drafts` is a folder for what is too large for memory. `is_unfinished` says that it is not known what became of all."""

    def __init__(self, stores: PrunedStores, drafts: Path) -> None:
        self.stores = stores
        self.is_unfinished = False
        self._drafts = drafts

    def take(self, batch: TrashBatch, going: Sequence[Going]) -> list[Going]:
        """Move objects, and return what became of each: one that somebody changed at this moment stays. Raises OSError."""
        if not going:
            return []
        batch.mark([record for _, record in going])
        first = list({record.place: (each, record) for each, record in reversed(going)}.values())
        # What links to pictures goes before them.
        pictures = [each for each in first if is_picture(each[0].known.output)]
        done = [
            *self._each(batch, [each for each in first if not is_picture(each[0].known.output)]),
            *self._each(batch, pictures),
        ]
        return [*done, *self._second(batch, going, done)]

    def _each(self, batch: TrashBatch, first: Sequence[Going]) -> list[Going]:
        if not first:
            return []
        with ThreadPoolExecutor(min(THREADS, len(first)), thread_name_prefix="prune") as pool:
            done = list(pool.map(partial(self._take, batch), first[:-1]))
        # The last of a folder may be what alone names the others.
        return [*done, self._take(batch, first[-1])]

    def finish(self, batch: TrashBatch, records: Sequence[TakenOutput]) -> Iterator[TakenOutput]:
        """Yield what a prune that was killed has moved. What still is where it was is the next prune's to judge."""
        if not records:
            return
        with ThreadPoolExecutor(min(THREADS, len(records)), thread_name_prefix="prune") as pool:
            moved = list(pool.map(self._is_moved, records))
        for record, is_moved in zip(records, moved, strict=True):
            if is_moved:
                yield record
            elif is_moved is None:
                self.is_unfinished = True
            else:
                batch.unmark(record)

    @staticmethod
    def _second(batch: TrashBatch, going: Sequence[Going], done: Sequence[Going]) -> Iterator[Going]:
        """Let go of outputs that lie in the place of another one."""
        taken = {record.kept for _, record in done}
        for each, record in going:
            if record.kept not in taken:
                batch.unmark(record)
                yield replace(each, keeps="it is the same object as another output"), record

    def _take(self, batch: TrashBatch, going: Going) -> Going:
        each, record = going
        copied = self.stores.ask(each.root, partial(self._copied, each, record.stored))
        if copied is not None and copied.keeps is None:
            assert each.standing is not None
            is_gone = self.stores.ask(each.root, partial(_removed, each.standing))
            if is_gone:
                return each, record
            if is_gone is None:
                # The answer may be all that was lost: the next prune looks.
                self.is_unfinished = True
                return replace(each, keeps=UNUSABLE), record
            copied = replace(each, keeps=_CHANGED, is_edited=True)
        batch.unmark(record)
        return copied or replace(each, keeps=UNUSABLE), record

    def _copied(self, each: LeftOutput, to: str, outputs: ObjectOutputs) -> LeftOutput:
        """Copy an object into the trash; say why it stays, where it does. Raises StoreFault."""
        assert each.standing is not None
        try:
            write_again(outputs.store, each.standing, to, self._drafts)
        except ObjectMissing:
            return replace(each, keeps="it went away meanwhile")
        except ObjectChanged:
            return replace(each, keeps=_CHANGED, is_edited=True)
        except PlaceTaken:
            return replace(each, keeps=f"something else lies in its place in the trash, {to}")
        return each

    def _is_moved(self, record: TakenOutput) -> bool | None:
        """Say whether an object is in the trash and no longer where it was; None where that cannot be seen."""

        def look(outputs: ObjectOutputs) -> bool:
            there = outputs.found(outputs.key(unescape(record.output)))
            is_still_there = there is not None and there.etag == record.seen
            return not is_still_there and outputs.store.facts(record.stored) is not None

        return self.stores.ask(unescape(record.root), look)


def _removed(found: ObjectFacts, outputs: ObjectOutputs) -> bool:
    return remove_unchanged(outputs.store, found)
