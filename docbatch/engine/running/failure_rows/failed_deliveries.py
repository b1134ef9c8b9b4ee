"""Documents that failed as deliveries, for sinks that take them. Where a job has none, that is told at once."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from docbatch.engine.planning.places import failure_rows
from docbatch.engine.planning.places.failure_rows import failure_digest, holds_others, standing_failures
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.running.run_context import Run
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Delivery
from docbatch.state.deliveries import RecordedSink
from docbatch.state.reported import DocumentWithoutResult

if TYPE_CHECKING:
    from docbatch.core.results import Answer


def failed_deliveries(run: Run, target: ResolvedJob, sink: ResolvedSink, stamp: str | None) -> list[Delivery]:
    """Return what a sink that takes failures is to hold of them, in path order; `stamp` is that of its one output."""
    return [_delivery(each, sink, stamp) for each in standing_failures(run.store, target.name, sink)]


def mark(deliveries: Sequence[Delivery]) -> str | None:
    """Return text that stands for these failures, None for none."""
    return failure_rows.mark((each.path, each.result_digest) for each in deliveries)


def _delivery(document: DocumentWithoutResult, sink: ResolvedSink, stamp: str | None) -> Delivery:
    from docbatch.core.results import DocumentInfo  # noqa: PLC0415 - most jobs have no rows of failures

    info = DocumentInfo(
        path=escape(document.path),
        sha256=document.digest or "",
        size=document.size or 0,
        media_type=document.media_type or "",
    )
    digest = failure_digest(sink, document)
    return Delivery(document.path, b"", digest, info, _no_answer, stamp, failure=document.failure)


def _no_answer() -> "Answer":
    raise ValueError("it failed, and has no result")


def outdate_changed(run: Run) -> None:
    """Let whole outputs be written again that hold other failures than there are now."""
    for target, recorded, wanted in taking(run):
        if wanted.kind.whole and holds_others(run.store, target.name, recorded, wanted):
            with run.store.write():
                run.store.deliveries.outdate(recorded.row)


def taking(run: Run) -> Iterator[tuple[ResolvedJob, RecordedSink, ResolvedSink]]:
    """Yield sinks that take failures or hold some, but for those that failed in this run."""
    for target in run.targets.values():
        wanted = {sink.identity: sink for sink in target.sinks}
        for recorded in run.store.deliveries.sinks(target.name):
            sink = wanted.get(recorded.identity)
            if sink is None or recorded.row in run.sinks.failed:
                continue
            if sink.takes_failures or recorded.failures is not None:
                yield target, recorded, sink
