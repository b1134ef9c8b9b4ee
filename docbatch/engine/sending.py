"""Spending: prepare, record the intent, create. The order of these lines is what docbatch is for."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from docbatch.engine.content import open_item
from docbatch.engine.notices import Answered, Intended
from docbatch.engine.run import Run
from docbatch.errors import (
    BudgetStop,
    CredentialsError,
    DocbatchError,
    GuardRefused,
    NotSent,
    ProviderError,
    Refused,
    Stale,
    Unavailable,
    Uncertain,
)
from docbatch.keys import submission_id
from docbatch.lifecycle import Event
from docbatch.models import Failure, FailureClass, RemoteObject, Submission, SubmissionStatus
from docbatch.planner import Submit
from docbatch.providers.base import Batch, ContentChanged, Intent, Provider, Step
from docbatch.state.records import Frozen

MOST_RENEWALS = 3


def submit(run: Run, action: Submit) -> None:
    """Send one submission. Whatever dies here, a later run finds the intent or nothing at all."""
    if not _cleared(run, action.connection):
        return
    provider = run.connections.provider(action.connection)
    batch = _batch(run, action)
    prepared = _prepare(run, provider, action.connection, batch)
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


def _cleared(run: Run, connection: str) -> bool:
    """Before the first create of a run on a connection, make sure that the state knows all the vendor has of us."""
    if connection in run.surveyed:
        return True
    try:
        if not run.connections.traits(connection).free:
            run.store.refuse_restored()
        provider = run.connections.provider(connection)
        unknown = set(provider.survey(f"{run.project}-")) - run.store.submissions.markers()
    except Unavailable as error:
        run.connections.rest(connection, run.pause(connection, error.retry_after))
        return False
    except GuardRefused as error:
        run.connections.block(connection, error)
        return False
    if unknown:
        run.connections.block(connection, _foreign(connection, unknown))
        return False
    run.surveyed.add(connection)
    return True


def _foreign(connection: str, unknown: set[str]) -> GuardRefused:
    names = ", ".join(sorted(unknown)[:3])
    return GuardRefused(
        f"connection '{connection}' has work of this project that the state does not know: {names}"
        + ("" if len(unknown) <= 3 else f" and {len(unknown) - 3} more"),
        hint="nothing was sent; put the state back that knows it: this version cannot adopt such work",
    )


def _batch(run: Run, action: Submit) -> Batch:
    keys = [item.key for item in action.items]
    recipe = run.store.documents.recipe(int(action.recipe))
    identity = submission_id(run.project, recipe.account, keys, run.store.submissions.rounds(keys))
    key = run.store.documents.recipe_key(int(action.recipe))
    target = next(target for target in run.targets.values() if target.recipe_key == key)
    return Batch(
        identity, f"{run.project}-{identity}", recipe.operation, action.items, target.config, recipe.pins
    )


def _prepare(run: Run, provider: Provider, connection: str, batch: Batch) -> dict[str, RemoteObject] | None:
    """Do what the create needs, each step recorded as it is made. Returns None when the batch has to be planned anew."""
    steps = provider.steps(batch)
    prepared = run.store.objects.alive(provider.account, [step.name for step in steps], run.clock.wall())
    missing = [step for step in steps if step.name not in prepared]
    try:
        for step in missing:
            if step.item is None:
                prepared[step.name] = _perform(run, provider, step, batch, prepared)
        sent = _send_contents(
            run, provider, [step for step in missing if step.item is not None], batch, prepared
        )
    except Refused as error:
        _fail_unsent(run, [item.key for item in batch.items], error)
        return None
    except Unavailable as error:
        run.connections.rest(connection, run.pause(connection, error.retry_after))
        return None
    if not sent:
        _forget(run, provider, steps)
        run.requeue()
        return None
    return prepared


def _send_contents(
    run: Run, provider: Provider, steps: Sequence[Step], batch: Batch, prepared: dict[str, RemoteObject]
) -> bool:
    """Send items' bytes in parallel; the calling thread alone records, each as soon as it is there.

    Returns False when some items fell out, because they were refused or changed: the rest is planned anew.
    Raises what stopped the vendor from taking one, after all that was sent is recorded.
    """
    if not steps:
        return True
    whole = True
    before = dict(prepared)
    trouble: ProviderError | CredentialsError | None = None
    with ThreadPoolExecutor(provider.traits.concurrency) as pool:
        waiting = {pool.submit(_attempt, provider, step, batch, before): step for step in steps}
        for done in as_completed(waiting):
            outcome, step = done.result(), waiting[done]
            match outcome:
                case RemoteObject():
                    run.store.objects.record(provider.account, outcome)
                    prepared[step.name] = outcome
                case Refused():
                    _fail_unsent(run, [step.item or ""], outcome)
                    whole = False
                case ContentChanged():
                    item = next(item for item in batch.items if item.key == step.item)
                    run.replan(run, item, outcome.reason)
                    whole = False
                case _:
                    trouble = outcome
    if trouble is not None:
        raise trouble
    return whole


def _attempt(
    provider: Provider, step: Step, batch: Batch, prepared: Mapping[str, RemoteObject]
) -> RemoteObject | ProviderError | CredentialsError | ContentChanged:
    try:
        return provider.perform(step, batch, prepared, open_item)
    except (ProviderError, CredentialsError, ContentChanged) as error:
        return error


def _perform(
    run: Run, provider: Provider, step: Step, batch: Batch, prepared: dict[str, RemoteObject]
) -> RemoteObject:
    made = provider.perform(step, batch, prepared, open_item)
    run.store.objects.record(provider.account, made)
    return made


def _forget(run: Run, provider: Provider, steps: Sequence[Step]) -> None:
    """Abandon what was made for this batch alone: its directory may hold bytes that are no longer wanted."""
    run.store.objects.forget(provider.account, [step.name for step in steps if not step.shared])


def _fail_unsent(run: Run, keys: Sequence[str], error: Refused) -> None:
    run.store.submissions.fail_unsent(keys, Failure(FailureClass(error.kind), error.message, error.code))
    run.requeue()


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
        run.observe(Answered(identity, "accepted", accepted.remote_id or ""))
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
    run.requeue()
    run.losses[connection] += 1
    if run.losses[connection] > MOST_RENEWALS:
        run.connections.block(connection, error)
    run.observe(Answered(identity, "not_sent", error.message))
