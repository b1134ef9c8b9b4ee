"""Taking what the desk holds into the state: what each document is, and where its outputs belong."""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from docbatch.changes import Kind, Reason
from docbatch.engine.desk import Change, Desk, Output
from docbatch.engine.notices import Replanned
from docbatch.engine.run import Run
from docbatch.engine.target import SinkTarget, Target
from docbatch.keys import item_key
from docbatch.models import Failure, FailureClass, WorkItem
from docbatch.sinks.paths import folded
from docbatch.sources.content import ContentError, Measured, measure
from docbatch.state.documents import RecordedJob
from docbatch.state.store import Store

WINDOW = 1000
MOST_REPLANS = 3


def adopt(store: Store, target: Target, desk: Desk) -> None:
    """Record a job's changes in windows. Killed in between, the next scan finds what is left."""
    if not _is_declared(store, target):
        _declare(store, target)
    sinks = {sink.identity: sink.row for sink in store.deliveries.sinks(target.name)}
    recipe = store.documents.recipe_row(target.recipe_key)
    assert recipe is not None
    changes = (change for change in desk.changes(target.name) if change.adopt)
    while window := list(islice(changes, WINDOW)):
        with store.write():
            for change in window:
                _take(store, target, recipe, change)
            _place(store, sinks, desk.outputs_of(target.name, window[0].path, window[-1].path))
            store.documents.revise(target.name)
    alone = desk.outputs_alone(target.name)
    while rest := list(islice(alone, WINDOW)):
        with store.write():
            _place(store, sinks, rest)
    for sink in desk.wholes(target.name):
        with store.write():
            store.deliveries.outdate(sinks[sink])


def retire(store: Store, jobs: Collection[str]) -> None:
    """Record that jobs are no longer declared: what was paid is still collected, their outputs stay."""
    for job in sorted(jobs):
        if store.documents.count(job) or store.deliveries.sinks(job):
            with store.write():
                store.deliveries.retire_job(job)


def _place(store: Store, sinks: Mapping[str, int], outputs: Iterable[Output]) -> None:
    """Record where outputs belong; those of documents that are not adopted yet follow with them."""
    for each in outputs:
        due = store.documents.has_result(each.job, each.path)
        store.deliveries.put(sinks[each.sink], each.path, each.output, each.folded, due=due)


def _is_declared(store: Store, target: Target) -> bool:
    recipe = store.documents.recipe_row(target.recipe_key)
    recorded = {(sink.identity, sink.root, sink.output) for sink in store.deliveries.sinks(target.name)}
    wanted = {(sink.identity, sink.root, sink.output) for sink in target.sinks}
    return (
        recipe is not None
        and recorded == wanted
        and store.documents.job(target.name) == _job(store, target, recipe)
    )


def _job(store: Store, target: Target, recipe: int) -> RecordedJob:
    known = store.documents.job(target.name)
    revision = 0 if known is None else known.revision
    return RecordedJob(
        name=target.name,
        connection=target.connection,
        recipe=recipe,
        config=dict(target.config),
        root=target.root,
        priority=target.priority,
        pins=dict(target.recipe.pins),
        revision=revision,
        # Work in this process has limits of its own and ends with it, so that it can never be stuck.
        timeout=None if target.traits.in_process else target.timeout,
    )


def _declare(store: Store, target: Target) -> None:
    with store.write():
        recipe = store.documents.declare_recipe(target.recipe_key, target.recipe)
        store.documents.declare_job(_job(store, target, recipe))
        store.deliveries.retire(target.name, [sink.identity for sink in target.sinks])
        for sink in target.sinks:
            store.deliveries.declare(target.name, sink.identity, sink.root, sink.output)


def _take(store: Store, target: Target, recipe: int, change: Change) -> None:
    if change.kind in {Kind.REMOVE, Kind.SKIP}:
        store.documents.unwant(target.name, change.path)
    elif not change.key:
        store.documents.put(target.name, change.path, None, change.problem)
    else:
        item = _item(
            target,
            change.path,
            key=change.key,
            digest=change.digest,
            media_type=change.media_type,
            size=change.size,
        )
        row = store.items.want(item, recipe)
        if change.reason is Reason.AGAIN:
            store.items.requeue(row)
        store.documents.put(target.name, change.path, row, None)


def _item(target: Target, path: bytes, *, key: str, digest: str, media_type: str, size: int) -> WorkItem:
    return WorkItem(
        key=key,
        recipe=target.recipe_key,
        digest=digest,
        size=size,
        media_type=media_type,
        name=path.rpartition(b"/")[2].decode("utf-8", "replace"),
        path=target.root + b"/" + path,
        priority=target.priority,
    )


def replan(run: Run, item: WorkItem, reason: str) -> None:
    """Measure a document again whose bytes were not the planned ones, and record what it is now.

    One that keeps changing is set aside: the next run looks at it again.
    """
    recorded = run.store.items.get(item.key)
    assert recorded is not None
    times = run.replans.get(item.path, 0) + 1
    run.replans[item.path] = times
    with run.store.write():
        for job, path in run.store.documents.of_item(recorded.row, item.path):
            _retake(run, run.targets[job], path, reason if times > MOST_REPLANS else None)
    run.observe(Replanned(item.name, reason))


def _retake(run: Run, target: Target, path: bytes, given_up: str | None) -> None:
    store = run.store
    recipe = store.documents.recipe_row(target.recipe_key)
    assert recipe is not None
    try:
        now = _measured(target.root + b"/" + path, given_up)
    except ContentError as error:
        store.documents.put(target.name, path, None, error.failure)
        return
    media_type = target.read_as(path, now.media_type)
    key = item_key(target.recipe_key, media_type, now.digest)
    item = _item(target, path, key=key, digest=now.digest, media_type=media_type, size=now.size)
    store.documents.put(target.name, path, store.items.want(item, recipe), None)
    for sink in target.sinks:
        if not sink.whole:
            _replace(store, target, sink, path, now)


def _measured(place: bytes, given_up: str | None) -> Measured:
    if given_up is not None:
        raise ContentError(Failure(FailureClass.UNREADABLE, f"keeps changing while it is sent: {given_up}"))
    return measure(place)


def _replace(store: Store, target: Target, sink: SinkTarget, path: bytes, now: Measured) -> None:
    """The output's place may depend on the bytes."""
    output = b"" if sink.output is not None else sink.place(path, now.digest, now.size)
    key = 0 if sink.output is not None else folded(sink.root + b"/" + output)
    row = store.deliveries.declare(target.name, sink.identity, sink.root, sink.output)
    store.deliveries.put(row, path, output, key, due=store.documents.has_result(target.name, path))
