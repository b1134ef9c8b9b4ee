"""Recording in the state what was found to have changed: what each document is, and where its outputs belong."""

from collections.abc import Collection, Iterable, Mapping
from itertools import islice

from docbatch.core.changes import ChangeKind, Reason
from docbatch.core.models import WorkItem
from docbatch.engine.planning.differences_database import Change, Differences, Output
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.state.documents import RecordedJob
from docbatch.state.store import Store

WINDOW = 1000


def record_changes(store: Store, target: ResolvedJob, differences: Differences) -> None:
    """Record a job's changes in windows. Killed in between, the next scan finds what is left."""
    if not _is_declared(store, target):
        _declare(store, target)
    sinks = {sink.identity: sink.row for sink in store.deliveries.sinks(target.name)}
    recipe = store.documents.recipe_row(target.recipe_key)
    assert recipe is not None
    changes = (change for change in differences.changes(target.name) if change.adopt)
    while window := list(islice(changes, WINDOW)):
        with store.write():
            for change in window:
                _take(store, target, recipe, change)
            _place(store, sinks, differences.outputs_of(target.name, window[0].path, window[-1].path))
            store.documents.revise(target.name)
    alone = differences.outputs_alone(target.name)
    while rest := list(islice(alone, WINDOW)):
        with store.write():
            _place(store, sinks, rest)
    for sink in differences.wholes(target.name):
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


def _is_declared(store: Store, target: ResolvedJob) -> bool:
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
        on_empty=target.on_empty,
    )


def _declare(store: Store, target: ResolvedJob) -> None:
    with store.write():
        store.documents.declare_recipe(target.recipe_key, target.recipe)
        oldest = store.documents.recipe_row(target.oldest_key or target.recipe_key)
        assert oldest is not None
        store.documents.declare_job(_job(store, target, oldest))
        if target.on_empty == "fail":
            store.deliveries.let_empty_go(target.name)
        store.deliveries.retire(target.name, [sink.identity for sink in target.sinks])
        for sink in target.sinks:
            store.deliveries.declare(target.name, sink.identity, sink.root, sink.output)


def _take(store: Store, target: ResolvedJob, recipe: int, change: Change) -> None:
    if change.kind in {ChangeKind.REMOVE, ChangeKind.SKIP}:
        store.documents.unwant(target.name, change.path)
    elif not change.key:
        store.documents.put(target.name, change.path, None, change.problem)
    else:
        item = work_item(
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
