"""Putting objects back from the trash of their stores, and deleting what has lain there for long."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import NamedTuple

from docbatch.engine.administration.outputs.pruned_stores import UNUSABLE, PrunedStores
from docbatch.engine.administration.outputs.take_objects import THREADS
from docbatch.engine.administration.outputs.trash_batches import TakenOutput, TrashBatch
from docbatch.naming.pathtext import unescape
from docbatch.sinks.objects.drafts import digest_of
from docbatch.sinks.objects.object_moves import PlaceTaken, write_again
from docbatch.sinks.objects.object_outputs import ObjectOutputs
from docbatch.state.outputs import KnownSink
from docbatch.state.store import Store
from docbatch.stores.faults import ObjectChanged, ObjectMissing
from docbatch.stores.listable_objects import UnlistedFolder, listable
from docbatch.stores.object_store import ObjectFacts

_WINDOW = 500


class PutBack(NamedTuple):
    """What became of an object: its ETag where it stands again, else why not. `is_lost` says that no copy is in the trash."""

    record: TakenOutput
    etag: str | None
    why: str = ""
    is_lost: bool = False

    @property
    def is_over(self) -> bool:
        return self.is_lost or self.etag is not None


def copies(every: Sequence[TrashBatch]) -> set[tuple[str, str]]:
    """Return what batches have in the trash of stores: root and key each. Equal bytes of one place are one copy there."""
    return {(each.root, each.stored) for batch in every for each in batch.taken() if each.is_object}


class StoreTrash:
    """The trash of the stores of a project."""

    def __init__(self, store: Store, stores: PrunedStores) -> None:
        self._store = store
        self._stores = stores

    def put_back(
        self,
        batch: TrashBatch,
        records: Sequence[tuple[TakenOutput, int]],
        others: Collection[tuple[str, str]],
    ) -> Iterator[PutBack]:
        """Put objects back, each with the row of its sink, and let go of the copies that no batch among the others has, too.

        Raises OSError.
        """
        rest = iter(records)
        while window := list(islice(rest, _WINDOW)):
            with ThreadPoolExecutor(THREADS, thread_name_prefix="restore") as pool:
                placed = list(pool.map(self._place, [record for record, _ in window]))
            with self._store.write():
                for each, (_, row) in zip(placed, window, strict=True):
                    if each.etag is not None:
                        self._store.outputs.put_back(each.record.known(row), each.etag)
            self._let_go(batch, [each.record for each in placed if each.is_over], others)
            yield from placed

    def _let_go(
        self, batch: TrashBatch, records: Sequence[TakenOutput], others: Collection[tuple[str, str]]
    ) -> None:
        """Delete copies; what cannot be deleted can be put back once more, which changes nothing."""
        alone = [each for each in records if (each.root, each.stored) not in others]
        gone = self.let_go(alone)
        for each in records:
            if each in gone or each not in alone:
                batch.unmark(each)

    def let_go(self, records: Sequence[TakenOutput]) -> set[TakenOutput]:
        """Delete the copies of objects; return those that are gone."""
        if not records:
            return set()
        with ThreadPoolExecutor(min(THREADS, len(records)), thread_name_prefix="empty") as pool:
            gone = list(pool.map(lambda each: self._deleted(unescape(each.root), each.stored), records))
        return {each for each, is_gone in zip(records, gone, strict=True) if is_gone}

    def old(self, sink: KnownSink, until: float, kept: Collection[tuple[str, str]]) -> Mapping[str, int]:
        """Return key and size of what runs put into the trash beside a sink before a moment (wall time), and no batch has."""
        ours = {key for _, key in kept}

        def look(outputs: ObjectOutputs) -> dict[str, int]:
            found: dict[str, int] = {}
            for page in listable(outputs.store, f"{outputs.trash}/"):
                if isinstance(page, UnlistedFolder):
                    self._stores.pass_over(sink.root, page)
                    continue
                found |= {
                    each["path"]: each["size"]
                    for each in page
                    if each["last_modified"].timestamp() < until
                    and each["path"] not in ours
                    and outputs.was(each["path"], sink.output)
                }
            return found

        return self._stores.ask(sink.root, look) or {}

    def delete(self, root: bytes, keys: Sequence[str]) -> int:
        """Delete objects in the store of a place; return how many that were."""
        if not keys:
            return 0
        with ThreadPoolExecutor(min(THREADS, len(keys)), thread_name_prefix="empty") as pool:
            return sum(pool.map(partial(self._deleted, root), keys))

    def _deleted(self, root: bytes, key: str) -> bool:
        def delete(outputs: ObjectOutputs) -> bool:
            outputs.store.delete(key)
            return True

        return self._stores.ask(root, delete) or False

    def _place(self, record: TakenOutput) -> PutBack:
        placed = self._stores.ask(unescape(record.root), partial(self._written, record))
        return placed or PutBack(record, None, UNUSABLE)

    def _written(self, record: TakenOutput, outputs: ObjectOutputs) -> PutBack:
        """Write an object from the trash to where it was. Raises StoreFault, OSError."""
        key = outputs.key(unescape(record.output))
        kept = outputs.found(record.stored)
        try:
            if kept is not None:
                return PutBack(record, write_again(outputs.store, kept, key, self._store.folder))
        except PlaceTaken:
            return PutBack(record, None, "something else stands in its place")
        except (ObjectMissing, ObjectChanged):
            pass
        there = outputs.store.facts(key)
        if there is not None and _is_it(outputs, record, there):
            # A kill came between the removal from the trash and the note of it.
            return PutBack(record, there.etag)
        return PutBack(record, None, "it is no longer in the trash of its store", is_lost=True)


def _is_it(outputs: ObjectOutputs, record: TakenOutput, there: ObjectFacts) -> bool:
    is_alike = there.size == record.length and record.digest is not None
    return there.etag == record.seen or (is_alike and digest_of(outputs.store, there) == record.digest)
