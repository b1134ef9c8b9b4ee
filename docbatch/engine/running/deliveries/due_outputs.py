"""What is due for a sink, before it is handed over."""

from collections.abc import Sequence

from docbatch.engine.planning.resolved_job import ResolvedSink
from docbatch.engine.running.deliveries.documents_at_once import WINDOW
from docbatch.engine.running.run_context import Run
from docbatch.sinks.base import Sink
from docbatch.state.deliveries import DueDelivery, RecordedSink


def due_outputs(
    run: Run, recorded: RecordedSink, wanted: ResolvedSink, after: bytes = b""
) -> list[DueDelivery]:
    """Return what is to be written next, behind a path. A place that is not as it was recorded is taken from the job once more."""
    due = run.store.deliveries.due(recorded.row, WINDOW, after)
    damaged = [each for each in due if wanted.collision_key(each.output) != each.folded]
    if not damaged:
        return due
    with run.store.write():
        for each in damaged:
            output = wanted.place(each.path, each.digest, each.size)
            key = wanted.collision_key(output)
            run.store.deliveries.put(recorded.row, each.path, output, key, due=True)
    return run.store.deliveries.due(recorded.row, WINDOW, after)


def witness_of(
    run: Run, recorded: RecordedSink, wanted: ResolvedSink, sink: Sink, due: Sequence[DueDelivery]
) -> tuple[bytes, str] | None:
    """Return a document that an output for the whole job holds now and is not about to be handed.

    What is missing before anything is written was taken by somebody else, or let go, and says nothing about the sink.
    """
    if wanted.kind.per_document or not due:
        return None
    earlier = run.store.deliveries.delivered_outside(recorded, due[0].path, due[-1].path)
    return None if earlier is None or any(True for _ in sink.verify([earlier])) else earlier
