"""Asking vendors, once, to stop what takes longer than a job allows, or what nobody wants any more."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, Gone, NotAnswering, ProviderError
from docbatch.core.lifecycle import Event
from docbatch.core.models import Failure, FailureClass, Stops, Submission, SubmissionStatus
from docbatch.core.report import span
from docbatch.core.scheduler import Cancel
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.progress_notices import Remark, Trouble
from docbatch.engine.running.run_context import Run
from docbatch.state.deadlines import Stuck
from docbatch.state.home import Publication

UNWANTED = "no job wants its documents any more"
NEVER = float("inf")
AGAIN = 5.0
"""Seconds after which a vendor that stops only what it has begun is asked again, since it may have begun more."""


def cancels(run: Run, submissions: Mapping[str, Submission]) -> Iterator[Cancel]:
    """Yield what a vendor is to be asked to stop. Each is asked for once, and not again in a run where that went wrong.

    What a vendor stops only once it has begun is asked for again, until all of it has ended.
    """
    for identity, reason, kind in _unwelcome(run):
        submission = submissions.get(identity)
        if submission is None or not _is_open(run, submission):
            continue
        followed = run.follow(identity)
        if run.clock.monotonic() < followed.next_stop:
            continue
        stops = run.connections[submission.connection].traits.stops
        if stops is not Stops.BEGUN and run.store.unwanted_work.is_asked(identity):
            followed.next_stop = NEVER
        elif stops is Stops.NOTHING:
            followed.next_stop = NEVER
            run.observe(Remark(identity, f"{reason}; the vendor cannot stop it, so it is collected"))
        else:
            yield Cancel(identity, reason, kind)


def _unwelcome(run: Run) -> Iterator[tuple[str, str, FailureClass]]:
    if any(target.failing.cancels_stuck for target in run.targets.values()):
        for stuck in run.store.deadlines.passed(run.clock.wall()):
            if all(_is_over(run, job, stuck) for job in stuck.jobs):
                text = f"it did not end in {span(stuck.timeout)}"
                yield stuck.submission, text, FailureClass.TIMEOUT
    for identity in run.store.unwanted_work.abandoned():
        yield identity, UNWANTED, FailureClass.CANCELLED


def _is_over(run: Run, job: str, stuck: Stuck) -> bool:
    """Say whether a job has no use for what is stuck. One that is not looked at in this run may have."""
    target = run.targets.get(job)
    return (
        target is not None
        and target.failing.cancels_stuck
        and target.timeout is not None
        and stuck.seconds > target.timeout
    )


def _is_open(run: Run, submission: Submission) -> bool:
    """Say whether there is something to stop, and somebody to ask."""
    connection = run.connections.get(submission.connection)
    return (
        connection is not None
        and submission.status is SubmissionStatus.SUBMITTED
        and submission.running > 0
        and connection.view.unreachable is None
        and not connection.traits.in_process
        and submission.account == connection.account
    )


def cancel(run: Run, connection: ProviderConnection, submission: Submission, action: Cancel) -> Talk[None]:
    """Ask, record that it was asked, and look next how it stands."""
    from docbatch.engine.running.settle_unanswered_creates import intent  # noqa: PLC0415 - hardly any run stops work

    followed = run.follow(submission.id)
    followed.next_stop = NEVER
    wanted = intent(run, submission.id)
    run.store.publish(Publication.REMOVAL, submission.id)
    try:
        yield from connection.ask(
            ProviderCall.CANCEL, lambda provider: provider.cancel(wanted, submission.remote_id)
        )
    except Gone:
        # The look that follows says what that means.
        pass
    except (ProviderError, CredentialsError) as error:
        if isinstance(error, NotAnswering):
            connection.cut(error)
        text = f"{action.reason}, and the vendor could not be asked to stop it: {error.message}"
        run.observe(Trouble(f"submission {submission.id}", text, "the next apply asks again"))
        return
    followed.next_poll = 0.0
    stops_begun = connection.traits.stops is Stops.BEGUN
    if stops_begun:
        followed.next_stop = run.clock.monotonic() + AGAIN
    if not run.store.unwanted_work.is_asked(submission.id):
        run.store.submissions.record(
            submission.id, Event.CANCEL_ASKED, reason=action.reason, kind=action.kind
        )
        what = "what it has begun of it, and is asked again until it ends" if stops_begun else "it"
        run.observe(Remark(submission.id, f"{action.reason}; the vendor was asked to stop {what}"))


def as_asked(run: Run, submission: str, failures: Mapping[str, Failure]) -> Mapping[str, Failure]:
    """Return failures with why the vendor was asked to stop what it stopped."""
    if not any(why.kind is FailureClass.CANCELLED for why in failures.values()):
        return failures
    asked = [each.body for each in run.store.events.of(submission) if each.event is Event.CANCEL_ASKED]
    body = next((each for each in asked if "kind" in each), None)
    if body is None:
        return failures
    kind = FailureClass(str(body["kind"]))
    return {
        key: replace(
            why, kind=kind, message=f"{body['reason']}, so the vendor was asked to stop it: {why.message}"
        )
        if why.kind is FailureClass.CANCELLED
        else why
        for key, why in failures.items()
    }
