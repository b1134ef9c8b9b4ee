"""Explaining a document: why it will or will not be sent, naming what changed with its old and new value.

What is due is what a plan of this one document says; only facts are added here.
"""

import os
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.acceptances import moment
from docbatch.core.changes import ChangeKind, FoundDocument, Reason
from docbatch.core.demands import EMPTY, INCOMPLETE
from docbatch.core.errors import UsageError
from docbatch.core.hindrance import recorded_text
from docbatch.core.models import RETRY_CLASS, Failure, FailureClass, ItemStatus, Recipe, RetryClass
from docbatch.core.recipe_changes import Difference, differences
from docbatch.core.report import looking, named_versions, plural
from docbatch.engine.planning.differences_database import Change
from docbatch.engine.planning.explain_link import link_facts
from docbatch.engine.planning.plan import Plan, Selection, Sight
from docbatch.engine.planning.read_plan import read_plan
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.naming.pathtext import escape, unescape
from docbatch.state.deliveries import OutputRow, RecordedSink
from docbatch.state.items import RecordedItem
from docbatch.state.store import Store

VERDICTS: Mapping[ChangeKind, str] = {
    ChangeKind.SEND: "will be sent",
    ChangeKind.WAIT: "will not be sent: it is with the provider",
    ChangeKind.DELIVER: "will be written again, not sent",
    ChangeKind.FAIL: "cannot be sent",
    ChangeKind.STAND: "will not be sent by itself; 'docbatch retry' queues it",
    ChangeKind.HELD: "will not be sent; once you made sure that the provider does not have it, 'docbatch retry --class held' queues it",
    ChangeKind.REMOVE: "is no longer wanted",
    ChangeKind.SKIP: "is skipped",
    ChangeKind.LOOK: "is a link",
}
OUTPUTS: Mapping[Reason, str] = {
    Reason.NEW_SINK: "the sink is new; apply writes it",
    Reason.MOVED: "the sink writes elsewhere now; apply writes it",
    Reason.FORM: "the sink writes it in another form now; apply writes it",
    Reason.MISSING: "gone; apply writes it again, free of charge",
    Reason.EDITED: "edited; apply moves the edited copy to the trash and writes it again",
    Reason.BEHIND: "not written yet",
}
DONE = ("is done; it will not be sent", "it was processed, and nothing it depends on has changed")
VOID = (
    "counts as failed here and is not delivered: nothing can be seen in it, and the job says on_empty: fail",
    "it was read, and nothing it depends on has changed",
)
VOID_IN_PART = (
    "counts as failed here and is not delivered: something in it was not read, and the job says on_partial: fail",
    VOID[1],
)
ACCEPTED = "is not well, which is accepted; it will not be sent"
LET_GO = ("is no longer wanted", "it was let go when it was no longer found; its outputs stay")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is due for a document in one job, why, and the facts it rests on."""

    job: str
    path: str
    verdict: str
    reason: str
    differences: tuple[Difference, ...] = ()
    facts: tuple[str, ...] = ()


def explain(document: str, selection: Selection, here: Path) -> list[Explanation]:
    """Explain a document named by its path from `here`, from its source's root, or absolute, or by its link.

    Outputs are named from `here`, an absolute folder, too. Documents that are gone are explained as long as the state
    knows of them. Raises UsageError, StateError, GuardRefused.
    """
    with read_plan(selection, Sight(only=lambda target: _named(target, document, here))) as plan:
        found = [
            _explain(plan, target, path, here)
            for target in plan.targets
            for path in _named(target, document, here)
            if path in plan.tallies[target.name].paths or _is_wanted(target, path, plan)
        ]
        found = found or [*_let_go(document, plan, here)]
        if not found:
            raise _unknown(document, plan, here)
    return found


def _named(target: ResolvedJob, document: str, here: Path) -> Collection[bytes]:
    """Return the paths that may be meant in a job: from `here` first, then from its source's root."""
    source = target.source
    paths = dict.fromkeys((*source.named(str(here / document)), *source.named(document)))
    return [path for path in paths if path.split(b"/")[0] not in {b"", b".."}]


def _unknown(document: str, plan: Plan, here: Path) -> UsageError:
    left_out = [
        target.name
        for target in plan.targets
        if any(target.source.is_there(path) for path in _named(target, document, here))
    ]
    if left_out:
        return UsageError(
            f"job '{left_out[0]}' leaves out '{document}', which is there",
            hint="no pattern under include: matches it, or one under exclude: does;"
            " what programs leave beside documents, such as locks, has to be named by a pattern",
        )
    return UsageError(
        f"no selected job has a document '{document}'",
        hint="name it by its path or its link; specs outside jobs/ are named behind it",
    )


def _is_wanted(target: ResolvedJob, path: bytes, plan: Plan) -> bool:
    """Say whether the job has the document although nobody has seen it yet, or the state still wants it."""
    change = plan.differences.change_of(target.name, path)
    unseen = change is not None and change.kind is ChangeKind.LOOK
    return unseen or (plan.store is not None and plan.store.documents.knows(target.name, path))


