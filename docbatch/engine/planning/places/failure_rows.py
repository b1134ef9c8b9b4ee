"""Which failures outputs for whole jobs are to hold, and which of these outputs hold others."""

import hashlib
import json
from collections.abc import Iterable, Iterator

from docbatch.core.changes import ChangeKind
from docbatch.core.report import PlanLine
from docbatch.engine.planning.plan import Plan
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.state.deliveries import RecordedSink
from docbatch.state.reported import DocumentWithoutResult
from docbatch.state.store import Store

_WRITTEN = ("failed", "problem")


def standing_failures(store: Store, job: str, sink: ResolvedSink) -> Iterator[DocumentWithoutResult]:
    """Yield the documents of which a sink is to hold that they failed, in path order."""
    if not sink.takes_failures:
        return
    standing = store.documents.standing(job)
    if any(standing.get(each) for each in _WRITTEN):
        yield from store.reported.failed(job)


def failure_digest(sink: ResolvedSink, document: DocumentWithoutResult) -> str:
    """Return what stands for a failure in a sink."""
    failure = document.failure
    of_bytes = [document.digest or "", document.media_type or ""]
    said = [sink.identity, failure.kind, failure.code, failure.message, *of_bytes]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def mark(failures: Iterable[tuple[bytes, str]]) -> str | None:
    """Return text that stands for failures, each a path and what stands for it; None for none."""
    found, is_any = hashlib.sha256(), False
    for path, digest in failures:
        found.update(path + b"\0" + digest.encode())
        is_any = True
    return found.hexdigest() if is_any else None


def holds_others(store: Store, job: str, recorded: RecordedSink, sink: ResolvedSink) -> bool:
    """Say whether a sink that is recorded holds other failures than there are."""
    if not sink.takes_failures and recorded.failures is None:
        return False
    standing = standing_failures(store, job, sink)
    return mark((each.path, failure_digest(sink, each)) for each in standing) != recorded.failures


def failure_lines(plan: Plan) -> Iterator[PlanLine]:
    """Yield a line for each job with outputs whose failures are written anew, but for those that are written anyway."""
    written = {(each.job, each.sink) for each in plan.differences.wholes_due()}
    for target in plan.targets if plan.store is not None else ():
        assert plan.store is not None
        found = [each.identity for each in _holding_others(plan.store, target)]
        outputs = sum((target.name, identity) not in written for identity in found)
        if outputs:
            reason = "the job's output: it is to hold other failures"
            yield PlanLine(target.name, str(ChangeKind.DELIVER), reason, outputs)


def _holding_others(store: Store, target: ResolvedJob) -> Iterator[ResolvedSink]:
    wanted = {sink.identity: sink for sink in target.sinks}
    for recorded in store.deliveries.sinks(target.name):
        sink = wanted.get(recorded.identity)
        if sink is not None and holds_others(store, target.name, recorded, sink):
            yield sink
