"""Settling creates whose answer was lost: the same key again, or looks at the vendor, or a person."""

from dataclasses import replace

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, ProviderError
from docbatch.core.lifecycle import Event
from docbatch.core.looks import LookKind, Looks
from docbatch.core.models import Operation, SubmissionStatus
from docbatch.core.scheduler import Close, Settle
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.progress_notices import Answered
from docbatch.engine.running.run_context import Followed, Run
from docbatch.engine.running.send_submission import create_recorded, with_passwords
from docbatch.engine.running.take_consequences import take_consequences
from docbatch.providers.base import Accepted, Batch, Intent, Sighting, left_by_looks
from docbatch.state.home import Publication


def intent(run: Run, identity: str) -> Intent:
    """Return the submission's frozen request, from memory or from the state."""
    followed = run.follow(identity)
    if followed.intent is None:
        frozen = run.store.submissions.frozen(identity)
        recipe = run.store.documents.recipe(frozen.recipe)
        submission = run.store.submissions.get(identity)
        assert submission is not None
        operation, files = Operation(recipe.operation), run.files(submission.connection, frozen.items)
        batch = Batch(identity, frozen.marker, operation, frozen.items, frozen.config, recipe.pins, files)
        followed.intent = Intent(identity, frozen.marker, frozen.request, batch, frozen.prepared)
    return followed.intent


def settle(run: Run, connection: ProviderConnection, action: Settle) -> Talk[None]:
    """Send the same key again, or look once; record what that proves."""
    call = ProviderCall.REPLAY if action.replay else ProviderCall.LOOK
    followed = run.follow(action.submission)
    wanted = intent(run, action.submission)
    try:
        if action.replay:
            again = yield from _unlocked(run, connection, wanted)
            began = run.store.publish(Publication.REPLAY, action.submission)
            accepted = yield from create_recorded(run, connection, call, again, began)
            _accept(run, connection, action.submission, Event.ACCEPTED, accepted)
            return
        sighting = yield from _sighting(run, connection, wanted)
    except (ProviderError, CredentialsError) as error:
        leads_to = take_consequences(run, connection, call, error, action.submission)
        if leads_to.later and not action.hinted:
            _look_later(run, followed, getattr(error, "retry_after", None))
        return
    if sighting.found is not None:
        _accept(run, connection, action.submission, Event.FOUND, sighting.found)
    elif not action.hinted:
        _count(run, connection, action.submission, sighting)


def _sighting(run: Run, connection: ProviderConnection, wanted: Intent) -> Talk[Sighting]:
    """Look once, with what earlier looks left; keep what this one did."""
    step = left_by_looks(wanted.marker)
    left = run.store.objects.alive(connection.account, [step], run.clock.wall())
    with_it = replace(wanted, prepared={**wanted.prepared, **left})
    sighting = yield from connection.ask(
        ProviderCall.LOOK, lambda provider: provider.look(with_it), gives=Sighting
    )
    if sighting.left is not None and step not in left:
        run.store.objects.record(connection.account, [replace(sighting.left, step=step)])
    return sighting


def _unlocked(run: Run, connection: ProviderConnection, wanted: Intent) -> Talk[Intent]:
    """Return a request with the passwords of its documents, which the state does not keep, as far as they can be read."""
    recipe = run.store.submissions.frozen(wanted.submission).recipe
    batch = yield from with_passwords(run, connection, wanted.batch, str(recipe))
    return wanted if batch is None else replace(wanted, batch=batch)


def close(run: Run, action: Close) -> None:
    """End the question: as absent, or held for a person."""
    run.store.submissions.record(
        action.submission, Event.ABSENT if action.absent else Event.UNKNOWABLE, reason=action.reason
    )
    run.store.publish(Publication.ANSWER, action.submission)
    submission = run.store.submissions.get(action.submission)
    if submission is not None:
        _drop_hindrance(run, run.connections[submission.connection], action.submission)
    followed = run.follow(action.submission)
    followed.looks = replace(followed.looks or Looks(), asked=True)
    run.queues.forget()
    run.observe(Answered(action.submission, "absent" if action.absent else "held", action.reason))


def _accept(
    run: Run, connection: ProviderConnection, identity: str, event: Event, accepted: Accepted
) -> None:
    run.store.submissions.accept(identity, event, accepted.remote_id, accepted.runs)
    run.store.publish(Publication.ANSWER, identity)
    _drop_hindrance(run, connection, identity)
    run.follow(identity).backoff.relax()
    run.observe(Answered(identity, event, accepted.remote_id or "run by run"))
    run.remark(identity, accepted.note)


def _drop_hindrance(run: Run, connection: ProviderConnection, identity: str) -> None:
    """Why the answer was lost is no trouble any more once it is known what became of the create."""
    connection.hindrances.drop(ProviderCall.CREATE, identity, run.clock.monotonic())


def _look_later(run: Run, followed: Followed, asked: float | None) -> None:
    followed.looks = replace(followed.looks or Looks(), next_at=run.later(followed.backoff, asked))


def _count(run: Run, connection: ProviderConnection, identity: str, sighting: Sighting) -> None:
    """Note an empty look, durably while its question is open, and when the next is due."""
    followed, now = run.follow(identity), run.clock.monotonic()
    submission = run.store.submissions.get(identity)
    if submission is None or submission.status is not SubmissionStatus.UNANSWERED:
        followed.looks = Looks(asked=True)
        return
    is_proof = sighting.witness and sighting.date is not None
    counted = run.count_look(
        connection, identity, LookKind.EMPTY if is_proof else LookKind.BLIND, sighting.date
    )
    empty, blind = (run.store.looks.of(identity, kind) for kind in (LookKind.EMPTY, LookKind.BLIND))
    pause = counted.pause(connection.traits)
    followed.looks = Looks(empty, blind, asked=True, next_at=now + pause)
    run.tell_of_looks(connection, identity, followed.looks.most)
