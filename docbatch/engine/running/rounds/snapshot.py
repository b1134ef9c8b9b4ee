"""What is recorded and remembered at one moment, as planning sees it."""

from collections.abc import Collection, Iterator, Mapping

from docbatch.core.models import Submission
from docbatch.core.scheduler import ConnectionView, Queue, Snapshot
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.running import deliver_results
from docbatch.engine.running.run_context import Run
from docbatch.engine.running.send_queues import apart
from docbatch.engine.spending.closed_windows import are_sending, closed_queue


def snapshot(
    run: Run, open_: Mapping[str, Submission], spent: Mapping[str, Submission], busy: Collection[str]
) -> Snapshot:
    """Return what planning depends on, without what concerns connections that are busy."""
    queues = tuple(_queues(run, busy))
    followed = run.followed.items()
    return Snapshot(
        connections=_views(run, open_.values(), queues),
        submissions=tuple(each for each in open_.values() if each.connection not in busy),
        queues=queues,
        due=tuple(deliver_results.due(run, open_, is_sending=are_sending(queues) or bool(busy))),
        looks={name: each.looks for name, each in followed if each.looks is not None},
        next_poll={name: each.next_poll for name, each in followed},
        next_fetch={name: each.next_fetch for name, each in followed},
        expires={name: each.expires for name, each in followed if each.expires is not None},
        turns=run.queues.turns,
        spent=tuple(each for each in spent.values() if each.connection not in busy),
        may_create=run.may_create,
        allowance=run.allowance,
    )


def _views(run: Run, open_: Collection[Submission], queues: Collection[Queue]) -> dict[str, ConnectionView]:
    """Return the connections, each with what other processes that use its account leave it."""
    waiting = {each.connection for each in queues}
    return {
        name: each.share(each.view.in_flight(open_), wants_more=name in waiting)
        for name, each in run.connections.items()
    }


def is_left(run: Run, submission: Submission) -> bool:
    connection = run.connections.get(submission.connection)
    return connection is not None and submission.id in connection.left


def _recipes(run: Run) -> Iterator[tuple[int, ResolvedJob]]:
    """Yield the rows of recipes by which documents are sent, or parts of some, each with a job that has it."""
    if any(target.split for target in run.targets.values()):
        from docbatch.engine.running.parts.sent_recipes import sent_recipes  # noqa: PLC0415 - few jobs split documents

        yield from sent_recipes(run.store, run.targets.values())
        return
    for target in {target.recipe_key: target for target in run.targets.values()}.values():
        row = run.store.documents.recipe_row(target.recipe_key)
        if row is not None:
            yield row, target


def _queues(run: Run, busy: Collection[str]) -> Iterator[Queue]:
    """Yield what waits to be sent on connections that are free."""
    sending = run.sending_jobs()
    for row, target in _recipes(run):
        if target.connection not in busy:
            batch = run.connections[target.connection].traits.max_items
            for queue in run.queues.waiting(run.store, row, target.connection, sending, batch):
                for part in run.bisection.apart(queue):
                    yield from apart(part, run.connections[queue.connection].uploads, run.clock.monotonic())
            yield from closed_queue(run.store, run.targets, sending, row)