def _let_go(document: str, plan: Plan, here: Path) -> Iterator[Explanation]:
    """Explain what no job wants any more, as far as the state remembers it."""
    if plan.store is None:
        return
    for job in plan.store.documents.jobs():
        inside = os.fsencode(os.path.relpath(here / document, os.fsdecode(job.source)))
        for path in dict.fromkeys((inside, os.path.normpath(unescape(document)))):
            if (item := plan.store.documents.remembered(job.name, path)) is not None:
                recorded = plan.store.items.by_row(item)
                undeclared = job.name in plan.gone
                reason = (
                    f"job '{job.name}' is no longer declared; its outputs stay" if undeclared else LET_GO[1]
                )
                facts = (f"item {recorded.key}", *_item_facts(recorded))
                yield Explanation(job.name, escape(path), LET_GO[0], reason, facts=facts)


def _explain(plan: Plan, target: ResolvedJob, path: bytes, here: Path) -> Explanation:
    change = plan.differences.change_of(target.name, path)
    verdict, reason = _verdict(change)
    if change is not None and change.kind is ChangeKind.STAND and change.problem is not None:
        verdict = _taken_up(verdict, target, change.problem)
    if change is not None and change.kind is ChangeKind.STAND and _is_accepted(plan, target, path):
        verdict = ACCEPTED
    facts = [*link_facts(target, path, plan.cache), *_key_facts(plan, target, path, change)]
    if plan.store is not None:
        facts += _failure_facts(plan.store, target, path)
        facts += _output_facts(plan, plan.store, target, path, here)
        if change is not None and change.kind in {ChangeKind.SEND, ChangeKind.WAIT}:
            facts += _hindrance_facts(plan.store, target, change.key)
    return Explanation(
        target.name, escape(path), verdict, reason, tuple(_changed(plan, target, path, change)), tuple(facts)
    )


def _is_accepted(plan: Plan, target: ResolvedJob, path: bytes) -> bool:
    document = None if plan.store is None else plan.store.unwell.get(target.name, path)
    return document is not None and document.is_accepted(time.time())


def _verdict(change: Change | None) -> tuple[str, str]:
    if change is None or (change.kind is ChangeKind.DELIVER and change.reason is Reason.BEHIND):
        return DONE
    if change.problem is not None and not change.key:
        verdict = VERDICTS[ChangeKind.SKIP if change.kind is ChangeKind.SKIP else ChangeKind.FAIL]
        return verdict, change.problem.message
    if change.kind is ChangeKind.STAND and change.problem in {EMPTY, INCOMPLETE}:
        return VOID if change.problem == EMPTY else VOID_IN_PART
    return VERDICTS[change.kind], str(change.reason)


def _taken_up(verdict: str, target: ResolvedJob, why: Failure) -> str:
    """Return the verdict on a failed document with the command that takes it up: where it costs money, not every one does."""
    is_locked = why.kind is FailureClass.ENCRYPTED and target.passwords is None
    if target.traits.free or not (is_locked or RETRY_CLASS[why.kind] is RetryClass.NEVER):
        return verdict
    return verdict.replace("'docbatch retry'", f"'docbatch retry --class {why.kind}'")


def _changed(plan: Plan, target: ResolvedJob, path: bytes, change: Change | None) -> Iterator[Difference]:
    """Say what of the document's identity is not what was recorded of it."""
    before = _recorded(plan, target, path)
    if plan.store is None or before is None or change is None or not change.key:
        return
    now = FoundDocument(path, change.digest, change.media_type, change.size)
    yield from _differences(target, before, plan.store.documents.recipe(before.recipe), now)


def _recorded(plan: Plan, target: ResolvedJob, path: bytes) -> RecordedItem | None:
    row = None if plan.store is None else plan.store.documents.item_row(target.name, path)
    return None if plan.store is None or row is None else plan.store.items.by_row(row)


def _key_facts(plan: Plan, target: ResolvedJob, path: bytes, change: Change | None) -> Iterator[str]:
    before = _recorded(plan, target, path)
    if change is None or change.kind is ChangeKind.REMOVE:
        item = before
    elif change.key:
        item = None if plan.store is None else plan.store.items.get(change.key)
    else:
        return
    key = change.key if change is not None and change.key else "" if item is None else item.key
    if key:
        yield f"item {key}"
    if item is not None:
        yield from _item_facts(item)
        yield from _look_facts(plan, item)
        yield from _version_facts(plan, target, item)
    elif plan.store is not None and key:
        yield "these bytes were never sent under this job's provider, operation and config"


def _failure_facts(store: Store, target: ResolvedJob, path: bytes) -> Iterator[str]:
    """Say when the document failed before, and what somebody said of that."""
    document = store.unwell.get(target.name, path)
    if document is None:
        return
    for each in () if document.item is None else store.failed_attempts.of(document.item):
        yield f"attempt {each.attempt + 1} failed {moment(each.at)}: {each.kind}: {each.message}"
    if document.acceptance is not None:
        yield document.acceptance.text(time.time())


