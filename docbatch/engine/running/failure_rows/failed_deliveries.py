"""Documents that failed as deliveries, for sinks that take them. Where a job has none, that is told at once."""

import hashlib
import json
from collections.abc import Iterator, Sequence

from docbatch.core.models import Failure
from docbatch.core.results import Answer, DocumentInfo
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.running.run_context import Run
from docbatch.naming.pathtext import escape
from docbatch.sinks.base import Delivery
from docbatch.state.deliveries import RecordedSink
from docbatch.state.reported import DocumentWithoutResult

_WRITTEN = ("failed", "problem")


def failed_deliveries(run: Run, target: ResolvedJob, sink: ResolvedSink, stamp: str | None) -> list[Delivery]:
    """Return what a sink that takes failures is to hold of them, in path order; `stamp` is that of its one output."""
    if not sink.takes_failures:
        return []
    standing = run.store.documents.standing(target.name)
    if not any(standing.get(each) for each in _WRITTEN):
        return []
    return [_delivery(each, sink.identity, stamp) for each in run.store.reported.failed(target.name)]


def mark(deliveries: Sequence[Delivery]) -> str | None:
    """Return text that stands for these failures, None for none."""
    if not deliveries:
        return None
    digest = hashlib.sha256()
    for each in deliveries:
        digest.update(each.path + b"\0" + each.result_digest.encode())
    return digest.hexdigest()


def _delivery(document: DocumentWithoutResult, identity: str, stamp: str | None) -> Delivery:
    info = DocumentInfo(
        path=escape(document.path),
        sha256=document.digest or "",
        size=document.size or 0,
        media_type=document.media_type or "",
    )
    digest = _digest(identity, document.failure, info)
    return Delivery(document.path, b"", digest, info, _no_answer, stamp, failure=document.failure)


def _digest(identity: str, failure: Failure, info: DocumentInfo) -> str:
    said = [identity, failure.kind, failure.code, failure.message, info.sha256, info.media_type]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _no_answer() -> Answer:
    raise ValueError("it failed, and has no result")


def outdate_changed(run: Run) -> None:
    """Let whole outputs be written again that hold other failures than there are now."""
    for target, recorded, wanted in taking(run):
        if wanted.kind.whole and mark(failed_deliveries(run, target, wanted, None)) != recorded.failures:
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
