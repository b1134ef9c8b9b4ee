"""Sending a submission: prepare, record the intent, create. The order of these lines is what docbatch is for."""

import threading
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, ProviderError, Refused
from docbatch.core.keys import submission_id
from docbatch.core.lifecycle import Event
from docbatch.core.models import Submission, SubmissionStatus
from docbatch.core.scheduler import Submit, keeps_from_creating
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.passwords import read_passwords
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.connections.recorded_create import recorded_create
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Answered, Intended, SentOutside, Trouble
from docbatch.engine.running.look_for_unknown_work import knows_all_work
from docbatch.engine.running.parts.sent_recipes import config_of, sent_as, sharing
from docbatch.engine.running.prepare_submission import prepare
from docbatch.engine.running.run_context import Run
from docbatch.engine.running.take_consequences import take_consequences
from docbatch.engine.spending.closed_windows import sent_outside
from docbatch.providers.base import Accepted, Batch, Intent, Provider
from docbatch.specs.values import PasswordPlace
from docbatch.state.home import Publication
from docbatch.state.records import Frozen, Reservation

if TYPE_CHECKING:
    from docbatch.sending_fence import FenceTime


def submit(run: Run, action: Submit) -> Talk[int]:
    """Send one submission, as far as limits and guards allow it; return how many documents were sent, or may have been.

    Whatever dies here, a later run finds the intent or nothing at all. An answer to one that was scheduled with it may
    have stopped the connection, or told it to wait.
    """
    connection = run.connections[action.connection]
    room = run.room(connection)
    if keeps_from_creating(connection.view, run.clock.monotonic()) or room == 0:
        return 0
    purpose = _purpose(action.connection, action.recipe)
    target, alike = sent_as(run.store, run.targets.values(), int(action.recipe), action.items)
    share = run.budget.cut(purpose, action.connection, alike[:room])
    if share.left:
        run.queues.set_aside(share.left)
    if not share.items:
        return 0
    try:
        sent = replace(action, items=share.items)
        return (yield from _send(run, connection, target, sent, share.reservation))
    finally:
        run.budget.give_back(purpose)


def _purpose(connection: str, recipe: str) -> str:
    """Name what is taken from the budget: of one recipe a connection sends one submission after the other."""
    return f"{connection} {recipe}"


def _send(
    run: Run, connection: ProviderConnection, target: ResolvedJob, action: Submit, reserved: Reservation
) -> Talk[int]:
    if not (yield from knows_all_work(run, connection)):
        return 0
    run.queues.serve(action.recipe)
    wanted = batch_of(run, target, action, _name(run, action))
    batch = yield from with_passwords(run, connection, wanted, action.recipe)
    if batch is None:
        return 0
    intent = yield from prepare(run, connection, batch)
    if intent is None or connection.is_ending or run.room(connection) == 0 or run.is_shut():
        return 0
    began = _intend(run, connection, int(action.recipe), intent, reserved)
    return len(batch.items) if (yield from _create(run, connection, intent, began)) else 0


def _name(run: Run, action: Submit) -> str:
    """Return what the submission is called: as it was when the same was sent before, if that certainly did not arrive."""
    keys = [item.key for item in action.items]
    recipe = run.store.documents.recipe(int(action.recipe))
    record = run.store.submissions
    names = (
        submission_id(run.project, recipe.account, keys, round_) for round_ in count(record.rounds(keys))
    )
    return next(name for name in names if not record.is_abandoned(f"{run.project}-{name}"))


def batch_of(run: Run, target: ResolvedJob, action: Submit, identity: str) -> Batch:
    """Return what is to be sent as one job says, under the name of its submission."""
    row = int(action.recipe)
    recipe = run.store.documents.recipe(row)
    marker = f"{run.project}-{identity}"
    files = run.files(action.connection, action.items)
    config = config_of(run.store, target, row)
    return Batch(identity, marker, recipe.operation, action.items, config, recipe.pins, files)


def _intend(
    run: Run, connection: ProviderConnection, recipe: int, intent: Intent, reserved: Reservation
) -> "FenceTime | None":
    """Make durable, and known to every successor, that it is about to be sent. Nothing is waited for between this and the create.

    Returns what `publish` does.
    """
    batch = intent.batch
    submission = Submission(
        batch.submission, 0, connection.name, connection.account, SubmissionStatus.INTENDED
    )
    frozen = Frozen(
        batch.submission,
        recipe,
        batch.marker,
        batch.config,
        intent.body,
        intent.prepared,
        batch.items,
        None if connection.traits.free else reserved,
    )
    run.store.submissions.intend(submission, frozen, now=run.clock.wall())
    run.budget.spend(_purpose(connection.name, str(recipe)))
    began = run.store.publish(Publication.INTENT, batch.submission)
    run.follow(batch.submission).intent = intent
    shares = run.store.shares.of_items([item.row for item in batch.items])
    run.observe(Intended(batch.submission, connection.name, len(batch.items), shares))
    tell_late(run, batch)
    run.queues.take(recipe, {item.key for item in batch.items})
    return began


