"""Putting back what prunes took, and emptying the trash of what has lain there for long."""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docbatch.core.errors import DocbatchError, StateError, UsageError
from docbatch.engine.administration.edit_state import locked
from docbatch.engine.administration.held_rows.held_places import NOT_ASKED
from docbatch.engine.administration.held_rows.take_rows import RowTaking
from docbatch.engine.administration.outputs.prune_outputs import PrunedOutput, PruneVerdict, finish_batches
from docbatch.engine.administration.outputs.pruned_stores import PrunedStores
from docbatch.engine.administration.outputs.restore_objects import StoreTrash, copies
from docbatch.engine.administration.outputs.trash_batches import TakenOutput, TrashBatch, batches
from docbatch.naming import picture_folders
from docbatch.naming.pathtext import escape, unescape
from docbatch.naming.state_folders import project_root
from docbatch.naming.store_places import in_store
from docbatch.sinks.faults import reason
from docbatch.sinks.outputs import stamp_of
from docbatch.sinks.paths import UnsafeOutput
from docbatch.sinks.trash import INDEX, shorten_index
from docbatch.sinks.tree import Tree, temporary_name
from docbatch.state.outputs import KnownSink
from docbatch.state.store import Store

_PIECE = 1 << 20


@dataclass(slots=True)
class Restoring:
    """What was put back, what stays in the trash and why, and the `trouble` with a store."""

    restored: list[str] = field(default_factory=list)
    stay: list[PrunedOutput] = field(default_factory=list)
    trouble: DocbatchError | None = None


@dataclass(slots=True)
class Emptying:
    """What was deleted from the trash, or would be: prunes, other things, and the bytes of all; and the `trouble` with a store.

    `stored` counts objects in stores, of prunes and others.
    """

    batches: int = 0
    things: int = 0
    size: int = 0
    stored: int = 0
    trouble: DocbatchError | None = None


def restore(folder: Path, what: str | None, *, here: Path, stores: PrunedStores, dry_run: bool) -> Restoring:
    """Put back a whole batch, by its name or the beginning of it, or one output by its path; without either the newest batch.

    Paths are relative to `here`. What stands in the place of something is never replaced. Raises UsageError where nothing in
    the trash is called so, NoState, StateLocked, StateError.
    """
    found = Restoring()
    with locked(folder) as store:
        if not dry_run:
            finish_batches(store, stores)
        every = [batch for batch in batches(folder / "trash") if not batch.is_empty()]
        chosen = _chosen(every, what, os.fsencode(here))
        if not chosen:
            raise UsageError(
                "no prune has left anything in .docbatch/trash"
                if what is None
                else f"nothing that a prune took is called '{what}'",
                hint="'docbatch prune --list' shows what can be put back",
            )
        for batch, records in chosen:
            # Pictures are there before what links to them.
            known = sorted(_known(store, records, found), key=lambda each: not _is_picture(each[0]))
            if dry_run:
                found.restored += [_shown(record, folder) for record, _ in known]
                continue
            _put_back_rows(
                RowTaking(store, stores.row_places(store)), batch, [each for each, _ in known], found
            )
            for record, row in known:
                if not (record.is_object or record.rows):
                    _put_back(store, batch, record, row, found)
            for is_picture in (True, False):
                objects = [each for each in known if each[0].is_object and _is_picture(each[0]) == is_picture]
                if objects:
                    _put_back_objects(StoreTrash(store, stores), every, batch, objects, found)
            if batch.is_empty():
                batch.remove()
    found.trouble = stores.trouble
    return found


def _is_picture(record: TakenOutput) -> bool:
    return picture_folders.is_picture(unescape(record.output))


def _known(
    store: Store, records: Sequence[TakenOutput], found: Restoring
) -> Iterator[tuple[TakenOutput, int]]:
    """Yield records with the row of their sink; those of which the state does not know it stay."""
    roots = {(sink.job, sink.identity): sink for sink in store.outputs.sinks()}
    for record in records:
        if record.rows:
            yield record, 0
            continue
        sink = roots.get((record.job, record.identity)) or _renamed(store, record)
        if record.identity and (sink is None or sink.root != unescape(record.root)):
            told = "the state does not know the sink it was written by"
            found.stay.append(_staying(record, store.folder, told))
        else:
            yield record, 0 if sink is None else sink.row


