"""Recording in the state what was found to have changed: what each document is, and where its outputs belong."""

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING

from docbatch.core.changes import ChangeKind, Reason
from docbatch.core.extents import UNCOUNTED
from docbatch.core.models import ItemStatus, WorkItem
from docbatch.engine.planning.declared_jobs import declaration, keep_changes, keep_end
from docbatch.engine.planning.differences_database import Change, Differences, Output
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.sources.content import STILL_WRITTEN, ContentError
from docbatch.sources.statcache import StatCache
from docbatch.state.documents import RecordedJob
from docbatch.state.items import RecordedItem
from docbatch.state.selected_items import let_go, select_items
from docbatch.state.store import Store

if TYPE_CHECKING:
    from docbatch.engine.planning.items.wanted_items import WantedItems

WINDOW = 4000


class Witness:
    """Looks at documents themselves before they are given the result of an item that is known already.

    What a cache says of a file may be damaged. Of documents that are sent, the bytes that are sent are digested; of one
    that only shares what another is, nobody would look at the bytes. A cache that was wrong forgets the document.
    """

    def __init__(self, targets: Mapping[str, ResolvedJob], cache: StatCache) -> None:
        self._targets = targets
        self._cache = cache
        self._seen: set[int] = set()

    def agrees(self, store: Store, job: str, change: Change, known: RecordedItem) -> bool:
        """Say whether a document is what its change says, inside the current transaction; if not, record what it is.

        So is the first document of an item that waits to be sent, at which nobody had to look as long as it was alone.
        """
        if known.status is ItemStatus.PENDING and known.row not in self._seen:
            self._seen.add(known.row)
            for other, path in store.documents.places(known.row)[:1]:
                if other in self._targets:
                    self._is_still(store, self._targets[other], path, change)
        return self._is_still(store, self._targets[job], change.path, change)

    def _is_still(self, store: Store, target: ResolvedJob, path: bytes, change: Change) -> bool:
        try:
            now = target.source.confirm(path)
        except ContentError as error:
            store.documents.put(target.name, path, None, error.failure)
            return False
        if (now.digest, now.media_type) == (change.digest, change.media_type):
            return True
        self._cache.forget(path)
        store.found_objects.forget([target.source.identity + b"/" + path])
        if target.source.unwrapped.leaves_changes:
            store.documents.put(target.name, path, None, STILL_WRITTEN)
            return False
        from docbatch.engine.planning.items.wanted_items import row_as_it_is  # noqa: PLC0415 - hardly any document changes meanwhile

        store.documents.put(target.name, path, row_as_it_is(store, target, path, now), None)
        return False


def record_changes(
    store: Store,
    target: ResolvedJob,
    differences: Differences,
    witness: Witness,
    now: float = 0.0,
    *,
    under: str = "",
) -> None:
    """Record a job's changes in windows. Killed in between, the next scan finds what is left.

    From `now` on (wall time) what is to be sent waits for a window, where that may have an end. It is what was selected `under`
    selectors, given as they are typed, where not all is.
    """
    let_go(store.database, None if under else target.name)
    if not is_declared(store, target):
        _declare(store, target)
    store.unwanted_work.declare(target.name, stops=target.failing.cancels_removed)
    sinks = {sink.identity: sink.row for sink in store.deliveries.sinks(target.name)}
    changes = (change for change in differences.changes(target.name) if change.adopt)
    wanted: WantedItems | None = None
    while window := list(islice(changes, WINDOW)):
        wanted = wanted or _wanted(store, target, differences)
        with store.write():
            _record_window(store, target, wanted, window, witness)
            if target.deadline is not None:
                store.waiting.note(target.name, now, target.deadline, (window[0].path, window[-1].path))
            outputs = differences.outputs_of(target.name, window[0].path, window[-1].path)
            _place(store, target.name, sinks, list(outputs))
            store.documents.revise(target.name)
            if under:
                select_items(store.database, under, target.name, [each.path for each in window])
    _select_known(store, target.name, differences, under)
    alone = differences.outputs_alone(target.name)
    while rest := list(islice(alone, WINDOW)):
        with store.write():
            _place(store, target.name, sinks, rest)
    for sink in differences.wholes(target.name):
        with store.write():
            store.deliveries.outdate(sinks[sink])
    store.waiting.settle(target.name, now, target.deadline)


def _select_known(store: Store, job: str, differences: Differences, under: str) -> None:
    """Note what is selected and recorded already."""
    known = (change.path for change in differences.changes(job) if not change.adopt)
    while under and (window := list(islice(known, WINDOW))):
        with store.write():
            select_items(store.database, under, job, window)


def _wanted(store: Store, target: ResolvedJob, differences: Differences) -> "WantedItems":
    from docbatch.engine.planning.items.wanted_items import WantedItems  # noqa: PLC0415 - most runs find nothing new

    return WantedItems(store, target, lambda key: (differences.extent_of(key) or UNCOUNTED).pages)


def _record_window(
    store: Store, target: ResolvedJob, wanted: "WantedItems", window: Sequence[Change], witness: Witness
) -> None:
    """Record changes inside the current transaction, in their order; those of new documents with new bytes many at a time."""
    items = _Known(store, [each.key for each in window if each.key], witness, wanted)
    for are_new, changes in groupby(window, items.is_new):
        if are_new:
            _make(store, target, wanted.recipe, list(changes))
        else:
            for change in changes:
                _take(store, target, wanted, change, items)


def _make(store: Store, target: ResolvedJob, recipe: int, changes: Sequence[Change]) -> None:
    made = store.items.want_new([_item_of(target, change) for change in changes], recipe)
    store.documents.put_new(
        target.name, ((change.path, row) for change, (_, row) in zip(changes, made, strict=True))
    )


