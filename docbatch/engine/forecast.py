"""From what lies on the desk to a report of what apply would do."""

from collections.abc import Iterable, Iterator, Sequence

from docbatch.changes import Kind
from docbatch.engine.build import moved
from docbatch.engine.desk import Change, Desk
from docbatch.engine.survey import Findings
from docbatch.engine.target import Target
from docbatch.models import Submission, SubmissionStatus
from docbatch.pathtext import escape
from docbatch.report import Line, OpenWork, PlanReport
from docbatch.state.store import Store

NEXT = {
    SubmissionStatus.INTENDED: "the answer was not recorded; it is looked for before anything is sent",
    SubmissionStatus.UNANSWERED: "the answer was lost; it is looked for before anything is sent",
    SubmissionStatus.SUBMITTED: "is followed, its results are collected",
    SubmissionStatus.HELD: "held: decide with 'docbatch resolve'",
}


def forecast(findings: Findings, desk: Desk, store: Store | None, shown: int) -> PlanReport:
    """Return the report; at most `shown` examples for each line, -1 for all."""
    targets, tallies = findings.targets, findings.tallies
    documents = sum(total.documents for total in desk.totals() if total.kind is Kind.SEND)
    items, size = desk.to_send()
    sending = {total.job for total in desk.totals() if total.kind is Kind.SEND}
    used = {target.connection: target.recipe.provider for target in targets if target.name in sending}
    return PlanReport(
        jobs=tuple(target.name for target in targets),
        found=sum(tally.found for tally in tallies.values()),
        unchanged=sum(tally.unchanged for tally in tallies.values()) - _touched(desk),
        lines=tuple(_lines(desk, shown)),
        open=() if store is None else tuple(map(_open, store.submissions.open())),
        notes=(*_notes(targets), *_farewells(findings.gone, store), *_unseen(desk)),
        send_documents=documents,
        send_items=items,
        send_bytes=size,
        free=all(target.traits.free for target in targets if target.name in sending),
        connections=used,
    )


def _touched(desk: Desk) -> int:
    """Count documents that are as they were but for an output of theirs."""
    return sum(count for _, _, count in desk.outputs_due_alone())


def _lines(desk: Desk, shown: int) -> Iterator[Line]:
    for total in desk.totals():
        examples = desk.examples(total.job, total.kind, total.reason, shown)
        yield Line(
            total.job,
            str(total.kind),
            str(total.reason),
            total.documents,
            total.size,
            tuple(map(_example, examples)),
        )
    for job, reason, count in desk.outputs_due_alone():
        paths = desk.output_examples(job, reason, shown)
        yield Line(job, str(Kind.DELIVER), str(reason), count, 0, tuple((escape(path), "") for path in paths))
    for job, reason in desk.wholes_due():
        yield Line(job, str(Kind.DELIVER), f"the job's file: {reason}", 1)


def _example(change: Change) -> tuple[str, str]:
    return escape(change.path), "" if change.problem is None else change.problem.message


def _open(submission: Submission) -> OpenWork:
    return OpenWork(submission.id, submission.connection, str(submission.status), NEXT[submission.status])


def _farewells(gone: Iterable[str], store: Store | None) -> Iterator[str]:
    for job in sorted(gone):
        left = 0 if store is None else store.documents.count(job)
        if left:
            yield f"job '{job}' is no longer declared; its {left:,} documents are let go, their outputs stay"


def _unseen(desk: Desk) -> Iterator[str]:
    if any(total.kind is Kind.LOOK for total in desk.totals()):
        yield "'docbatch apply --max-new 0' looks at all links and sends nothing; a plan made then is exact"


def _notes(targets: Sequence[Target]) -> Iterator[str]:
    for target in targets:
        yield from target.cautions
        for name, (kept, current) in moved(target).items():
            yield (
                f"job '{target.name}' keeps {name} {kept}, {current} is installed;"
                f" 'docbatch apply --upgrade {target.name}' sends its documents again under the new one"
            )
