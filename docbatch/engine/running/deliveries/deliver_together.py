"""Handing a sink all that is due at once, where writing a few documents is as much work as writing many.

What is due is read as the sink asks for it, and its receipts are recorded in stretches as they come: memory does not grow with
a job, and what is durable when a run is killed is not written again.
"""

from collections.abc import Iterator

from docbatch.core.errors import SinkError
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.progress_notices import Delivered
from docbatch.engine.running.deliveries.documents_at_once import in_stretches, until_stopped
from docbatch.engine.running.deliveries.due_deliveries import WINDOW, deliveries
from docbatch.engine.running.deliveries.settled_faults import settle_faults
from docbatch.engine.running.figures.told_outputs import tell_remarks
from docbatch.engine.running.run_context import Run
from docbatch.sinks.accounts import Account
from docbatch.sinks.base import Fault, Sink
from docbatch.state.deliveries import DueDelivery, RecordedSink


def write_together(
    run: Run, target: ResolvedJob, recorded: RecordedSink, wanted: ResolvedSink, sink: Sink
) -> None:
    """Write what is due, and record it as it becomes durable. Raises SinkError."""
    state = run.store.deliveries
    _notice_changes(run, recorded, sink)
    if not state.due(recorded.row, 1):
        # A mark that is another on disk: without a result it would be tried for ever.
        state.let_wait(recorded.row)
        return
    sink.take_over(run.store.renamed_rows.jobs(recorded.row))
    witness = state.delivered_outside(recorded, b"", b"")
    if witness is not None and any(True for _ in sink.verify([witness])):
        witness = None
    account = Account(wanted.kind, target.name)
    lost: list[DueDelivery] = []
    due = deliveries(run, target, _all_due(run, recorded), wanted, lost)
    faults: list[Fault] = []
    number = 0
    handed = account.handing(until_stopped(run, due))
    outcomes = account.answering(sink.deliver(handed))
    for receipts in in_stretches(outcomes, faults):
        state.receipts_came(recorded.row, [each.path for each in receipts])
        number += len(receipts)
        tell_remarks(run, target, receipts)
    try:
        stamp = sink.stamp(b"")
        account.close(stamp)
        if witness is not None:
            account.require_held(sink, witness)
    except SinkError:
        # What it says of any document is not to be relied on.
        state.doubt(recorded.row)
        raise
    state.delivered(recorded.row, [], stamp)
    for path in run.store.renamed_rows.settled(recorded.row) if number else ():
        sink.remove(path)
    settle_faults(run, target, recorded, wanted, faults=faults, lost=lost)
    run.observe(Delivered(target.name, number))


def _all_due(run: Run, recorded: RecordedSink) -> Iterator[DueDelivery]:
    after = b""
    while window := run.store.deliveries.due(recorded.row, WINDOW, after):
        after = window[-1].path
        yield from (each._replace(expected=recorded.stamp) for each in window)


def _notice_changes(run: Run, recorded: RecordedSink, sink: Sink) -> None:
    """Let everything be due that the output lacks at this moment: what a plan saw is a while ago."""
    if recorded.stamp is None or sink.stamp(b"") == recorded.stamp:
        return
    held = ((each.path, each.result) for each in run.store.deliveries.holdings(recorded))
    differing = [path for path, _ in sink.verify(held)]
    run.store.deliveries.fall_due(recorded.row, differing)
