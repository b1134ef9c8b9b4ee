"""Settling creates whose answer was lost: the same key again, or looks at the vendor, or a person."""

from collections.abc import Callable
from dataclasses import replace

from docbatch.core.errors import NotSent, Refused, Unavailable, Uncertain
from docbatch.core.lifecycle import Event
from docbatch.core.models import Operation
from docbatch.core.scheduler import Close, Looks, Settle
from docbatch.engine.progress_notices import Answered
from docbatch.engine.running.run_context import Run
from docbatch.providers.base import Accepted, Batch, Intent


def intent(run: Run, identity: str) -> Intent:
    """Return the submission's frozen request, from memory or from the state."""
    if identity not in run.intents:
        frozen = run.store.submissions.frozen(identity)
        recipe = run.store.documents.recipe(frozen.recipe)
        submission = run.store.submissions.get(identity)
        assert submission is not None
        operation, files = Operation(recipe.operation), run.files(submission.connection, frozen.items)
        batch = Batch(identity, frozen.marker, operation, frozen.items, frozen.config, recipe.pins, files)
        run.intents[identity] = Intent(identity, frozen.marker, frozen.request, batch, frozen.prepared)
    return run.intents[identity]


def settle(run: Run, action: Settle, connection: str) -> None:
    """Send the same key again, or look once; record what that proves."""
    provider = run.connections.provider(connection)
    wanted = intent(run, action.submission)
    if action.replay:
        _replay(run, action.submission, lambda: provider.create(wanted))
        return
    try:
        sighting = provider.look(wanted)
    except Unavailable as error:
        _look_later(run, action.submission, error.retry_after)
        return
    if sighting.found is not None:
        run.found_at[action.submission] = run.clock.monotonic()
        _accept(run, action.submission, Event.FOUND, sighting.found)
    else:
        _count(run, action.submission, connection, witness=sighting.witness)


def close(run: Run, action: Close) -> None:
    """End the question: as absent, or held for a person."""
    run.store.submissions.record(
        action.submission, Event.ABSENT if action.absent else Event.UNKNOWABLE, reason=action.reason
    )
    run.looks[action.submission] = replace(run.looks.get(action.submission, Looks()), blind=1)
    run.requeue()
    run.observe(Answered(action.submission, "absent" if action.absent else "held", action.reason))


def _replay(run: Run, identity: str, create: Callable[[], Accepted]) -> None:
    """A refusal or a proof that nothing was sent answers only this attempt, so neither closes the question."""
    try:
        accepted = create()
    except Refused as error:
        run.store.submissions.record(identity, Event.REPLAY_REFUSED, code=error.code, message=error.message)
    except NotSent as error:
        _look_later(run, identity, error.retry_after)
    except Uncertain:
        _look_later(run, identity, None)
    else:
        _accept(run, identity, Event.ACCEPTED, accepted)


def _accept(run: Run, identity: str, event: Event, accepted: Accepted) -> None:
    run.store.submissions.accept(identity, event, accepted.remote_id, accepted.runs)
    run.relax(identity)
    run.observe(Answered(identity, event, accepted.remote_id or "run by run"))
    run.remark(identity, accepted.note)


def _look_later(run: Run, identity: str, asked: float | None) -> None:
    looks = run.looks.get(identity, Looks(since=run.clock.monotonic()))
    run.looks[identity] = replace(looks, next_at=run.pause(identity, asked))


def _count(run: Run, identity: str, connection: str, *, witness: bool) -> None:
    """Note an empty look, and when the next is due."""
    now = run.clock.monotonic()
    looks = run.looks.get(identity, Looks(since=now))
    seen = replace(looks, empty=looks.empty + 1) if witness else replace(looks, blind=looks.blind + 1)
    run.looks[identity] = replace(seen, next_at=now + run.connections.traits(connection).look_spacing)
