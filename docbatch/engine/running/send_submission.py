"""Sending a submission: prepare, record the intent, create. The order of these lines is what docbatch is for."""

from itertools import count

from docbatch.core.errors import (
    BudgetStop,
    CredentialsError,
    DocbatchError,
    NotSent,
    ProviderError,
    Refused,
    Stale,
    Uncertain,
)
from docbatch.core.keys import submission_id
from docbatch.core.lifecycle import Event
from docbatch.core.models import Failure, FailureClass, Submission, SubmissionStatus
from docbatch.core.scheduler import Submit, keeps_from_creating
from docbatch.engine.progress_notices import Answered, Intended
from docbatch.engine.running.look_for_unknown_work import knows_all_work
from docbatch.engine.running.prepare_submission import prepare, renew
from docbatch.engine.running.run_context import Run
from docbatch.providers.base import Batch, Intent, Provider
from docbatch.state.records import Frozen


def submit(run: Run, action: Submit) -> None:
    """Send one submission. Whatever dies here, a later run finds the intent or nothing at all.

    An answer to one that was scheduled with it may have stopped the connection, or told it to wait.
    """
    view = run.connections.views()[action.connection]
    if keeps_from_creating(view, run.clock.monotonic()) or not knows_all_work(run, action.connection):
        return
    run.turns[action.recipe] = max(run.turns.values(), default=0) + 1
    provider = run.connections.provider(action.connection)
    batch = _batch(run, action)
    prepared = prepare(run, provider, action.connection, batch)
    if prepared is None:
        return
    request = Intent(batch.submission, batch.marker, provider.render(batch, prepared), batch, prepared)
    submission = Submission(
        batch.submission, 0, action.connection, provider.account, SubmissionStatus.INTENDED
    )
    frozen = Frozen(
        batch.submission, int(action.recipe), batch.marker, batch.config, request.body, prepared, batch.items
    )
    run.store.submissions.intend(submission, frozen, now=run.clock.wall())
    run.store.raise_serial()
    run.intents[batch.submission] = request
    run.observe(Intended(batch.submission, action.connection, len(batch.items)))
    _take_from_queue(run, action)
    sent = _create(run, provider, action.connection, request)
    if run.allowance is not None and sent:
        run.allowance -= len(batch.items)


def _batch(run: Run, action: Submit) -> Batch:
    keys = [item.key for item in action.items]
    recipe = run.store.documents.recipe(int(action.recipe))
    record = run.store.submissions
    names = (
        submission_id(run.project, recipe.account, keys, round_) for round_ in count(record.rounds(keys))
    )
    identity = next(name for name in names if not record.is_abandoned(f"{run.project}-{name}"))
    key = run.store.documents.recipe_key(int(action.recipe))
    target = next(target for target in run.targets.values() if target.recipe_key == key)
    marker = f"{run.project}-{identity}"
    files = run.files(action.connection, action.items)
    return Batch(identity, marker, recipe.operation, action.items, target.config, recipe.pins, files)


def _take_from_queue(run: Run, action: Submit) -> None:
    sent = {item.key for item in action.items}
    row = int(action.recipe)
    run.queues[row] = [item for item in run.queues.get(row, []) if item.key not in sent]


def _create(run: Run, provider: Provider, connection: str, intent: Intent) -> bool:
    """Make the one call that cannot be repeated, and record the answer. Returns False when nothing was sent for sure."""
    record = run.store.submissions
    identity = intent.submission
    try:
        accepted = provider.create(intent)
    except Stale as error:
        _renew(run, provider, connection, identity, error)
        return False
    except Refused as error:
        if error.kind == FailureClass.OUT_OF_CREDITS:
            return _stop(run, connection, identity, error)
        record.refuse(identity, Failure(FailureClass(error.kind), error.message, error.code))
        run.observe(Answered(identity, "refused", error.message))
    except NotSent as error:
        if error.stop:
            return _stop(run, connection, identity, error)
        record.record(identity, Event.NOT_SENT, reason=error.message)
        run.connections.rest(connection, run.pause(connection, error.retry_after))
        run.requeue()
        run.observe(Answered(identity, "not_sent", error.message))
        return False
    except CredentialsError as error:
        record.record(identity, Event.NOT_SENT, reason=error.message)
        run.connections.cut(connection, error)
        run.observe(Answered(identity, "not_sent", error.message))
        return False
    except Uncertain as error:
        record.record(identity, Event.UNANSWERED, reason=error.message)
        run.observe(Answered(identity, "unanswered", error.message))
    except Exception as error:
        record.record(identity, Event.UNANSWERED, reason=type(error).__name__)
        raise DocbatchError(
            f"submission {identity}: the provider failed in an unexpected way; whether the work exists is not known",
            hint="run the same command again: it finds out before anything is sent",
        ) from error
    else:
        record.accept(identity, Event.ACCEPTED, accepted.remote_id, accepted.runs)
        run.relax(connection)
        run.losses.pop(connection, None)
        run.observe(Answered(identity, "accepted", accepted.remote_id or ""))
        run.remark(identity, accepted.note)
    return True


def _stop(run: Run, connection: str, identity: str, error: ProviderError) -> bool:
    """Create nothing more on the connection in this run; what is there is followed. Returns False: nothing was sent."""
    run.store.submissions.record(identity, Event.NOT_SENT, reason=error.message)
    run.connections.block(connection, BudgetStop(error.message, hint=error.hint))
    run.requeue()
    run.observe(Answered(identity, "not_sent", error.message))
    return False


def _renew(run: Run, provider: Provider, connection: str, identity: str, error: Stale) -> None:
    """Forget what is no longer good, so that it is prepared anew; give up where that does not help."""
    run.store.submissions.record(identity, Event.NOT_SENT, reason=error.message)
    run.store.objects.forget(provider.account, error.stale)
    renew(run, connection, error)
    run.observe(Answered(identity, "not_sent", error.message))
