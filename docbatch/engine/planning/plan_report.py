"""The plan as a report: what apply would do, drawn from the differences that were found."""

import os
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from docbatch.core.amounts import Amount
from docbatch.core.changes import ChangeKind, Reason
from docbatch.core.experience import Expected
from docbatch.core.extents import ExtentTotal
from docbatch.core.lifecycle import MAY_BE_SENT
from docbatch.core.models import Submission, SubmissionStatus
from docbatch.core.recipe_changes import Difference, differences
from docbatch.core.report import (
    JobCost,
    KeptVersions,
    NotDue,
    OpenWork,
    PlanLine,
    PlanReport,
    ReadBy,
    StateKnown,
    named_versions,
    plural,
    remarks_told_once,
)
from docbatch.engine.connections.passwords import unreadable
from docbatch.engine.planning.amounts.sending_hours import waits_for
from docbatch.engine.planning.differences_database import Change, Differences, Output, Total
from docbatch.engine.planning.narrowing.selected_part import selected_part, touched
from docbatch.engine.planning.places.failure_rows import failure_lines
from docbatch.engine.planning.places.former_outputs import lying
from docbatch.engine.planning.plan import Plan
from docbatch.engine.planning.resolve_jobs import is_open, moved
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.naming.pathtext import escape
from docbatch.spool import Spool
from docbatch.state.store import Store

MOST_WAYS, MOST_VALUES = 3, 20
"""Of how many earlier ways of making documents values are named, and how many values."""
NEXT = {
    SubmissionStatus.INTENDED: "the answer was not recorded; it is looked for before anything is sent",
    SubmissionStatus.UNANSWERED: "the answer was lost; it is looked for before anything is sent",
    SubmissionStatus.SUBMITTED: "is followed, its results are collected",
    SubmissionStatus.HELD: "decide with 'docbatch resolve {} --absent' or '--remote-id ID'",
}


def plan_report(plan: Plan, spool: Spool, shown: int) -> PlanReport:
    """Return the report; at most `shown` examples for each line, -1 for all. `spool` is where results are kept."""
    targets, tallies, differences, store = plan.targets, plan.tallies, plan.differences, plan.store
    documents = sum(total.documents for total in differences.totals() if total.kind is ChangeKind.SEND)
    items, size = differences.to_send()
    sending = {total.job for total in differences.totals() if total.kind is ChangeKind.SEND}
    read_by = tuple(_read_by(plan))
    due = _due(plan, sending)
    used = {target.connection: target.recipe.provider for target in targets if target.name in sending}
    return PlanReport(
        jobs=tuple(target.name for target in targets),
        found=sum(tally.found for tally in tallies.values()),
        unchanged=sum(tally.unchanged for tally in tallies.values()) - touched(plan).total(),
        lines=(*_lines(plan, shown), *_lost(plan, spool), *_farewells(plan.gone, store)),
        open=() if store is None else tuple(map(_open, store.submissions.open())),
        notes=(
            *plan.notes,
            *_left_out(plan),
            *_notes(targets),
            *_kept(read_by),
            *_locked(targets, sending),
            *_closed(targets, sending, store),
            *_unseen(differences),
            *_limits(plan, due),
            *_accepted(plan),
        ),
        send_documents=documents,
        send_items=items,
        send_bytes=size,
        free=all(target.traits.free for target in targets if target.name in sending),
        connections=used,
        read_by=read_by,
        versions=tuple(_versions(plan)),
        not_due=tuple(_not_due(plan)),
        state=_state(store),
        pages=_pages(plan),
        costs=tuple(_costs(plan, due)),
        least_seconds=_least_seconds(plan, due),
        environment=plan.environment,
        selected=selected_part(plan),
    )


def _accepted(plan: Plan) -> Iterator[str]:
    """Say which failures are accepted, and of which that is over."""
    for target in plan.targets if plan.store is not None else ():
        assert plan.store is not None
        yield from plan.store.unwell.accepted(target.name, time.time()).notes(target.name)


def _due(plan: Plan, sending: Collection[str]) -> Mapping[str, Amount]:
    """Return what is to be sent comes to, by job, of those that cost anything."""
    charged = {target.name for target in plan.targets if not target.traits.free}
    if not charged & set(sending):
        return {}
    return {job: amount for job, amount in plan.costs.by_job.items() if job in charged}


def _costs(plan: Plan, due: Mapping[str, Amount]) -> Iterator[JobCost]:
    """Yield what jobs come to, of those of which the documents were looked into."""
    for job, amount in sorted(due.items()):
        if job in plan.counted:
            yield JobCost(job, amount.credits, amount.money, plan.costs.notes(job), _expected(plan, job))


