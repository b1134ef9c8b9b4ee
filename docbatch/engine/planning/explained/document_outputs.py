"""The outputs of a document: where each lies, and whether it is as it was left."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from docbatch.core.changes import Reason
from docbatch.core.errors import SinkError
from docbatch.core.explanation import ExplainedOutput, OutputState
from docbatch.engine.code_of_others import looking_into
from docbatch.engine.planning.plan import Plan
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.naming.pathtext import escape
from docbatch.naming.store_places import in_store
from docbatch.state.deliveries import OutputRow, RecordedSink
from docbatch.state.outputs import writers
from docbatch.state.store import Store

DUE: Mapping[Reason, tuple[OutputState, str]] = {
    Reason.NEW_SINK: ("new", "the sink is new; apply writes it"),
    Reason.MOVED: ("moved", "the sink writes elsewhere now; apply writes it"),
    Reason.FORM: ("form", "the sink writes it in another form now; apply writes it"),
    Reason.MISSING: ("missing", "gone; apply writes it again, free of charge"),
    Reason.EDITED: ("edited", "edited; apply moves the edited copy to the trash and writes it again"),
    Reason.BEHIND: ("not_written", "not written yet"),
}

_AMISS = frozenset({"edited", "missing"})


def outputs(
    plan: Plan, store: Store, target: ResolvedJob, path: bytes, here: Path
) -> Iterator[ExplainedOutput]:
    """Yield the outputs of a document that a job declares; `here` is the folder that paths are told from."""
    recorded = {sink.identity: sink for sink in store.deliveries.sinks(target.name)}
    due = {each.sink: each.reason for each in plan.differences.outputs_of(target.name, path, path)}
    whole = plan.differences.wholes(target.name)
    unseen = {each.identity: each.error for each in plan.unseen if each.job == target.name}
    for wanted in target.sinks:
        sink = recorded.get(wanted.identity)
        if sink is not None and not wanted.kind.per_document and wanted.identity in unseen:
            shown, told = _shown(wanted, b"", here), f"not looked at: {unseen[wanted.identity].message}"
            yield ExplainedOutput(wanted.kind.name, shown, "unseen", f"the job's output {shown}: {told}")
        elif sink is None:
            reason = due.get(wanted.identity, whole.get(wanted.identity, Reason.NEW_SINK))
            yield _due(wanted, "output", _where(wanted), reason if reason in DUE else Reason.NEW_SINK)
        elif wanted.identity in whole:
            yield _due(wanted, "the job's output", _shown(wanted, b"", here), whole[wanted.identity])
        elif wanted.kind.per_document:
            if (written := store.deliveries.of(sink.row, path)) is not None:
                beside = list(_beside(wanted, store, sink, path, here))
                yield _own(wanted, written, due.get(wanted.identity), here, beside=beside)
                yield from beside
        else:
            yield _shared(wanted, _last_stamps(store, sink), due.get(wanted.identity), here)


def former_outputs(store: Store, job: str, path: bytes, here: Path) -> Iterator[ExplainedOutput]:
    """Yield the files of a document that is no longer wanted: they stay."""
    for root, output, stamp in store.deliveries.places(job, path):
        if output and stamp is not None:
            shown = _from(here, root + b"/" + output)
            yield ExplainedOutput("", shown, "kept", f"output {shown}: stays where it was written")


def _due(sink: ResolvedSink, what: str, shown: str, reason: Reason) -> ExplainedOutput:
    state, sentence = DUE[reason]
    return ExplainedOutput(sink.kind.name, shown, state, f"{what} {shown}: {sentence}")


def _where(sink: ResolvedSink) -> str:
    return f"in {sink.kind.name}" if sink.root is None else f"below {escape(sink.root)}"


def _shown(sink: ResolvedSink, output: bytes, here: Path) -> str:
    name = output or sink.output
    if sink.root is None or not name:
        return f"{_where(sink)} {escape(output)}".rstrip()
    return _from(here, sink.root + b"/" + name)


def _from(here: Path, path: bytes) -> str:
    return escape(path if in_store(path) else os.fsencode(os.path.relpath(os.fsdecode(path), here)))


def _shared(wanted: ResolvedSink, stamps: Collection[str], due: Reason | None, here: Path) -> ExplainedOutput:
    """Say of an output that holds the whole job how it stands; `due` is what a plan of this one document says of its part."""
    shown = _shown(wanted, b"", here)
    if due is not None and due in DUE:
        return _due(wanted, "its part of the job's output", shown, due)
    if not stamps:
        return _due(wanted, "the job's output", shown, Reason.BEHIND)
    state, sentence = _as_it_is(wanted, b"", stamps)
    if state == "edited":
        # The plan of this document found its part as it was: what was edited is another's.
        own = f"its part of the job's output {shown}: as it was written"
        return ExplainedOutput(wanted.kind.name, shown, "as_written", own)
    return ExplainedOutput(wanted.kind.name, shown, state, f"the job's output {shown}: {sentence}")


def _last_stamps(store: Store, sink: RecordedSink) -> frozenset[str]:
    """Return how a job's output was left by those that write into it, such as other jobs and sinks of other tables."""
    known = store.outputs.sinks()
    own = next((each for each in known if each.row == sink.row), None)
    writing = [] if own is None else writers(own, known)
    return frozenset(each for each in (sink.stamp, *(other.stamp for other in writing)) if each is not None)


def _beside(
    wanted: ResolvedSink, store: Store, sink: RecordedSink, path: bytes, here: Path
) -> Iterator[ExplainedOutput]:
    """Yield what lies beside a document's own output, such as its pictures."""
    for each in store.companions.between(sink.row, path, path):
        shown = _shown(wanted, each.output, here)
        state, sentence = _as_it_is(wanted, each.output, frozenset(filter(None, (each.stamp,))))
        yield ExplainedOutput(wanted.kind.name, shown, state, f"beside it {shown}: {sentence}")


def _own(
    wanted: ResolvedSink,
    written: OutputRow,
    due: Reason | None,
    here: Path,
    *,
    beside: Sequence[ExplainedOutput],
) -> ExplainedOutput:
    _, output, result, stamp, _ = written
    shown = _shown(wanted, output, here)
    if due in {Reason.MISSING, Reason.EDITED} and any(each.state in _AMISS for each in beside):
        state, sentence = _as_it_is(wanted, output, frozenset(filter(None, (stamp,))))
        if state == "as_written":
            told = f"output {shown}: as it was written, and apply writes it again with what lies beside it, free of charge"
            return ExplainedOutput(wanted.kind.name, shown, DUE[due][0], told)
    if due is not None and due in DUE:
        return _due(wanted, "output", shown, due)
    if stamp is None:
        return _due(wanted, "output", shown, Reason.BEHIND)
    if result is None:
        return ExplainedOutput(wanted.kind.name, shown, "as_written", f"output {shown}: says that it failed")
    state, sentence = _as_it_is(wanted, output, {stamp})
    return ExplainedOutput(wanted.kind.name, shown, state, f"output {shown}: {sentence}")


def _as_it_is(wanted: ResolvedSink, output: bytes, stamps: Collection[str]) -> tuple[OutputState, str]:
    try:
        with looking_into(wanted.kind):
            now = wanted.open().stamp(output)
    except SinkError as error:
        return "unseen", f"not looked at: {error.message}"
    if now in stamps:
        return "as_written", "as it was written"
    if now is not None:
        return "edited", "edited"
    if wanted.rewrite_missing:
        return "missing", "gone"
    return "ignored", "gone, and on_missing: ignore leaves it so"
