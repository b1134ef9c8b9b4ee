"""A sink with one output for its job, compared with how it was left."""

from itertools import chain

from docbatch.core.changes import Reason
from docbatch.engine.planning.differences_database import Differences, Output
from docbatch.engine.planning.places.former_outputs import taken_up
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.planning.tally import Tally
from docbatch.state.store import Store


def check_single_output(
    target: ResolvedJob, sink: ResolvedSink, store: Store, differences: Differences, tally: Tally
) -> None:
    """Note that an output is written again that is gone or another than it was left."""
    known = store.deliveries.sinks(target.name)
    recorded = next((each for each in known if each.identity == sink.identity), None)
    if recorded is None:
        # The state does not know it; it is written where there is what to write.
        if sink.kind.whole and tally.unchanged:
            due = taken_up(target, sink, store)
            differences.whole(due.job, due.sink, due.reason, due.former)
        return
    if recorded.output is None or (recorded.stamp is None and recorded.revision < 0):
        return
    opened = sink.open()
    now = opened.stamp(b"")
    if now == recorded.stamp:
        return
    reason = Reason.MISSING if now is None else Reason.EDITED
    if reason is Reason.MISSING and not sink.rewrite_missing:
        tally.ignored += 1
        return
    if sink.kind.whole:
        differences.whole(target.name, sink.identity, reason)
        return
    expected = ((each.path, each.result) for each in store.deliveries.holdings(recorded))
    differing = (
        Output(target.name, sink.identity, path, b"", None, reason) for path, _ in opened.verify(expected)
    )
    if (first := next(differing, None)) is None:
        tally.stamps[recorded.row] = now
    else:
        differences.output(chain([first], differing))
