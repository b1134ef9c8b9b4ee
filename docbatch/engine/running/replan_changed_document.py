"""Planning a document again whose bytes changed before they were sent."""

from docbatch.core.models import Failure, FailureClass, WorkItem
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.progress_notices import Replanned
from docbatch.engine.running.run_context import Run
from docbatch.sources.base import Source
from docbatch.sources.content import STILL_WRITTEN, ContentError, Measured
from docbatch.state.selected_items import select_items
from docbatch.state.store import Store

MOST_REPLANS = 3


def replan(run: Run, item: WorkItem, reason: str) -> None:
    """Measure a document again whose bytes were not the planned ones, and record what it is now.

    One that keeps changing is set aside: the next run looks at it again. So is one that may still be written, where that is waited for.
    """
    recorded = run.store.items.get(item.key)
    assert recorded is not None
    documents = list(run.store.documents.of_item(recorded.row, item.place))
    if not documents:
        # It was one of several parts of a document that was planned again already.
        return
    run.replans[item.place] += 1
    times = run.replans[item.place]
    with run.store.write():
        run.store.found_objects.forget([item.place])
        for job, path in documents:
            # Jobs that were not selected are left alone: their next apply sees what changed.
            if job in run.targets:
                take_as_it_is(run, run.targets[job], path, reason if times > MOST_REPLANS else None)
                if run.under:
                    select_items(run.store.database, run.under, job, [path])
    run.observe(Replanned(item.name, reason))


def take_as_it_is(run: Run, target: ResolvedJob, path: bytes, given_up: str | None = None) -> None:
    """Inside the current transaction: measure a document and record it under the job's present recipe.

    `given_up` says why it is set aside instead.
    """
    store = run.store
    try:
        now = _measured(target.source, path, given_up)
    except ContentError as error:
        store.documents.put(target.name, path, None, error.failure)
        return
    from docbatch.engine.planning.items.wanted_items import row_as_it_is  # noqa: PLC0415 - hardly any document changes meanwhile

    store.documents.put(target.name, path, row_as_it_is(store, target, path, now), None)
    for sink in target.sinks:
        if not sink.kind.whole:
            _replace(store, target, sink, path, now)


def _measured(source: Source, path: bytes, given_up: str | None) -> Measured:
    if given_up is not None:
        raise ContentError(Failure(FailureClass.UNREADABLE, f"keeps changing while it is sent: {given_up}"))
    if source.unwrapped.leaves_changes:
        raise ContentError(STILL_WRITTEN)
    return source.measure(path)


def _replace(store: Store, target: ResolvedJob, sink: ResolvedSink, path: bytes, now: Measured) -> None:
    """The output's place may depend on the bytes."""
    output = sink.place(path, now.digest, now.size)
    row = store.deliveries.declare(target.name, sink.identity, sink.root, sink.output)
    due = path in store.documents.items_done(target.name, [path])
    store.deliveries.put(row, path, output, sink.collision_key(output), due=due)