def _put_back_rows(
    taking: RowTaking, batch: TrashBatch, records: Sequence[TakenOutput], found: Restoring
) -> None:
    folder = batch.folder.parent.parent
    for job, identity in {(each.job, each.identity): None for each in records if each.rows}:
        these = {
            unescape(each.document): each
            for each in records
            if each.rows and (each.job, each.identity) == (job, identity)
        }
        place = taking.place(job, identity)
        files = {each.held: batch.folder / each.kept for each in these.values()}
        stay = None if place is None else taking.put_back(place, files)
        for path, each in these.items():
            why = NOT_ASKED if stay is None else stay.get(path)
            if why is not None:
                found.stay.append(_staying(each, folder, why))
                continue
            batch.unmark(each)
            found.restored.append(_shown(each, folder))


def _put_back_objects(
    trash: StoreTrash,
    every: Sequence[TrashBatch],
    batch: TrashBatch,
    objects: Sequence[tuple[TakenOutput, int]],
    found: Restoring,
) -> None:
    others = copies([each for each in every if each != batch])
    folder = batch.folder.parent.parent
    try:
        for each in trash.put_back(batch, objects, others):
            if each.etag is None:
                found.stay.append(_staying(each.record, folder, each.why))
            else:
                found.restored.append(_shown(each.record, folder))
    except OSError as error:
        raise StateError(f"{batch.folder}: an object cannot be put back: {reason(error)}") from error


def _renamed(store: Store, record: TakenOutput) -> KnownSink | None:
    """Return the sink that an output was written by where its job is called otherwise now."""
    found = [each for each in store.outputs.sinks() if each.identity == record.identity]
    return found[0] if len(found) == 1 else None


def _chosen(
    every: Sequence[TrashBatch], what: str | None, here: bytes
) -> list[tuple[TrashBatch, list[TakenOutput]]]:
    if what is None:
        return [(batch, list(batch.taken())) for batch in every[:1]]
    named = [batch for batch in every if what.startswith("pruned-") and batch.name.startswith(what)]
    if named:
        return [(batch, list(batch.taken())) for batch in named[:1]]
    place = unescape(what)
    place = place if in_store(place) else os.path.normpath(here + b"/" + place)
    for batch in every:
        records = [
            each for each in batch.taken() if unescape(each.root) + b"/" + unescape(each.output) == place
        ]
        if records:
            return [(batch, records)]
    return []


def _put_back(store: Store, batch: TrashBatch, record: TakenOutput, sink: int, found: Restoring) -> None:
    """Put a thing where it was, and let go of it in the batch once that is recorded: it is never in neither."""
    shown, kept = _shown(record, store.folder), batch.folder / record.kept
    try:
        with Tree(Path(os.fsdecode(unescape(record.root)))) as tree:
            folder, name = tree.locate(unescape(record.output))
            why = _place(kept, folder, name, record.mode)
            if why is not None:
                found.stay.append(_staying(record, store.folder, why))
                return
            stamp = stamp_of(os.stat(name, dir_fd=folder, follow_symlinks=False))
            os.fsync(folder)
    except (OSError, UnsafeOutput) as error:
        told = reason(error) if isinstance(error, OSError) else str(error)
        found.stay.append(_staying(record, store.folder, told))
        return
    _record(store, record, sink, stamp)
    found.restored.append(shown)
    with contextlib.suppress(OSError):
        # What cannot be let go of can be put back once more, which changes nothing.
        kept.unlink()


def _record(store: Store, record: TakenOutput, sink: int, stamp: str) -> None:
    if record.identity:
        with store.write():
            store.outputs.put_back(record.known(sink), stamp)
        return
    place = unescape(record.root) + b"/" + unescape(record.output)
    store.manifests.put(record.job, place, stamp)