def _expected(plan: Plan, job: str) -> Expected | None:
    """Return what a job's documents come to if it is as before, made in the same way."""
    target = next(target for target in plan.targets if target.name == job)
    return (
        None
        if plan.store is None
        else plan.costs.expected(job, plan.store.experiences.of_recipe(target.recipe_key))
    )


def _least_seconds(plan: Plan, due: Mapping[str, Amount]) -> dict[str, float]:
    """Return how long it takes at least to hand over what is due, by connections that are used at a rate."""
    sent: Counter[str] = Counter()
    rates = {}
    for target in plan.targets:
        if target.name in due and target.traits.documents_per_second:
            sent[target.connection] += due[target.name].documents.low
            rates[target.connection] = target.traits.documents_per_second
    return {name: sent[name] / rate for name, rate in rates.items()}


def _limits(plan: Plan, due: Mapping[str, Amount]) -> Iterator[str]:
    if not due:
        return
    from docbatch.engine.planning.amounts.limits_in_plan import limit_notes  # noqa: PLC0415 - few plans spend

    yield from limit_notes(plan.targets, due, plan.store, time.time())


def _pages(plan: Plan) -> tuple[ExtentTotal, ...] | None:
    """Return how much jobs send, of those of which it was counted; None where it was not."""
    if not plan.counted:
        return None
    from docbatch.counting.kinds import STATED  # noqa: PLC0415 - without a count nothing of it is needed

    return tuple(total for total in plan.differences.extent_totals(STATED) if total.job in plan.counted)


def _lines(plan: Plan, shown: int) -> Iterator[PlanLine]:
    differences = plan.differences
    for total in differences.totals():
        changes = differences.examples(total.job, total.kind, total.reason, shown)
        yield PlanLine(
            total.job,
            str(total.kind),
            str(total.reason),
            total.documents,
            total.size,
            tuple(map(_example, changes)),
            tuple(_values(plan, total)),
        )
    for job, reason, count in differences.outputs_due_alone():
        outputs = differences.output_examples(job, reason, shown)
        examples = tuple((escape(each.path), _move(plan, each)) for each in outputs)
        yield PlanLine(job, str(ChangeKind.DELIVER), str(reason), count, 0, examples)
    for each in differences.wholes_due():
        move = _move(plan, each)
        yield PlanLine(
            each.job,
            str(ChangeKind.DELIVER),
            f"the job's output: {each.reason}",
            1,
            examples=((f"the output of {each.job}", move),) if move else (),
        )
    yield from failure_lines(plan)


def _values(plan: Plan, total: Total) -> Iterator[Difference]:
    """Yield what changed of how documents are made: of the ways in which most of them were made, each value once."""
    if plan.store is None or total.kind is not ChangeKind.SEND:
        return
    target = next(target for target in plan.targets if target.name == total.job)
    remade = plan.tallies[total.job].remade
    rows = [row for (reason, row), _ in remade.most_common() if reason is total.reason and row is not None]
    changed = (
        each
        for row in rows[:MOST_WAYS]
        for before in (plan.store.documents.recipe(row),)
        for each in differences(before, target.made_now(before))
    )
    yield from islice(dict.fromkeys(changed), MOST_VALUES)


def _lost(plan: Plan, spool: Spool) -> Iterator[PlanLine]:
    """Say what results come back where the spool lost all, or a whole pack; of single ones is known when they are read."""
    if plan.store is None or not spool.lacks_packs():
        return
    for target in plan.targets:
        documents = sum(not spool.has(each) for each in plan.store.documents.results(target.name))
        way = "read again" if target.traits.free else "fetched again from the provider, as far as it has them"
        if documents:
            yield PlanLine(target.name, "restore", f"their stored results are gone: {way}", documents)


def _move(plan: Plan, output: Output) -> str:
    """Name the old and the new path of an output that lies elsewhere now."""
    if output.reason is not Reason.MOVED or output.former is None:
        return ""
    target = next(target for target in plan.targets if target.name == output.job)
    sink = next(sink for sink in target.sinks if sink.identity == output.sink)
    now = lying(sink.root or b"", sink.output or output.output)
    return f"{_place(plan, output.former)} → {_place(plan, now)}"


def _place(plan: Plan, path: bytes) -> str:
    return escape(path.removeprefix(lying(os.fsencode(plan.project), b"")))