def keep_stamps(store: Store, stamps: Mapping[int, str | None]) -> None:
    """Record that outputs bear other stamps, by the rows of their sinks, and hold what they held: they need not be read again."""
    if stamps:
        with store.write():
            for sink, stamp in stamps.items():
                store.deliveries.touched(sink, stamp)


def retire(store: Store, jobs: Collection[str]) -> None:
    """Record that jobs are no longer declared: what was paid is still collected, their outputs stay."""
    for job in sorted(jobs):
        store.waiting.forget(job)
        if store.documents.count(job) or store.deliveries.sinks(job):
            with store.write():
                store.deliveries.retire_job(job)
                keep_end(store, job)


def _place(store: Store, job: str, sinks: Mapping[str, int], outputs: Sequence[Output]) -> None:
    """Record where outputs of a job belong; those of documents that are not adopted yet follow with them."""
    done = store.documents.items_done(job, list(dict.fromkeys(each.path for each in outputs)))
    for row in done.values():
        # It is written because its result is another than what was written, which may be damage: better told now.
        store.items.by_row(row)
    store.deliveries.put_many(
        (sinks[each.sink], each.path, each.output, each.folded, each.path in done) for each in outputs
    )


def is_declared(store: Store, target: ResolvedJob) -> bool:
    """Say whether a job and its sinks are recorded as they are declared."""
    recipe = store.documents.recipe_row(target.oldest_key or target.recipe_key)
    recorded = {(sink.identity, sink.root, sink.output) for sink in store.deliveries.sinks(target.name)}
    wanted = {(sink.identity, sink.root, sink.output) for sink in target.sinks}
    return (
        recipe is not None
        and store.documents.recipe_row(target.recipe_key) is not None
        and recorded == wanted
        and store.documents.job(target.name) == _job(store, target, recipe)
    )


def _job(store: Store, target: ResolvedJob, recipe: int) -> RecordedJob:
    known = store.documents.job(target.name)
    revision = 0 if known is None else known.revision
    return RecordedJob(
        name=target.name,
        connection=target.connection,
        recipe=recipe,
        config=dict(target.config),
        source=target.source.identity,
        priority=target.priority,
        pins=dict(store.documents.recipe(recipe).pins),
        revision=revision,
        # Work in this process has limits of its own and ends with it, so that it can never be stuck.
        timeout=None if target.traits.in_process else target.timeout,
        demands=target.demands,
    )


def _declare(store: Store, target: ResolvedJob) -> None:
    before = declaration(store, target.name)
    with store.write():
        store.documents.declare_recipe(target.recipe_key, target.recipe)
        oldest = store.documents.recipe_row(target.oldest_key or target.recipe_key)
        assert oldest is not None
        store.documents.declare_job(_job(store, target, oldest))
        store.deliveries.let_void_go(target.name)
        for sink in target.sinks:
            if sink.kind.whole and sink.kind.rows and sink.output is not None:
                store.deliveries.rename(target.name, sink.identity, sink.root, sink.output)
        store.deliveries.retire(target.name, [sink.identity for sink in target.sinks])
        for sink in target.sinks:
            store.deliveries.declare(target.name, sink.identity, sink.root, sink.output)
        keep_changes(store, target.name, before)


class _Known:
    """The items of a window, read at once; those that were made since are read when they are asked for."""

    def __init__(self, store: Store, keys: Sequence[str], witness: Witness, wanted: "WantedItems") -> None:
        self._store = store
        self._wanted = wanted
        self._items = {item.key: item for item in store.items.many(keys)}
        self._witness = witness
        self._made: set[str] = set()
        self._is_over = False

    def is_new(self, change: Change) -> bool:
        """Say whether neither the document nor what it is was known before, nor is either in the changes so far."""
        if self._is_over or not change.key or change.reason is not Reason.NEW:
            return False
        if change.key in self._items or change.key in self._made:
            return False
        if self._wanted.is_split(change.key, change.media_type, change.digest):
            return False
        self._made.add(change.key)
        return True

    def agrees(self, job: str, change: Change) -> bool:
        """Say whether a document is what its change says, where that gives it the result of another."""
        is_old = not (self._is_over or change.key in self._made)
        known = self._items.get(change.key) if is_old else self._store.items.get(change.key)
        self._made.add(change.key)
        if known is None:
            return True
        # The witness may change any of them.
        self._is_over = True
        return self._witness.agrees(self._store, job, change, known)


def _take(store: Store, target: ResolvedJob, wanted: "WantedItems", change: Change, items: _Known) -> None:
    if change.kind in {ChangeKind.REMOVE, ChangeKind.SKIP}:
        store.documents.unwant(target.name, change.path)
    elif not change.key:
        store.documents.put(target.name, change.path, None, change.problem)
    else:
        if not items.agrees(target.name, change):
            return
        row = wanted.row(_item_of(target, change))
        if change.reason is Reason.AGAIN:
            store.items.requeue(row)
        store.documents.put(target.name, change.path, row, None)


def _item_of(target: ResolvedJob, change: Change) -> WorkItem:
    return work_item(
        target,
        change.path,
        key=change.key,
        digest=change.digest,
        media_type=change.media_type,
        size=change.size,
    )


def work_item(
    target: ResolvedJob, path: bytes, *, key: str, digest: str, media_type: str, size: int
) -> WorkItem:
    return WorkItem(
        key=key,
        recipe=target.recipe_key,
        digest=digest,
        size=size,
        media_type=media_type,
        name=path.rpartition(b"/")[2].decode("utf-8", "replace"),
        place=target.source.identity + b"/" + path,
        priority=target.priority,
    )
