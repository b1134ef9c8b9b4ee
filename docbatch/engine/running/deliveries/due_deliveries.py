"""What is due for a sink, as the sink is handed it, and what is said of what it could not write."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from docbatch.core.errors import ResultLost, SinkError
from docbatch.core.results import Answer
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.progress_notices import Trouble
from docbatch.engine.reading.outputs_ahead import Made, made_ahead, not_made
from docbatch.engine.reading.result_reader_process import Wanted
from docbatch.engine.running.run_context import Run
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Delivery, Fault, Sink
from docbatch.sinks.kind import Form
from docbatch.state.deliveries import DueDelivery, RecordedSink

WINDOW = 512


def due_outputs(run: Run, recorded: RecordedSink, wanted: ResolvedSink) -> list[DueDelivery]:
    """Return what is to be written next. A place that is not as it was recorded is taken from the job once more."""
    due = run.store.deliveries.due(recorded.row, WINDOW)
    damaged = [each for each in due if wanted.collision_key(each.output) != each.folded]
    if not damaged:
        return due
    with run.store.write():
        for each in damaged:
            output = wanted.place(each.path, each.digest, each.size)
            key = wanted.collision_key(output)
            run.store.deliveries.put(recorded.row, each.path, output, key, due=True)
    return run.store.deliveries.due(recorded.row, WINDOW)


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


def report_faults(run: Run, target: ResolvedJob, faults: Sequence[Fault]) -> None:
    for fault in faults:
        text = f"{target.name}: {escape(fault.path)}: {fault.message}"
        run.errors.append(SinkError(text))
        run.observe(
            Trouble(
                escape(fault.path), fault.message, "its result is safe in the spool; mend it and apply again"
            )
        )


def until_stopped(run: Run, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    """Yield what is to be written, each document by itself, until the run is to end: the next one writes the rest."""
    for each in deliveries:
        yield each
        if run.stop.is_asked:
            return


def deliveries_of(
    run: Run, target: ResolvedJob, due: Iterable[DueDelivery], form: Form | None, lost: list[DueDelivery]
) -> Iterator[Delivery]:
    """Yield what is due, with outputs of other processes where there are some: they work ahead of the sink."""
    kind = run.connections[target.connection].access.kind
    pairs = _wanted(run, due)
    outputs: Iterable[tuple[DueDelivery, Wanted, Made]]
    if run.readers is None or form is None or kind is None:
        outputs = ((each, wanted, not_made) for each, wanted in pairs)
    else:
        run.readers.expect(len(due) if isinstance(due, Sequence) else 0)
        outputs = made_ahead(run.readers, kind, form, pairs)
    for each, wanted, give in outputs:
        yield _delivery(run, target, each, wanted, give, lost)


def _wanted(run: Run, due: Iterable[DueDelivery]) -> Iterator[tuple[DueDelivery, Wanted]]:
    """Yield what is due, and as what other processes know it."""
    remaining = iter(due)
    while window := list(islice(remaining, WINDOW)):
        places = run.spool.places([each.result for each in window])
        for each, place in zip(window, places, strict=True):
            yield each, Wanted(each.result, escape(each.path), each.digest, each.size, each.media_type, place)


def _delivery(  # noqa: PLR0917 - what a delivery is made of
    run: Run, target: ResolvedJob, due: DueDelivery, wanted: Wanted, made: Made, lost: list[DueDelivery]
) -> Delivery:
    """Return a document for a sink; where its result turns out to be missing or damaged, it is added to the `lost`."""

    def load() -> Answer:
        try:
            payload = run.spool.read(wanted.digest, wanted.place)
        except ResultLost:
            lost.append(due)
            raise
        return run.connections.read(target.connection, payload)

    return Delivery(due.path, due.output, due.result, wanted.document(), load, due.expected, made)
