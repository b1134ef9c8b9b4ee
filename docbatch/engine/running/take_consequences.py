"""Taking the consequences of a provider's error, as `core.consequences` has them, and telling what it hinders."""

from collections.abc import Iterator
from dataclasses import replace

from docbatch.core.consequences import (
    CallError,
    Consequence,
    ErrorKind,
    Fate,
    ProviderCall,
    Told,
    consequence,
    kind_of,
)
from docbatch.core.errors import BudgetStop, ProviderError, Refused, Stale
from docbatch.core.hindrance import ANSWERED
from docbatch.core.lifecycle import Event
from docbatch.core.models import Failure, FailureClass
from docbatch.engine.connections.failing_uploads import FailedUpload
from docbatch.engine.connections.hindrances import cause_of
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.progress_notices import Answered, Hindered, Notice, Relieved, Trouble
from docbatch.engine.running.run_context import Run
from docbatch.state.home import Publication

MOST_RENEWALS = 3
DEFINITE = frozenset({ErrorKind.REFUSED, ErrorKind.STALE, ErrorKind.GONE})
"""Answers that say no, and with that, that the vendor answers."""


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
        _record(run, connection, submission, leads_to.event, error)
    if leads_to.requeue:
        run.queues.forget()
    _meet(run, connection, leads_to.fate, error)
    if kind_of(error) in DEFINITE:
        connection.failing_since = None
    _hinder(run, connection, call, error, submission or "")
    for notice in _notices(connection, leads_to, error, submission):
        run.observe(notice)
    return leads_to


def _record(
    run: Run, connection: ProviderConnection, submission: str, event: Event, error: CallError
) -> None:
    record = run.store.submissions
    match event:
        case Event.REFUSED:
            refused = len(list(record.unended(submission)))
            record.refuse(submission, failure(error))
            run.count_ended(connection, ended=refused, failed=refused)
        case Event.REPLAY_REFUSED:
            code = error.code if isinstance(error, Refused) else None
            record.record(submission, event, code=code, message=error.message)
        case Event.NOT_SENT | Event.UNANSWERED:
            record.record(submission, event, reason=error.message)
    if event is not Event.UNANSWERED:
        # A successor takes for unanswered whatever has no answer.
        run.store.publish(Publication.ANSWER, submission)


def is_limit(error: CallError) -> bool:
    """Say whether a vendor that is there only said that too much was asked."""
    return isinstance(error, ProviderError) and error.general and cause_of(error).startswith(ANSWERED)


def failure(error: CallError) -> Failure:
    """Return a refusal as what is kept of the documents that it ends."""
    assert isinstance(error, Refused)
    kind = FailureClass(error.kind) if error.kind in set(FailureClass) else FailureClass.UNKNOWN
    return Failure(kind, error.message, error.code)


def _meet(run: Run, connection: ProviderConnection, fate: Fate, error: CallError) -> None:
    match fate:
        case Fate.RESTS:
            asked, limited = getattr(error, "retry_after", None), is_limit(error)
            connection.rest(run.later(connection.backoff, asked, limited=limited))
        case Fate.RENEWS:
            connection.renewals += 1
            if connection.renewals > MOST_RENEWALS:
                connection.block(error)
        case Fate.BLOCKED:
            connection.block(BudgetStop(error.message, hint=error.hint))
        case Fate.CUT:
            connection.cut(error)


def _hinder(
    run: Run,
    connection: ProviderConnection,
    call: ProviderCall,
    error: CallError,
    about: str,
) -> None:
    """Note what this error keeps from going on; of polls and fetches their callers know when they are tried again."""
    now, leads_to = run.moment(), consequence(call, error)
    if leads_to.fate is Fate.RESTS:
        connection.meet(call, error, now, again=connection.view.ready_at)
    elif leads_to.fate in {Fate.CUT, Fate.BLOCKED} or leads_to.event is Event.UNANSWERED:
        connection.meet(call, error, now, about=about, silent=True)
    elif leads_to.later and call in {ProviderCall.LOOK, ProviderCall.REPLAY}:
        connection.meet(call, error, now, about=about)


def tell_hindrances(run: Run, *, waits: bool = True) -> None:
    """Tell what began to stop or slow connections and what is over, each once, and note it in the state.

    When it is tried again is told only where the run `waits` for that.
    """
    now = run.clock.monotonic()
    for connection in run.connections.values():
        _tell_trouble(run, connection)
        _tell_unshared(run, connection)
        news = connection.hindrances.news(now)
        if not news:
            continue
        run.store.hindrances.note(news.noted, (*news.over, *news.dropped))
        wall = run.clock.wall()
        for each in news.replaced:
            run.observe(Relieved(each.connection, each.call, each.cause, each.seconds, answered=False))
        for each in news.begun:
            next_try = None if each.next is None or not waits else max(0.0, each.next - wall)
            run.observe(
                Hindered(each.connection, each.call, each.cause, each.message, wall - each.since, next_try)
            )
        for each in news.over:
            run.observe(Relieved(each.connection, each.call, each.cause, each.seconds))


def _tell_trouble(run: Run, connection: ProviderConnection) -> None:
    trouble = connection.trouble
    if trouble is not None and trouble is not connection.told:
        connection.told = trouble
        run.observe(Trouble(f"connection '{connection.name}'", trouble.message, trouble.hint))


UNSEEN = (
    "nothing is lost by that, and it is tried again; what state: names as accounts: has to be a prefix below which credentials"
    " may read, write, list and remove objects"
)


def _tell_unshared(run: Run, connection: ProviderConnection) -> None:
    shared = connection.access.shared
    if shared is None:
        return
    if why := shared.news():
        text = f"its pace is not shared with other processes of this machine: {why}"
        hint = "nothing is lost by that; let the folder be yours alone, or set DOCBATCH_ACCOUNTS to another one, or to off"
        run.observe(Trouble(f"connection '{connection.name}'", text, hint))
    if shared.elsewhere is not None and (why := shared.elsewhere.news()):
        text = f"its pace is not shared with runs on other machines: {why}"
        run.observe(Trouble(f"connection '{connection.name}'", text, UNSEEN))


def take_up_hindrances(run: Run) -> None:
    """Take over what the run before left: since when what is met again lasts, and which uploads failed how often."""
    for name, connection in run.connections.items():
        connection.hindrances.remember(run.store.hindrances.of(name))
        connection.uploads.remember(FailedUpload(*each) for each in run.store.failed_uploads.of(name))


def leave_hindrances(run: Run) -> None:
    """Record what stops or slows connections when a run ends."""
    tell_hindrances(run, waits=False)
    current = [
        # Nobody tries again until the next run.
        replace(each, next=None)
        for connection in run.connections.values()
        for each in connection.hindrances.current
    ]
    run.store.hindrances.conclude(list(run.connections), current)
    for name, connection in run.connections.items():
        kept = ((each.key, each.tries, each.proofs) for each in connection.uploads.kept)
        run.store.failed_uploads.conclude(name, kept)


def _notices(
    connection: ProviderConnection, leads_to: Consequence, error: CallError, submission: str | None
) -> Iterator[Notice]:
    if leads_to.told in {Told.ANSWER, Told.BOTH} and submission is not None:
        yield Answered(submission, str(leads_to.event), error.message)
    if leads_to.told in {Told.TROUBLE, Told.BOTH}:
        connection.told = connection.trouble
        yield Trouble(f"connection '{connection.name}'", error.message, error.hint)
    if leads_to.told is Told.REMAINS:
        text = f"what was made for it at the provider is still there: {error.message}"
        yield Trouble(f"submission {submission}", text, "its results are safe; the next apply tries again")