def _hindrance_facts(store: Store, target: ResolvedJob, key: str) -> Iterator[str]:
    """Say what kept the document from going on when the run before ended."""
    for name, tries, proofs in store.failed_uploads.of(target.connection):
        if name == key:
            doubt = (
                ""
                if proofs
                else ", and no other went well since that would show whether it is this document's fault"
            )
            yield f"its upload failed {plural(tries, 'time')}{doubt}; apply tries it again"
    yield from map(recorded_text, store.hindrances.of(target.connection))


def _version_facts(plan: Plan, target: ResolvedJob, item: RecordedItem) -> Iterator[str]:
    """Say of a document that another version read than the one that would today, which it was."""
    assert plan.store is not None
    if item.result is not None and plan.store.documents.recipe_key(item.recipe) in target.standing:
        pins = plan.store.documents.recipe(item.recipe).pins
        yield f"read by {named_versions(pins)}; 'docbatch apply --upgrade {target.name}' reads it again with what is installed"


def _item_facts(item: RecordedItem) -> Iterator[str]:
    yield f"recorded as {item.status}" + (f", attempt {item.attempt + 1}" if item.attempt else "")
    if item.failure is not None:
        code = f" ({item.failure.code})" if item.failure.code else ""
        yield f"{item.failure.kind}: {item.failure.message}{code}"
    if item.result is not None:
        earlier = "" if item.is_read else ", of an earlier try"
        yield f"result {item.result} in the spool{earlier}"
    yield from item.warnings
    if item.status is ItemStatus.LIVE:
        yield "'docbatch status' shows the submission it travels in"


def _look_facts(plan: Plan, item: RecordedItem) -> Iterator[str]:
    """Say of a document that may or may not be with the provider until when that is looked for."""
    assert plan.store is not None
    submission = plan.store.submissions.of_item(item.row)
    looks = plan.store.looks.open().get(submission or "")
    if looks is not None:
        yield f"submission {submission}: {looking(looks.looks.count, looks.needed, looks.until)}"


def _output_facts(plan: Plan, store: Store, target: ResolvedJob, path: bytes, here: Path) -> Iterator[str]:
    """Say of each output of the document where it lies and whether it is as it was left."""
    recorded = {sink.identity: sink for sink in store.deliveries.sinks(target.name)}
    due = {each.sink: each.reason for each in plan.differences.outputs_of(target.name, path, path)}
    whole = plan.differences.wholes(target.name)
    for wanted in target.sinks:
        sink = recorded.get(wanted.identity)
        if sink is None:
            reason = due.get(wanted.identity, whole.get(wanted.identity, Reason.NEW_SINK))
            yield f"output {_where(wanted)}: {OUTPUTS.get(reason, OUTPUTS[Reason.NEW_SINK])}"
        elif wanted.identity in whole:
            yield f"the job's output {_shown(wanted, b'', here)}: {OUTPUTS[whole[wanted.identity]]}"
        elif wanted.kind.per_document:
            if (written := store.deliveries.of(sink.row, path)) is not None:
                yield from _output_fact(wanted, written, due.get(wanted.identity), here)
        else:
            yield from _shared_output_fact(wanted, sink, due.get(wanted.identity), here)


def _where(sink: ResolvedSink) -> str:
    return f"in {sink.kind.name}" if sink.root is None else f"below {escape(sink.root)}"


def _shown(sink: ResolvedSink, output: bytes, here: Path) -> str:
    name = output or sink.output
    if sink.root is None or not name:
        return f"{_where(sink)} {escape(output)}".rstrip()
    return escape(os.fsencode(os.path.relpath(os.fsdecode(sink.root + b"/" + name), here)))


def _shared_output_fact(
    wanted: ResolvedSink, sink: RecordedSink, due: Reason | None, here: Path
) -> Iterator[str]:
    """Say of an output that holds the whole job how it stands; what changed in it is found by a plan of all documents."""
    if due is not None and due in OUTPUTS:
        yield f"its part of the job's output {_shown(wanted, b'', here)}: {OUTPUTS[due]}"
    elif sink.stamp is not None and wanted.open().stamp(b"") == sink.stamp:
        yield f"the job's output {_shown(wanted, b'', here)}: as it was written"


def _output_fact(wanted: ResolvedSink, written: OutputRow, due: Reason | None, here: Path) -> Iterator[str]:
    _, output, _, stamp, _ = written
    shown = _shown(wanted, output, here)
    if due is not None and due in OUTPUTS:
        yield f"output {shown}: {OUTPUTS[due]}"
    elif stamp is None:
        yield f"output {shown}: {OUTPUTS[Reason.BEHIND]}"
    elif (now := wanted.open().stamp(output)) == stamp:
        yield f"output {shown}: as it was written"
    elif now is None:
        yield f"output {shown}: gone" + (
            "" if wanted.rewrite_missing else ", and on_missing: ignore leaves it so"
        )
    else:
        yield f"output {shown}: edited"


def _differences(
    target: ResolvedJob, before: RecordedItem, old: Recipe, found: FoundDocument
) -> Iterator[Difference]:
    if before.digest != found.digest:
        yield Difference("sha256", before.digest, found.digest)
    if before.media_type != found.media_type:
        yield Difference("media type", before.media_type, found.media_type)
    yield from differences(old, target.recipe)
