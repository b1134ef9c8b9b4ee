"""Settling creates whose answer was lost: the same key again, or looks at the vendor, or a person."""

from dataclasses import replace

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, ProviderError
from docbatch.core.lifecycle import Event
from docbatch.core.models import Operation
from docbatch.core.scheduler import Close, Looks, Settle
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.progress_notices import Answered
from docbatch.engine.running.prepare_submission import with_passwords
from docbatch.engine.running.run_context import Followed, Run
from docbatch.engine.running.take_consequences import take_consequences
from docbatch.providers.base import Accepted, Batch, Intent, Sighting


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
            accepted = yield from connection.ask(
                call, lambda provider: provider.create(again), gives=Accepted
            )
            _accept(run, action.submission, Event.ACCEPTED, accepted)
            return
        sighting = yield from connection.ask(call, lambda provider: provider.look(wanted), gives=Sighting)
    except (ProviderError, CredentialsError) as error:
        leads_to = take_consequences(run, connection, call, error, action.submission)
        if leads_to.later and not action.hinted:
            _look_later(run, followed, getattr(error, "retry_after", None))
        return
    if sighting.found is not None:
        followed.found_at = run.clock.monotonic()
        _accept(run, action.submission, Event.FOUND, sighting.found)
    elif not action.hinted:
        _count(run, connection, followed, witness=sighting.witness)


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
    followed = run.follow(action.submission)
    followed.looks = replace(followed.looks or Looks(), blind=1)
    run.queues.forget()
    run.observe(Answered(action.submission, "absent" if action.absent else "held", action.reason))


def _accept(run: Run, identity: str, event: Event, accepted: Accepted) -> None:
    run.store.submissions.accept(identity, event, accepted.remote_id, accepted.runs)
    run.follow(identity).backoff.relax()
    run.observe(Answered(identity, event, accepted.remote_id or "run by run"))
    run.remark(identity, accepted.note)


def _look_later(run: Run, followed: Followed, asked: float | None) -> None:
    looks = followed.looks or Looks(since=run.clock.monotonic())
    followed.looks = replace(looks, next_at=run.later(followed.backoff, asked))


def _count(run: Run, connection: ProviderConnection, followed: Followed, *, witness: bool) -> None:
    """Note an empty look, and when the next is due."""
    now = run.clock.monotonic()
    looks = followed.looks or Looks(since=now)
    seen = replace(looks, empty=looks.empty + 1) if witness else replace(looks, blind=looks.blind + 1)
    followed.looks = replace(seen, next_at=now + connection.traits.look_spacing)
