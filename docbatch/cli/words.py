"""What apply, status and explain say."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docbatch.core.acceptances import over_text
from docbatch.core.cost_sentences import run_text
from docbatch.core.demands import EMPTY
from docbatch.core.hindrance import recorded_text
from docbatch.core.lifecycle import MAY_BE_SENT
from docbatch.core.looks import LookKind
from docbatch.core.models import RETRY_CLASS, FailureClass, ItemStatus, RetryClass, Stops, Submission
from docbatch.core.moments import iso_moment_or_none, moment_text
from docbatch.core.report import by_deadline, human, looking, plural, seconds_text, span, visible
from docbatch.core.result_warnings import WarningKind, kind_of
from docbatch.state.deadlines import Stuck
from docbatch.state.looks import RecordedLooks

if TYPE_CHECKING:
    from docbatch import (
        AcceptedDocuments,
        ApplyOutcome,
        ComingTries,
        HeldBack,
        JobOutcome,
        JobStatus,
        StateStatus,
    )

_COUNTED: Mapping[str, tuple[str, str]] = {
    WarningKind.LOST: (
        "is partial: something in it was not read",
        "are partial: something in them was not read",
    ),
    WarningKind.EMPTY: (
        "is empty: there is nothing to see in it",
        "are empty: there is nothing to see in them",
    ),
    WarningKind.EMPTY_PAGES: ("has pages that show nothing", "have pages that show nothing"),
    WarningKind.GUESSED: ("has something that was guessed", "have something that was guessed"),
    WarningKind.OTHER: ("has warnings", "have warnings"),
}
"""What is said of documents with a kind of warning: of one, and of several."""


def standing_text(status: str) -> str:
    """Say how a document stands, as reports do."""
    from docbatch.core.run_reports.sentences import SHOWN

    return SHOWN.get(status, status)


def outcome_text(outcome: "ApplyOutcome") -> str:
    """Return the closing lines, ending in a line break."""
    if outcome.declined:
        return "Nothing was done.\n"
    return "\n".join(["", *_lines(outcome)]) + "\n"


def _lines(outcome: "ApplyOutcome") -> Iterator[str]:
    waiting = {each.job: each for each in outcome.held_back}
    for job in outcome.jobs:
        yield _job(job)
        if job.job in waiting:
            yield f"  {_held_back(waiting[job.job])}"
        for path, status, kind, message in job.failures:
            yield _failure(path, status, kind, message)
        wrong = sum(job.accepted.counted(job.standing).values()) + job.standing.get("held", 0)
        if wrong > len(job.failures):
            yield f"  and {wrong - len(job.failures):,} more; 'docbatch status {job.job}' lists them"
        yield from _warned(job, job.standing.get("partial", 0), job.noted)
        yield from _over(job.accepted)
        if job.later is not None:
            yield _later(job.later)
    yield from (f"{each.job}: {_held_back(each)}" for each in outcome.held_back if each.wholly)
    for stuck in outcome.stuck:
        yield f"submission {stuck.submission} on {stuck.connection} is stuck:"
        yield from _stuck(stuck)
    for looks in outcome.looking:
        yield _looking(looks)
    yield from map(recorded_text, outcome.hindrances)
    yield from map(run_text, outcome.spent)
    yield from _advice(outcome)


def _later(coming: "ComingTries") -> str:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(coming.kinds.items()))
    are = "is" if coming.documents == 1 else "are"
    return (
        f"  {plural(coming.documents, 'document')} {are} tried again by the next apply, the first at"
        f" {moment_text(coming.at)} ({kinds})"
    )


def _warned(job: "JobOutcome | JobStatus", partial: int, noted: int) -> Iterator[str]:
    """Count documents by what is to be said of them, and say the first of it: what was lost is told with the failures.

    `noted` documents have warnings beside that.
    """
    counts = {**job.warned, WarningKind.LOST: partial}
    for kind, told in _COUNTED.items():
        if count := counts.get(kind):
            yield f"  {plural(count, 'document')} {told[count != 1]}"
    beside = [(path, _beside(warnings)) for path, warnings in job.warnings]
    for path, warnings in beside:
        if warnings:
            more = f" (and {len(warnings) - 1:,} more)" if len(warnings) > 1 else ""
            yield visible(f"    {path}: {warnings[0]}{more}")
    left = noted - sum(1 for _, warnings in beside if warnings)
    if left > 0:
        yield f"    and {left:,} more; 'docbatch status {job.job}' lists them"


def _beside(warnings: Sequence[str]) -> list[str]:
    return [each for each in warnings if kind_of(each) is not WarningKind.LOST]


def _over(accepted: "AcceptedDocuments") -> Iterator[str]:
    if accepted.over:
        yield f"  {over_text(accepted.over)}; 'docbatch failures' lists them"


def _looking(looks: RecordedLooks) -> str:
    whose = "" if looks.kind is LookKind.WATCH else "submission "
    return visible(f"{whose}{looks.subject}: {looking(looks.looks.count, looks.needed, looks.until)}")


def _stuck(stuck: Stuck) -> Iterator[str]:
    """Say why a submission counts as stuck, and what may be done."""
    jobs = " and ".join(f"job '{job}'" for job in stuck.jobs)
    yield (
        f"  {plural(stuck.documents, 'document')} of {jobs} did not end in {span(stuck.seconds)}; timeout is"
        f" {span(stuck.timeout)}; remote id {visible(stuck.remote_id or 'not known')}"
    )
    if stuck.stops is Stops.NOTHING:
        yield f"  the vendor cannot stop it; 'docbatch resolve {stuck.submission} --give-up' waits for it no longer, though it may"
        yield "  be charged, or keep waiting: 'docbatch apply' looks again,"
    else:
        yield f"  stop it with 'docbatch cancel {stuck.submission}', or keep waiting: 'docbatch apply' looks again,"
    yield "  and waits for it once the job's timeout is raised"


def _failure(path: str, status: str, kind: str, message: str) -> str:
    return visible(f"  {standing_text(status)}: {path}: {kind}" + (f": {message}" if message else ""))


def errors_text(outcome: "ApplyOutcome", told: Collection[str] = ()) -> str:
    """Return what went wrong beyond single documents, with what to do about it; nothing when all went well.

    What was `told` as the last before the end is not told again.
    """
    lines = (
        f"error: {visible(error.message)}\n" + (f"  {error.hint}\n" if error.hint else "")
        for error in outcome.errors
        if not any(error.message == each or error.message.endswith(f": {each}") for each in told)
    )
    return "".join(lines)


def _job(job: "JobOutcome") -> str:
    done = job.documents - sum(job.standing.values()) - job.undelivered
    late = f", {job.undelivered:,} not written" if job.undelivered else ""
    rest = "".join(
        f", {count:,} {standing_text(status)}{job.accepted.text(status, count)}{_not_selected(job, status)}"
        for status, count in sorted(job.standing.items())
    )
    return f"{job.job}: {done:,} of {plural(job.documents, 'document')} done{rest}{late}"


def _not_selected(job: "JobOutcome", status: str) -> str:
    return f" ({job.unselected:,} of them not selected)" if status == "pending" and job.unselected else ""


def _held_back(job: "HeldBack") -> str:
    counts = ((job.to_send, "to be sent"), (job.to_write, "to be written"), (job.gone, "no longer found"))
    due = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    looked = "" if job.wholly else "what lies there was not looked at, and "
    return (
        f"held back, since a sink of it cannot be used{due and ': '}{due};"
        f" {looked}the next run goes on with it once that can be used"
    )


def _can_be_retried(job: "JobOutcome") -> bool:
    """Say whether some failed for more than being empty in a job that minds, of which no more is said, and wait for a person."""
    void = job.expired + sum(message == EMPTY.message for _, _, _, message in job.failures)
    waiting = 0 if job.later is None else job.later.documents
    return job.accepted.counted(job.standing).get("failed", 0) > void + waiting


def _would_fail_again(job: "JobOutcome") -> bool:
    """Say whether retry leaves out whatever failed, as far as that is known here."""
    never = {kind for kind, way in RETRY_CLASS.items() if way is RetryClass.NEVER} | {FailureClass.ENCRYPTED}
    kinds = [kind for _, status, kind, _ in job.failures if status == ItemStatus.FAILED]
    return (
        job.charges
        and len(kinds) == job.accepted.counted(job.standing).get("failed", 0)
        and set(kinds) <= never
    )


def _advice(outcome: "ApplyOutcome") -> Iterator[str]:
    standing = {status for job in outcome.jobs for status, count in job.standing.items() if count}
    expired = sum(job.expired for job in outcome.jobs)
    if expired:
        yield (
            f"The {'result' if expired == 1 else 'results'} of {plural(expired, 'document')} can only be had by sending"
            f" {'it' if expired == 1 else 'them'} again: 'docbatch retry --class {FailureClass.EXPIRED}' queues"
            f" {'it' if expired == 1 else 'them'}, and a paid provider charges again."
        )
    failed = [job for job in outcome.jobs if _can_be_retried(job)]
    if failed and all(map(_would_fail_again, failed)):
        yield "Failed documents are not sent again by themselves; they would fail again, and 'docbatch retry --all' queues them all the same."
    elif failed:
        yield "Failed documents are not sent again by themselves; 'docbatch retry' queues them."
    if "held" in standing:
        yield "Held documents may have been sent; 'docbatch status' names what to decide."
    for each in outcome.held:
        yield (
            f"Submission {each.id} on {each.connection} is held with {plural(each.running, 'document')}:"
            f" {_doubt(each)}, then say so by {_decision(each.id)}"
        )
    if outcome.goes_on:
        yield "Run the same command again to go on."


def job_json(job: "JobOutcome") -> dict[str, Any]:
    """Return a job's part of the last line of `apply --json`; its failures and warnings are the first of them."""
    failures = [
        {"path": path, "status": status, "class": kind, "message": message}
        for path, status, kind, message in job.failures
    ]
    warnings = [{"path": path, "warnings": list(told)} for path, told in job.warnings]
    return {"job": job.job, "documents": job.documents, "standing": job.standing, "failures": failures,
            "accepted": job.accepted.values(), "counted": job.accepted.counted(job.standing),
            "unselected": job.unselected,
            "warned": dict(job.warned), "warnings": warnings,
            "later": None if job.later is None else {"kinds": dict(job.later.kinds), "at": iso_moment_or_none(job.later.at)}}  # fmt: skip


