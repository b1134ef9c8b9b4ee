"""What is due for a document, in words."""

from collections.abc import Mapping

from docbatch.core.changes import ChangeKind, Reason
from docbatch.core.demands import EMPTY, INCOMPLETE
from docbatch.core.models import RETRY_CLASS, Failure, FailureClass, RetryClass
from docbatch.engine.planning.differences_database import Change
from docbatch.engine.planning.resolved_job import ResolvedJob

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
DONE = ("is done; it will not be sent", "it was processed, and nothing it depends on has changed")
VOID = (
    "counts as failed here and is not delivered: nothing can be seen in it, and the job says on_empty: fail",
    "it was read, and nothing it depends on has changed",
)
VOID_IN_PART = (
    "counts as failed here and is not delivered: something in it was not read, and the job says on_partial: fail",
    VOID[1],
)
AGAIN = "will be tried again by itself, once its retry is due"
ACCEPTED = "is not well, which is accepted; it will not be sent"


def verdict_of(
    target: ResolvedJob, change: Change | None, *, is_accepted: bool = False, is_later: bool = False
) -> tuple[str, str]:
    """Return what is due for a document, and why.

    `is_accepted` says that its failure stands, `is_later` that it is tried again by itself.
    """
    verdict, reason = _verdict(change)
    if change is not None and change.kind is ChangeKind.STAND and is_accepted:
        return ACCEPTED, reason
    if change is not None and change.kind is ChangeKind.STAND and is_later:
        return AGAIN, change.problem.message if change.problem is not None else reason
    if change is not None and change.kind is ChangeKind.STAND and change.problem is not None:
        verdict = _taken_up(verdict, target, change.problem)
    return verdict, reason


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
