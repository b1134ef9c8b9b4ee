"""Handing a sink that a server keeps what is due, as a stream: for a while, and recorded in stretches as it becomes durable.

While some documents are written others are read and made, and those before them recorded.
"""

from collections.abc import Iterator

from docbatch.core.errors import SinkError
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.progress_notices import Delivered
from docbatch.engine.running.deliveries.documents_at_once import for_a_while, in_stretches
from docbatch.engine.running.deliveries.due_deliveries import deliveries
from docbatch.engine.running.deliveries.due_outputs import due_outputs
from docbatch.engine.running.deliveries.settled_faults import settle_faults
from docbatch.engine.running.figures.told_outputs import tell_remarks
from docbatch.engine.running.run_context import Run
from docbatch.sinks.accounts import Account
from docbatch.sinks.base import Fault, Receipt, Sink
from docbatch.state.deliveries import DueDelivery, RecordedSink


def write_served(
    run: Run, target: ResolvedJob, recorded: RecordedSink, wanted: ResolvedSink, sink: Sink
) -> None:
    """Write what is due for a while, and record it as it becomes durable. Raises SinkError."""
    state = run.store.deliveries
    if not due_outputs(run, recorded, wanted):
        # A mark that is another on disk: without a result it would be tried for ever.
        state.let_wait(recorded.row)
        return
    sink.take_over(run.store.renamed_rows.jobs(recorded.row))
    account = Account(wanted.kind, target.name)
    lost: list[DueDelivery] = []
    faults: list[Fault] = []
    written: list[bytes] = []
    results: dict[bytes, str] = {}
    due = deliveries(run, target, _due(run, recorded, wanted, results), wanted, lost)
    outcomes = account.answering(sink.deliver(account.handing(for_a_while(run, due))))
    for stretch in in_stretches(outcomes, faults):
        _record(run, recorded, stretch, results)
        written += [each.path for each in stretch]
        tell_remarks(run, target, stretch)
    try:
        account.close(None)
    except SinkError:
        # What it says of any document is not to be relied on.
        state.fall_due(recorded.row, written)
        raise
    for path in run.store.renamed_rows.settled(recorded.row) if written else ():
        sink.remove(path)
    settle_faults(run, target, recorded, wanted, faults=faults, lost=lost)
    run.observe(Delivered(target.name, len(written)))


def _due(
    run: Run, recorded: RecordedSink, wanted: ResolvedSink, results: dict[bytes, str]
) -> Iterator[DueDelivery]:
    """Yield what is due, and note the digest of each result."""
    after = b""
    while window := due_outputs(run, recorded, wanted, after):
        after = window[-1].path
        for each in window:
            results[each.path] = each.result
            yield each


def _record(run: Run, recorded: RecordedSink, stretch: list[Receipt], results: dict[bytes, str]) -> None:
    """Record documents as delivered; what they never were told of, or have no stamp, the account tells at the end."""
    held = [
        (each, result)
        for each in stretch
        if each.stamp is not None and (result := results.pop(each.path, None)) is not None
    ]
    receipts = [(each.path, each.stamp, result) for each, result in held]
    sizes = [(each.path, each.size, each.sha256) for each, _ in held]
    run.store.deliveries.delivered(recorded.row, receipts, None, sizes)
