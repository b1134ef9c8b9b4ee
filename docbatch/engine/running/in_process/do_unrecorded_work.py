"""Doing work in this process that costs nothing: handing it over, asking how it stands, and recording it once it is done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, ProviderError
from docbatch.core.keys import submission_id
from docbatch.core.lifecycle import Event
from docbatch.core.models import Failure, FailureClass
from docbatch.core.scheduler import Action, Collect, Poll, Submit, keeps_from_creating
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.progress_notices import Answered, Ended, Fetched, Intended
from docbatch.engine.running.fetch_results import Outcome, missed
from docbatch.engine.running.figures.document_times import with_times
from docbatch.engine.running.follow_submission import (
    again,
    asked,
    durable,
    fetch_later,
    fetcher,
    one_by_one,
    poll_later,
    removed,
    schedule_poll,
)
from docbatch.engine.running.in_process.unrecorded_work import UnrecordedWork
from docbatch.engine.running.parts.sent_recipes import sent_as
from docbatch.engine.running.prepare_submission import prepare
from docbatch.engine.running.run_context import Run
from docbatch.engine.running.send_submission import batch_of, tell_late, with_passwords
from docbatch.engine.running.take_consequences import failure, take_consequences
from docbatch.providers.base import Accepted, Changed, Failed, Intent, Progress, Ready
from docbatch.state.records import Collected, ReadyItem

LOST = Failure(FailureClass.EXPIRED, "what was done of it was lost again and again in one run")


@dataclass(slots=True)
class _Ends:
    """What ended since the last time and is not recorded: failures, documents that are others by now, results that are lost."""

    failed: dict[str, Failure] = field(default_factory=dict)
    changed: list[Changed] = field(default_factory=list)
    lost: dict[str, Failure] = field(default_factory=dict)


def concerns(run: Run, connection: ProviderConnection, action: Action) -> bool:
    """Say whether an action is about such work."""
    if isinstance(action, Submit):
        return connection.traits.is_recorded_when_done
    return isinstance(action, Collect | Poll) and action.submission in run.unrecorded


def perform(run: Run, connection: ProviderConnection, action: Action) -> Talk[int]:
    """Do one action that `concerns` such work; return how many documents were handed over, or may have been."""
    match action:
        case Submit():
            return (yield from submit(run, connection, action))
        case Poll():
            yield from poll(run, connection, run.unrecorded[action.submission])
        case Collect():
            yield from _finish(run, connection, run.unrecorded[action.submission], _Ends())
    return 0


def submit(run: Run, connection: ProviderConnection, action: Submit) -> Talk[int]:
    """Hand a batch over; return how many documents were, or may have been. Nothing is recorded: killed now, its documents still wait."""
    if keeps_from_creating(connection.view, run.clock.monotonic()):
        return 0
    target, alike = sent_as(run.store, run.targets.values(), int(action.recipe), action.items)
    action = replace(action, items=tuple(alike))
    run.queues.serve(action.recipe)
    run.begun += 1
    keys = [item.key for item in action.items]
    identity = submission_id(run.project, connection.account, keys, run.begun)
    batch = yield from with_passwords(run, connection, batch_of(run, target, action, identity), action.recipe)
    if batch is None:
        return 0
    intent = yield from prepare(run, connection, batch)
    if intent is None or connection.is_ending:
        return 0
    if not run.unrecorded:
        # Once the state is lost, it is known from this that outputs which stand are this project's own.
        run.store.raise_serial()
    shares = run.store.shares.of_items([item.row for item in action.items])
    run.observe(Intended(identity, connection.name, len(keys), shares))
    tell_late(run, batch)
    try:
        accepted = yield from connection.ask(
            ProviderCall.CREATE, lambda provider: provider.create(intent), gives=Accepted
        )
    except (ProviderError, CredentialsError) as error:
        return len(action.items) if _not_accepted(run, connection, intent, error) else 0
    _begin(run, connection, action, intent, accepted.remote_id)
    connection.backoff.relax()
    connection.renewals = 0
    run.observe(Answered(identity, "accepted", accepted.remote_id or ""))
    run.remark(identity, accepted.note)
    return len(action.items)


def _begin(
    run: Run, connection: ProviderConnection, action: Submit, intent: Intent, remote_id: str | None
) -> None:
    running = {item.key: item for item in action.items}
    run.unrecorded[intent.submission] = UnrecordedWork(
        intent, remote_id, connection.name, connection.account, run.begun, running
    )
    run.follow(intent.submission).intent = intent
    run.queues.begin(int(action.recipe), running)


def _not_accepted(
    run: Run, connection: ProviderConnection, intent: Intent, error: ProviderError | CredentialsError
) -> bool:
    leads_to = take_consequences(run, connection, ProviderCall.CREATE, error)
    keys = [item.key for item in intent.batch.items]
    if leads_to.event is not None:
        run.observe(Answered(intent.submission, str(leads_to.event), error.message))
    if leads_to.event is Event.REFUSED:
        _record(run, intent, [], dict.fromkeys(keys, failure(error)))
    elif leads_to.event is Event.UNANSWERED:
        _give_back(run, connection, intent, dict.fromkeys(keys, LOST))
    run.queues.forget()
    return leads_to.event is not Event.NOT_SENT


def poll(run: Run, connection: ProviderConnection, work: UnrecordedWork) -> Talk[None]:
    """Ask once, fetch what is there, and record it with what else ended, in one step."""
    identity, intent = work.intent.submission, work.intent
    try:
        progress = yield from connection.ask(
            ProviderCall.POLL,
            lambda provider: asked(connection.name, provider, intent, work.remote_id),
            gives=Progress,
            about=identity,
        )
    except (ProviderError, CredentialsError) as error:
        leads_to = take_consequences(run, connection, ProviderCall.POLL, error)
        if leads_to.later:
            poll_later(run, connection, identity, error)
        elif leads_to.event is Event.LOST:
            lost = dict.fromkeys([*work.running, *work.ready], LOST)
            yield from _finish(run, connection, work, _Ends(lost=lost))
        return
    assert isinstance(progress, Progress)
    ends = _sorted(work, progress)
    moved = bool(work.ready or ends.failed or ends.changed)
    yield from _finish(run, connection, work, ends)
    run.remark(identity, progress.note)
    schedule_poll(run, connection, identity, progress, moved=moved)


def _sorted(work: UnrecordedWork, progress: Progress) -> _Ends:
    """Take what ended out of what runs; a provider may tell of it again."""
    ends = _Ends()
    for each in progress.ended:
        if work.running.pop(each.key, None) is None:
            continue
        match each:
            case Ready():
                work.ready[each.key] = ReadyItem(each.key, each.remote_id, each.partial)
            case Failed():
                ends.failed[each.key] = each.failure
            case Changed():
                ends.changed.append(each)
    ends.lost = {key: why for key, why in progress.doubted.items() if key in work.running}
    return ends


def _finish(run: Run, connection: ProviderConnection, work: UnrecordedWork, ends: _Ends) -> Talk[None]:
    outcomes: list[tuple[ReadyItem, Outcome]] = []
    if work.ready:
        fetching = fetcher(run, connection, work.intent)
        try:
            outcomes = yield from one_by_one(connection, fetching, list(work.ready.values()))
        except (ProviderError, CredentialsError) as silence:
            take_consequences(run, connection, ProviderCall.FETCH, silence)
    collected = durable(run, connection, outcomes)
    failed = [(each.key, outcome) for each, outcome in outcomes if not isinstance(outcome, Collected)]
    misses = missed(failed)
    ends.failed |= misses.unusable
    ends.lost |= misses.lost
    if misses.waiting:
        fetch_later(run, connection, work.intent.submission, misses.waiting)
    for error in misses.ends[:1]:
        take_consequences(run, connection, ProviderCall.FETCH, error)
    _end(run, connection, work, ends, collected)
    if work.is_through and work.intent.prepared:
        yield from removed(run, connection, work.intent)


def _end(
    run: Run,
    connection: ProviderConnection,
    work: UnrecordedWork,
    ends: _Ends,
    collected: Sequence[Collected] = (),
) -> None:
    identity = work.intent.submission
    through = [*ends.failed, *ends.lost]
    through += [each.key for each in ends.changed] + [each.key for each in collected]
    _record(run, work.intent, collected, ends.failed)
    if collected:
        for each in collected:
            connection.answered(ProviderCall.FETCH, each.key)
        run.follow(identity).fetching.relax()
    for key in through:
        work.running.pop(key, None)
        work.ready.pop(key, None)
    run.queues.end(through)
    if work.is_through:
        run.unrecorded.pop(identity, None)
    if ends.changed:
        items = {item.key: item for item in work.intent.batch.items}
        for changed in ends.changed:
            run.replan(run, items[changed.key], changed.reason)
        run.queues.forget()
    if ends.lost:
        _give_back(run, connection, work.intent, ends.lost)
        run.queues.forget()


def _record(run: Run, intent: Intent, collected: Sequence[Collected], failed: Mapping[str, Failure]) -> None:
    if not collected and not failed:
        return
    items = {item.key: item for item in intent.batch.items}
    jobs = run.store.outcomes.record(
        [(items[each.key], each) for each in collected], [(items[key], why) for key, why in failed.items()]
    )
    run.spool.recorded((each.result, each.place) for each in collected if each.place is not None)
    run.has_results = run.has_results or bool(collected)
    identity = intent.submission
    run.observe(_ended(run, intent, collected, failed, jobs))
    if collected:
        shares = run.store.shares.of_items([items[each.key].row for each in collected])
        run.observe(Fetched(identity, len(collected), jobs, shares))


def _ended(
    run: Run,
    intent: Intent,
    collected: Sequence[Collected],
    failed: Mapping[str, Failure],
    jobs: tuple[str, ...],
) -> Ended:
    """Return what is told of documents that ended: whose they are, and how long they took as far as that was measured."""
    items = {item.key: item for item in intent.batch.items}
    keys = [*(each.key for each in collected), *failed]
    taken = {
        items[each.key].row: (items[each.key].name, each.seconds)
        for each in collected
        if each.seconds is not None
    }
    are_parts = run.store.parts.range_of(int(intent.batch.items[0].recipe)) is not None
    ended = Ended(
        intent.submission,
        0 if are_parts else len(keys),
        0 if are_parts else len(failed),
        jobs,
        by_job=run.store.shares.of_items([items[key].row for key in keys]),
        failed_by_job=run.store.shares.of_items([items[key].row for key in failed]),
    )
    return with_times(ended, run.store, taken)


def _give_back(run: Run, connection: ProviderConnection, intent: Intent, lost: Mapping[str, Failure]) -> None:
    """Let what was lost wait again, and end what is lost over and over."""
    queued: Collection[str] = again(run, connection, lost)
    _record(run, intent, [], {key: why for key, why in lost.items() if key not in queued})
