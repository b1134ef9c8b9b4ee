"""Taking the consequences of a provider's error, as `core.consequences` has them."""

from collections.abc import Iterator

from docbatch.core.consequences import CallError, Consequence, Fate, ProviderCall, Told, consequence
from docbatch.core.errors import BudgetStop, Refused, Stale
from docbatch.core.lifecycle import Event
from docbatch.core.models import Failure, FailureClass
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.progress_notices import Answered, Notice, Trouble
from docbatch.engine.running.run_context import Run

MOST_RENEWALS = 3


def take_consequences(
    run: Run,
    connection: ProviderConnection,
    call: ProviderCall,
    error: CallError,
    submission: str | None = None,
) -> Consequence:
    """Do what an error leads to, but for what only the caller knows how to record or when to ask again."""
    leads_to = consequence(call, error)
    if isinstance(error, Stale):
        run.store.objects.forget(connection.account, error.stale)
    if submission is not None and leads_to.event is not None:
        _record(run, submission, leads_to.event, error)
    if leads_to.requeue:
        run.queues.forget()
    _meet(run, connection, leads_to.fate, error)
    for notice in _notices(connection, leads_to, error, submission):
        run.observe(notice)
    return leads_to


def _record(run: Run, submission: str, event: Event, error: CallError) -> None:
    record = run.store.submissions
    match event:
        case Event.REFUSED:
            record.refuse(submission, failure(error))
        case Event.REPLAY_REFUSED:
            code = error.code if isinstance(error, Refused) else None
            record.record(submission, event, code=code, message=error.message)
        case Event.NOT_SENT | Event.UNANSWERED:
            record.record(submission, event, reason=error.message)


def failure(error: CallError) -> Failure:
    """Return a refusal as what is kept of the documents that it ends."""
    assert isinstance(error, Refused)
    kind = FailureClass(error.kind) if error.kind in set(FailureClass) else FailureClass.UNKNOWN
    return Failure(kind, error.message, error.code)


def _meet(run: Run, connection: ProviderConnection, fate: Fate, error: CallError) -> None:
    match fate:
        case Fate.RESTS:
            connection.rest(run.later(connection.backoff, getattr(error, "retry_after", None)))
        case Fate.RENEWS:
            connection.renewals += 1
            if connection.renewals > MOST_RENEWALS:
                connection.block(error)
        case Fate.BLOCKED:
            connection.block(BudgetStop(error.message, hint=error.hint))
        case Fate.CUT:
            connection.cut(error)


def _notices(
    connection: ProviderConnection, leads_to: Consequence, error: CallError, submission: str | None
) -> Iterator[Notice]:
    if leads_to.told in {Told.ANSWER, Told.BOTH} and submission is not None:
        yield Answered(submission, str(leads_to.event), error.message)
    if leads_to.told in {Told.TROUBLE, Told.BOTH}:
        yield Trouble(f"connection '{connection.name}'", error.message, error.hint)
    if leads_to.told is Told.REMAINS:
        text = f"what was made for it at the provider is still there: {error.message}"
        yield Trouble(f"submission {submission}", text, "its results are safe; the next apply tries again")
