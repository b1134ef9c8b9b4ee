"""Moving outputs into a batch of the trash, a window at a time, each step durable before the next."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from docbatch.durability import Flusher
from docbatch.engine.administration.held_rows.held_places import NOT_ASKED
from docbatch.engine.administration.held_rows.take_rows import RowTaking
from docbatch.engine.administration.outputs.left_output import LeftOutput
from docbatch.engine.administration.outputs.pruned_stores import UNUSABLE, PrunedStores
from docbatch.engine.administration.outputs.take_objects import Going, ObjectTaking
from docbatch.engine.administration.outputs.trash_batches import (
    TakenOutput,
    TrashBatch,
    begin,
    folders_above,
    name_in_batch,
)
from docbatch.naming.pathtext import escape, unescape
from docbatch.naming.store_places import in_store
from docbatch.sinks.faults import reason
from docbatch.sinks.outputs import stamp_at
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.trash import move, sync
from docbatch.sinks.tree import Tree
from docbatch.state.store import Store

_FOLDERS = 128
_WINDOW = 500


class Taking:
    """One prune's batch; it is made when there is something to put in."""

    def __init__(self, store: Store, now: float, stores: PrunedStores) -> None:
        self._store = store
        self._now = now
        self._batch: TrashBatch | None = None
        self._number = 0
        self._folders: dict[str, set[bytes]] = {}
        self._flusher = Flusher()
        self._stores = stores
        self._objects = ObjectTaking(stores, store.folder)
        self._rows = RowTaking(store, stores.row_places(store))
        self._is_unfinished = False

    @property
    def name(self) -> str:
        return "" if self._batch is None else self._batch.name

    def take(self, going: Sequence[LeftOutput]) -> Iterator[LeftOutput]:
        """Move outputs, and yield what became of each: one that somebody changed at this moment stays. Raises OSError."""
        if not going:
            return
        if self._batch is None:
            self._batch = begin(self._store.folder / "trash", self._now)
        yield from self._take_rows(self._batch, [each for each in going if each.rows is not None])
        going = [each for each in going if each.rows is None]
        usable = {
            root: in_store(root) and self._stores.outputs(root) for root in {each.root for each in going}
        }
        yield from (replace(each, keeps=UNUSABLE) for each in going if usable[each.root] is None)
        pairs = [(each, self._record(each)) for each in going if usable[each.root] is not None]
        self._batch.announce([record for _, record in pairs])
        moved = self._move_files(self._batch, [each for each in pairs if each[0].standing is None])
        moved += self._objects.take(self._batch, [each for each in pairs if each[0].standing is not None])
        taken = [record for each, record in moved if each.keeps is None]
        _release(self._store, taken)
        self._note_folders(taken)
        yield from (each for each, _ in moved)

    def _take_rows(self, batch: TrashBatch, going: Sequence[LeftOutput]) -> Iterator[LeftOutput]:
        places = {each.rows.rows: each.rows for each in going if each.rows is not None}
        for place in places.values():
            these = {each.known.path: (each, self._record(each)) for each in going if each.rows == place}
            batch.announce([record for _, record in these.values()])
            files = {path: batch.folder / record.kept for path, (_, record) in these.items()}
            stay = self._rows.take(place, files)
            self._is_unfinished |= stay is None
            for path, (each, _) in these.items():
                yield (
                    each
                    if stay is not None and path not in stay
                    else replace(each, keeps=NOT_ASKED if stay is None else stay[path])
                )

    def _move_files(self, batch: TrashBatch, going: Sequence[Going]) -> list[Going]:
        with contextlib.ExitStack() as open_trees:
            trees = {
                root: open_trees.enter_context(Tree(Path(os.fsdecode(root))))
                for root in {each.root for each, _ in going}
            }
            moved = [(self._move(batch, trees[each.root], each, record), record) for each, record in going]
            for tree in trees.values():
                self._flusher.flush(tree.touched())
        sync(batch.folder)
        return moved

    def _note_folders(self, taken: Sequence[TakenOutput]) -> None:
        for record in taken:
            # A store has no folders that could be empty.
            if not record.is_object:
                self._folders.setdefault(record.root, set()).add(unescape(record.output).rpartition(b"/")[0])

    def close(self) -> int:
        """Remove the folders that became empty, and return how many these were. Raises OSError."""
        if self._batch is None:
            return 0
        removed = sum(_remove_empty(root, folders) for root, folders in self._folders.items())
        if not (self._objects.is_unfinished or self._is_unfinished):
            self._batch.finish()
        return removed

    def finish(self, batch: TrashBatch) -> None:
        """Do what a prune that was killed left to be done of its batch. Raises OSError."""
        records = batch.taken()
        while window := list(islice(records, _WINDOW)):
            self._finish_rows(batch, [each for each in window if each.rows])
            moved = [each for each in window if not (each.is_object or each.rows)]
            moved += self._objects.finish(batch, [each for each in window if each.is_object])
            _release(self._store, moved)
            self._note_folders(moved)
        self._batch = batch
        self.close()

    def _finish_rows(self, batch: TrashBatch, records: Sequence[TakenOutput]) -> None:
        for job, identity in {(each.job, each.identity) for each in records}:
            these = {
                unescape(each.document): each
                for each in records
                if (each.job, each.identity) == (job, identity)
            }
            place = self._rows.place(job, identity)
            taken = None if place is None else self._rows.taken_before(place, list(these))
            if taken is None:
                self._is_unfinished = True
                continue
            for path, record in these.items():
                if path not in taken:
                    batch.unmark(record)

    def _record(self, each: LeftOutput) -> TakenOutput:
        self._number += 1
        status, standing = each.seen.status, each.standing
        stored = ""
        if standing is not None:
            outputs = self._stores.outputs(each.root)
            stored = "" if outputs is None else outputs.trash_key(standing)
        return TakenOutput(
            kept=name_in_batch(self._number, each.known.output),
            job=each.job,
            identity=each.identity,
            root=escape(each.root),
            output=escape(each.known.output),
            document=escape(each.known.path),
            result=each.known.result,
            stamp=each.known.stamp,
            size=each.known.size,
            digest=each.known.digest,
            mode=0 if status is None else status.st_mode & 0o7777,
            seen=(each.seen.stamp if standing is None else standing.etag) or "",
            stored=stored,
            length=0 if standing is None else standing.size,
            rows=each.rows is not None,
        )

    def _move(self, batch: TrashBatch, tree: Tree, each: LeftOutput, record: TakenOutput) -> LeftOutput:
        kept = batch.folder / record.kept
        if len(tree) > _FOLDERS:
            self._flusher.flush(tree.touched())
            tree.release()
        try:
            folder, name = tree.locate(each.known.output, create=False)
            is_same = move(folder, name, kept)
        except (FileNotFoundError, UnsafeOutput) as error:
            return replace(each, keeps=f"it went away meanwhile: {error}")
        except PermissionError as error:
            return replace(each, keeps=f"it cannot be moved: {reason(error)}")
        tree.touch(each.known.output)
        if is_same and stamp_at(kept) != record.seen:
            # It was changed between the look and the move: it goes back where it was.
            with contextlib.suppress(FileExistsError):
                os.link(kept, name, dst_dir_fd=folder)
                kept.unlink()
            return replace(each, keeps="it changed at this moment", is_edited=True)
        return each


def _release(store: Store, records: Sequence[TakenOutput]) -> None:
    """Record that outputs are gone."""
    rows = {(sink.job, sink.identity): sink.row for sink in store.outputs.sinks()}
    with store.write():
        for record in records:
            row = rows.get((record.job, record.identity))
            if not record.identity:
                store.manifests.forget(record.job)
            elif row is not None:
                store.outputs.release([record.known(row)])


def _remove_empty(shown: str, folders: Iterable[bytes]) -> int:
    """Remove folders below a root, and those above them, as far as they are empty."""
    root, removed = Path(os.fsdecode(unescape(shown))), 0
    for folder in folders_above(folder + b"/x" for folder in folders):
        with Tree(root) as tree, contextlib.suppress(OSError, UnsafeOutput):
            above, name = tree.locate(folder, create=False)
            os.rmdir(name, dir_fd=above)
            removed += 1
    return removed