def _place(kept: Path, folder: int, name: bytes, mode: int) -> str | None:
    """Put a thing where it was, and leave it in the batch as well; say why that cannot be."""
    try:
        os.link(kept, name, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        if not _is_same(kept, folder, name):
            return "something else stands in its place"
    except OSError:
        _copy(kept, folder, name)
    os.chmod(name, mode, dir_fd=folder)
    return None


def _copy(kept: Path, folder: int, name: bytes) -> None:
    """Copy to another disk; times stay as they were. Raises OSError."""
    temporary = temporary_name()
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    with kept.open("rb") as source, open(descriptor, "wb") as target:  # noqa: PTH123 - it is open already
        shutil.copyfileobj(source, target, _PIECE)
        target.flush()
        os.fsync(descriptor)
        status = os.fstat(source.fileno())
        os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def _is_same(kept: Path, folder: int, name: bytes) -> bool:
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode) or status.st_size != kept.stat().st_size:
        return False
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with kept.open("rb") as left, open(descriptor, "rb") as right:  # noqa: PTH123 - as above
        while piece := left.read(_PIECE):
            if piece != right.read(_PIECE):
                return False
    return True


def _staying(record: TakenOutput, folder: Path, why: str) -> PrunedOutput:
    return PrunedOutput(PruneVerdict.KEPT, record.job, _shown(record, folder), record.document, why)


def _shown(record: TakenOutput, folder: Path) -> str:
    place = unescape(record.root) + b"/" + unescape(record.output)
    if record.rows:
        return f"{escape(place)} ({record.document})"
    above = os.fsencode(project_root(folder)) + b"/"
    return escape(place.removeprefix(above))


def empty_trash(folder: Path, until: float, *, stores: PrunedStores, dry_run: bool) -> Emptying:
    """Delete what was put into the trash before a moment (wall time). Raises NoState, StateLocked, StateError."""
    found = Emptying()
    trash = folder / "trash"
    with locked(folder) as store:
        if not dry_run:
            finish_batches(store, stores)
        try:
            _empty_batches(store, stores, until, found, dry_run=dry_run)
            for path in list(_single_things(trash, until)):
                found.size += _size(path)
                found.things += 1
                if not dry_run:
                    path.unlink()
            if found.things and not dry_run:
                shorten_index(trash)
        except OSError as error:
            raise StateError(f"{trash}: cannot be emptied: {reason(error)}") from error
        _empty_stores(store, stores, until, found, dry_run=dry_run)
    found.trouble = stores.trouble
    return found


def _empty_batches(
    store: Store, stores: PrunedStores, until: float, found: Emptying, *, dry_run: bool
) -> None:
    every = batches(store.folder / "trash")
    in_stores = StoreTrash(store, stores)
    for batch in [each for each in every if each.at < until]:
        objects = [each for each in batch.taken() if each.is_object]
        others = copies([each for each in every if each != batch]) if objects else ()
        alone = [each for each in objects if (each.root, each.stored) not in others]
        size = sum(_size(path) for path in batch.folder.iterdir()) + sum(each.length for each in alone)
        if not dry_run:
            # What cannot be deleted from its store keeps its batch: else nobody would know that it lies there.
            if len(in_stores.let_go(alone)) < len(alone):
                continue
            batch.remove()
            every.remove(batch)
        found.batches += 1
        found.stored += len(alone)
        found.size += size


def _empty_stores(
    store: Store, stores: PrunedStores, until: float, found: Emptying, *, dry_run: bool
) -> None:
    """Delete what runs put into the trash of stores one by one."""
    in_stores = StoreTrash(store, stores)
    kept = copies(batches(store.folder / "trash"))
    seen: set[str] = set()
    for sink in {
        (each.root, each.output): each for each in store.outputs.sinks() if each.is_in_store
    }.values():
        old = {key: size for key, size in in_stores.old(sink, until, kept).items() if key not in seen}
        seen |= old.keys()
        number = len(old) if dry_run else in_stores.delete(sink.root, list(old))
        found.things += number
        found.stored += number
        found.size += sum(old.values())


def _single_things(trash: Path, until: float) -> Iterator[Path]:
    """Yield what runs put into the trash one by one: moving something there is the last that was done to it."""
    with contextlib.suppress(FileNotFoundError), os.scandir(trash) as entries:
        for entry in entries:
            is_single = entry.name != INDEX and not entry.is_dir(follow_symlinks=False)
            if is_single and entry.stat(follow_symlinks=False).st_ctime < until:
                yield Path(entry.path)


def _size(path: Path) -> int:
    return path.lstat().st_size