def _not_due(plan: Plan) -> Iterator[NotDue]:
    """Yield why nothing is due for the rest of each job that has anything of the kind."""
    written_alone = touched(plan)
    stands = {(total.job, total.kind): 0 for total in plan.differences.totals()}
    for total in plan.differences.totals():
        stands[total.job, total.kind] += total.documents
    for target in plan.targets:
        job, tally = target.name, plan.tallies[target.name]
        litter = 0 if tally.litter is None else tally.litter.number
        rest = NotDue(
            job,
            unchanged=tally.unchanged - written_alone[job],
            ignored=tally.ignored,
            failed=stands.get((job, ChangeKind.STAND), 0),
            later=_tried_later(plan, target),
            held=stands.get((job, ChangeKind.HELD), 0),
            left_out=litter + stands.get((job, ChangeKind.SKIP), 0),
            filtered=0 if tally.selection is None else tally.selection.filtered,
            sample=None if tally.selection is None else tally.selection.sampled,
        )
        if rest != NotDue(job):
            yield rest


def _tried_later(plan: Plan, target: ResolvedJob) -> int:
    """Return how many documents failed that are tried again by themselves at another time."""
    if plan.store is None or not target.retry:
        return 0
    return plan.store.later_tries.coming(target.name)[0]


def _state(store: Store | None) -> StateKnown:
    if store is None:
        return "none"
    return "recorded" if store.events.last() or store.documents.jobs() else "empty"


def _example(change: Change) -> tuple[str, str]:
    return escape(change.path), "" if change.problem is None else change.problem.message


def _open(submission: Submission) -> OpenWork:
    why = f"{MAY_BE_SENT}; " if submission.torn else ""
    following = why + NEXT[submission.status].format(submission.id)
    return OpenWork(submission.id, submission.connection, str(submission.status), following)


def _left_out(plan: Plan) -> Iterator[str]:
    for target in plan.targets:
        yield from (f"job '{target.name}': {note}" for note in plan.tallies[target.name].left_out())


def _farewells(gone: Iterable[str], store: Store | None) -> Iterator[PlanLine]:
    for job in sorted(gone):
        left = 0 if store is None else store.documents.count(job)
        if left:
            yield PlanLine(
                job, str(ChangeKind.REMOVE), "the job is no longer declared; its outputs stay", left
            )


def _unseen(differences: Differences) -> Iterator[str]:
    if any(total.kind is ChangeKind.LOOK for total in differences.totals()):
        yield "'docbatch apply --max-new 0' looks at all links and sends nothing; a plan made then is exact"


def _read_by(plan: Plan) -> Iterator[ReadBy]:
    for target in plan.targets:
        counts = plan.tallies[target.name].recipes
        for row in sorted(row for row in counts if row is not None):
            assert plan.store is not None
            pins = plan.store.documents.recipe(row).pins
            yield ReadBy(target.name, counts[row], dict(pins), pins == target.recipe.pins)


def _versions(plan: Plan) -> Iterator[KeptVersions]:
    """Yield what jobs keep to, of those for which something moves that can be kept."""
    for target in plan.targets:
        if target.kept_versions:
            yield KeptVersions(target.name, dict(target.kept_versions))
        elif is_open(target, plan.store):
            yield KeptVersions(target.name, {}, known=False)


def _kept(read_by: Sequence[ReadBy]) -> Iterator[str]:
    """Say what stays as it was read by versions that are no longer installed."""
    for each in read_by:
        if not each.current:
            stay, them = ("stays as it is", "it") if each.documents == 1 else ("stay as they are", "them")
            yield (
                f"job '{each.job}': {plural(each.documents, 'document')} read by {named_versions(each.versions)} {stay};"
                f" 'docbatch apply --upgrade {each.job}' reads {them} again with what is installed"
            )


def _locked(targets: Iterable[ResolvedJob], sending: Collection[str]) -> Iterator[str]:
    """Say of which jobs nothing will be sent, because their passwords cannot be read."""
    for target in targets:
        if target.passwords is not None and target.name in sending:
            complaint = unreadable(target.name, target.passwords)
            if complaint is not None:
                yield f"{complaint}; apply sends none of its documents until that is mended"


def _closed(targets: Iterable[ResolvedJob], sending: Collection[str], store: Store | None) -> Iterator[str]:
    """Say of which jobs nothing is sent at this hour."""
    now = time.time()
    for target in targets:
        if target.name in sending:
            yield from waits_for(target, store, now)


def _notes(targets: Sequence[ResolvedJob]) -> Iterator[str]:
    yield from remarks_told_once((target.name, caution) for target in targets for caution in target.cautions)
    for target in targets:
        for name, (kept, current) in moved(target).items():
            yield (
                f"job '{target.name}' keeps {name} {kept}, {current} is installed;"
                f" 'docbatch apply --upgrade {target.name}' sends its documents again under the new one"
            )