def _doubt(held: Submission) -> str:
    if not held.torn:
        return "it may be at the provider. Look there"
    return f"{MAY_BE_SENT}. Make sure that its process has ended and look at the provider"


def _decision(submission: str) -> str:
    return f"'docbatch resolve {submission} --absent' or '--remote-id ID'"


def status_text(state: "StateStatus") -> str:
    """Return what `docbatch status` shows."""
    from docbatch.cli.cost_words import limit_text

    lines = [visible(f"Selected: {state.selected}")] if state.selected else []
    lines.extend(text for job in state.jobs for text in _job_status(job))
    for each in state.open:
        remote = visible(each.remote_id or "no remote id")
        lines.append(
            f"submission {each.id} on {each.connection}: {each.status}{', stuck' if each.id in state.stuck else ''},"
            f" {remote}, {each.running} running"
        )
        if each.id in state.stuck:
            lines.extend(_stuck(state.stuck[each.id]))
        if each.id in state.looking:
            lines.append(f"  {_looking(state.looking[each.id])}")
        if each.torn:
            lines.append(f"  {MAY_BE_SENT}")
        if each.status == "held":
            lines.append(f"  decide with {_decision(each.id)}")
    lines.extend(_looking(each) for each in state.looking.values() if each.kind is LookKind.WATCH)
    lines.extend(map(recorded_text, state.hindrances))
    lines.extend(f"{name}: {users}" for name, users in state.account_users.items())
    lines.extend(map(limit_text, state.limits))
    if state.limits_unread is not None:
        lines.append(f"{state.limits_unread}; 'docbatch validate' lists them")
    lines.extend(filter(None, map(_pace, state.jobs)))
    lines.append(f"spool: {plural(state.spool_entries, 'result')}, {human(state.spool_bytes)}")
    if state.owner is not None:
        lines.append(f"a run is going on: {state.owner}")
    return "\n".join(lines) + "\n"


