"""What waits to be sent until the window of its job opens."""

from collections.abc import Collection, Iterator, Mapping

from docbatch.core.scheduler import Queue
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.state.store import Store


def closed_queue(
    store: Store, targets: Mapping[str, ResolvedJob], closed: Mapping[str, float], recipe: int
) -> Iterator[Queue]:
    """Yield the first document of a recipe that waits for a window, as what is not to be sent before that opens.

    `closed` are the jobs whose windows are, and when they open (monotonic seconds).
    """
    for job, opens in sorted(closed.items(), key=lambda each: each[1]):
        first = tuple(store.items.pending(recipe, [job], 1))
        if first:
            window = targets[job].window
            assert window is not None, "it is closed"
            yield Queue(
                str(recipe),
                targets[job].connection,
                first,
                ready_at=opens,
                waits_for=f"job '{job}' sends between {window.shown}",
            )
            return


def are_sending(queues: Collection[Queue]) -> bool:
    """Say whether anything is sent before long: what waits for a window holds up no output."""
    return any(not queue.waits_for for queue in queues)
