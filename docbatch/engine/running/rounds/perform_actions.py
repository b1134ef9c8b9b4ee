"""What one connection has to do in a round, done in one conversation: questions settled, work sent, followed and collected."""

from collections.abc import Mapping, Sequence

from docbatch.core.models import Submission, SubmissionStatus
from docbatch.core.scheduler import Action, Cancel, Close, Collect, Deliver, Discard, Poll, Settle, Submit
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.running import follow_submission, send_submission, settle_unanswered_creates
from docbatch.engine.running.in_process import do_unrecorded_work
from docbatch.engine.running.rounds import stop_work
from docbatch.engine.running.run_context import Run


def hold(
    run: Run, connection: ProviderConnection, agenda: Sequence[Action], known: Mapping[str, Submission]
) -> Talk[None]:
    """Do what a connection has to do, one after the other, as long as it can be used.

    What its submissions hold counts as sent from the start, so that no other connection spends what is left.
    """
    planned = sum(len(action.items) for action in agenda if isinstance(action, Submit))
    sent = 0
    _allow(run, -planned)
    try:
        for action in agenda:
            if connection.view.unreachable is not None:
                return
            sent += yield from _perform(run, connection, action, known)
    finally:
        _allow(run, planned - sent)


def _allow(run: Run, documents: int) -> None:
    if run.allowance is not None:
        run.allowance += documents


def _perform(
    run: Run, connection: ProviderConnection, action: Action, known: Mapping[str, Submission]
) -> Talk[int]:
    """Do one action; return how many documents were sent, or may have been.

    A look that a webhook asked for may have settled what another action is still about.
    """
    if do_unrecorded_work.concerns(run, connection, action):
        return (yield from do_unrecorded_work.perform(run, connection, action))
    match action:
        case Settle() | Close() if not _is_open_question(run, action.submission):
            pass
        case Settle():
            yield from settle_unanswered_creates.settle(run, connection, action)
        case Close():
            settle_unanswered_creates.close(run, action)
        case Collect() | Poll() | Cancel() | Discard():
            yield from _follow(run, connection, action, known[action.submission])
        case Submit():
            return (yield from send_submission.submit(run, action))
        case Deliver():
            raise AssertionError("no connection delivers")
    return 0


def _follow(
    run: Run, connection: ProviderConnection, action: Collect | Poll | Cancel | Discard, about: Submission
) -> Talk[None]:
    match action:
        case Collect():
            yield from follow_submission.collect(run, connection, about)
        case Poll():
            yield from follow_submission.poll(run, connection, about)
        case Cancel():
            yield from stop_work.cancel(run, connection, about, action)
        case Discard():
            yield from follow_submission.discard(run, connection, about)


def _is_open_question(run: Run, submission: str) -> bool:
    known = run.store.submissions.get(submission)
    return known is not None and known.status in {SubmissionStatus.UNANSWERED, SubmissionStatus.HELD}