def tell_late(run: Run, batch: Batch) -> None:
    """Say what is sent outside the window of its job."""
    for job, documents in sorted(sent_outside(run.store, run.queues.sending, batch.items).items()):
        target = run.targets[job]
        assert target.window is not None, "it is closed"
        assert target.deadline is not None, "it has passed"
        run.observe(SentOutside(batch.submission, job, documents, target.window.shown, target.deadline))


def _create(
    run: Run, connection: ProviderConnection, intent: Intent, began: "FenceTime | None"
) -> Talk[bool]:
    """Make the one call that cannot be repeated, and record the answer. Returns False when nothing was sent for sure."""
    identity = intent.submission
    try:
        accepted = yield from create_recorded(run, connection, ProviderCall.CREATE, intent, began)
    except (ProviderError, CredentialsError) as error:
        return _was_sent(run, connection, intent, error)
    run.bisection.forget([item.key for item in intent.batch.items])
    run.store.submissions.accept(identity, Event.ACCEPTED, accepted.remote_id, accepted.runs)
    run.store.publish(Publication.ANSWER, identity)
    connection.backoff.relax()
    connection.renewals = 0
    run.observe(Answered(identity, "accepted", accepted.remote_id or ""))
    run.remark(identity, accepted.note)
    return True


def create_recorded(
    run: Run, connection: ProviderConnection, call: ProviderCall, intent: Intent, began: "FenceTime | None"
) -> Talk[Accepted]:
    """Ask for what was recorded, and let the home of the state know when nothing of it is under way. Raises as `ask` does."""
    back = run.store.home.came_back
    if connection.is_ending:
        # It is not even begun then.
        back(intent.submission)
    act = partial(recorded_create, intent=intent, began=began, back=back)
    return (yield from connection.ask(call, act, gives=Accepted))


def _was_sent(
    run: Run, connection: ProviderConnection, intent: Intent, error: ProviderError | CredentialsError
) -> bool:
    """Take the consequences of a create that went wrong. Returns False when nothing was made for sure, and it is sent anew."""
    identity, items = intent.submission, intent.batch.items
    if run.bisection.halves(items, error):
        run.store.submissions.record(identity, Event.NOT_SENT, reason=error.message)
        run.store.publish(Publication.ANSWER, identity)
        run.queues.forget()
        run.observe(Answered(identity, "refused", f"{error.message}; its halves are sent apart"))
        return False
    told = (
        run.bisection.explained(items, error) if isinstance(error, Refused) and error.unexplained else error
    )
    leads_to = take_consequences(run, connection, ProviderCall.CREATE, told, identity)
    return leads_to.event is not Event.NOT_SENT


def with_passwords(run: Run, connection: ProviderConnection, batch: Batch, recipe: str) -> Talk[Batch | None]:
    """Return the batch with the passwords of all jobs whose documents may be in it.

    They are read in the connection's own thread, since a command may take its time.
    Returns None where those of a job cannot be read: nothing of it is sent in this run, and the rest is batched anew.
    """
    those = sharing(run.store, run.targets.values(), int(recipe))
    locked = [target for target in those if target.passwords]
    is_whole = True
    for target in locked:
        if target.name not in run.passwords.read and target.name not in run.passwords.refused:
            is_whole = (yield from _read(run, connection, target)) and is_whole
    if not is_whole:
        run.queues.forget()
        return None
    found = (run.passwords.read.get(target.name, ()) for target in locked)
    return replace(batch, passwords=tuple(dict.fromkeys(each for those in found for each in those)))


def _read(run: Run, connection: ProviderConnection, target: ResolvedJob) -> Talk[bool]:
    assert target.passwords is not None
    read = partial(_outcome, job=target.name, place=target.passwords, over=connection.access.over)
    try:
        found = yield from connection.ask(ProviderCall.PREPARE, read)
    except (ProviderError, CredentialsError) as error:
        take_consequences(run, connection, ProviderCall.PREPARE, error)
        return False
    if isinstance(found, CredentialsError):
        run.passwords.refused.add(target.name)
        run.errors.append(found)
        run.observe(Trouble(f"job '{target.name}'", found.message, found.hint))
        return False
    assert isinstance(found, tuple)
    run.passwords.read[target.name] = found
    return True


def _outcome(
    _provider: Provider, *, job: str, place: PasswordPlace, over: threading.Event
) -> tuple[str, ...] | CredentialsError:
    """Return the passwords or why there are none: that concerns the job, and not the connection."""
    try:
        return read_passwords(job, place, over)
    except CredentialsError as error:
        return error