def _pace(job: "JobStatus") -> str | None:
    """Say how long a job's documents took, where that is known."""
    if job.pace is None or not job.pace.documents:
        return None
    mean, longest = seconds_text(job.pace.seconds / job.pace.documents), seconds_text(job.pace.longest)
    return f"{job.job}: {mean} a document, the slowest {longest}: {visible(job.pace.slowest)}"


def _job_status(job: "JobStatus") -> Iterator[str]:
    counts = ", ".join(
        f"{count:,} {standing_text(status)}{job.accepted.text(status, count)}"
        for status, count in sorted(job.tally.items())
    )
    charged = "" if job.credits is None else f"; {job.credits:,g} credits charged"
    yield f"{job.job} on {job.connection}: {counts or 'no documents'}{charged}"
    if job.deadline is not None:
        waits = "waits" if job.with_deadline == 1 else "wait, the first"
        yield f"  {plural(job.with_deadline, 'document')} {waits} to be sent {by_deadline(job.deadline)}"
    if job.next_try is not None:
        are = "is" if job.tried_again == 1 else "are"
        when = moment_text(job.next_try)
        yield f"  {plural(job.tried_again, 'document')} {are} tried again by apply, the first at {when}"
    for failure in job.failures:
        said = job.said.get(failure[0])
        yield _failure(*failure) + ("" if said is None else visible(f" ({said})"))
    yield from _warned(job, job.tally.get("partial", 0), noted=0)
    yield from _over(job.accepted)
