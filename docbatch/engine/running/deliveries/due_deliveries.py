"""Results that are due, as deliveries for a sink: read here, or made into outputs ahead of it by other processes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from docbatch.core.errors import ResultLost
from docbatch.core.results import Answer
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.reading.outputs_ahead import Made, made_ahead, not_made
from docbatch.engine.reading.result_reader_process import Wanted
from docbatch.engine.running.run_context import Run
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Delivery
from docbatch.sinks.rows.row_form import RowForm
from docbatch.state.deliveries import DueDelivery

WINDOW = 512
"""So many places in the spool are asked for at once."""


def deliveries(
    run: Run,
    target: ResolvedJob,
    due: Iterable[DueDelivery],
    sink: ResolvedSink,
    lost: list[DueDelivery],
) -> Iterator[Delivery]:
    """Yield what is due, with outputs of other processes where there are some: they work ahead of the sink.

    Raises StateError, CredentialsError where results lie in a store that cannot be asked: that is no trouble of the sink.
    """
    kind, form = run.connections[target.connection].access.kind, sink.form
    known = target.source.metadata if isinstance(form, RowForm) else None
    pairs = _wanted(run, due, sink, known)
    outputs: Iterable[tuple[DueDelivery, Wanted, Made]]
    if run.readers is None or form is None or kind is None:
        outputs = ((each, wanted, not_made) for each, wanted in pairs)
    else:
        run.readers.expect(len(due) if isinstance(due, Sequence) else 0)
        outputs = made_ahead(run.readers, kind, form, pairs, run.spool.bring)
    for each, wanted, give in outputs:
        run.spool.bring([wanted.place])
        yield _delivery(run, target, each, wanted, give, lost)


def _wanted(
    run: Run,
    due: Iterable[DueDelivery],
    sink: ResolvedSink,
    known: Callable[[bytes], Mapping[str, str]] | None,
) -> Iterator[tuple[DueDelivery, Wanted]]:
    """Yield what is due, and as what other processes know it. `known` gives what rows say of a document beside its bytes."""
    remaining = iter(due)
    while window := list(islice(remaining, WINDOW)):
        places = run.spool.places([each.result for each in window])
        for each, place in zip(window, places, strict=True):
            said = None if known is None else dict(known(each.path)) or None
            beside = sink.pictures_at(each.output)
            document = (each.result, escape(each.path), each.digest, each.size, each.media_type)
            yield each, Wanted(*document, place, said, beside)


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
