"""Following submissions: asking how they stand, and bringing results into the spool before they can expire."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from docbatch.core.consequences import CallError, ProviderCall
from docbatch.core.errors import (
    BudgetStop,
    CredentialsError,
    ProviderError,
)
from docbatch.core.lifecycle import Event
from docbatch.core.looks import LookKind
from docbatch.core.models import Failure, FailureClass, ItemStatus, Submission
from docbatch.engine.connections.contract import broken
from docbatch.engine.connections.conversations import Talk
from docbatch.engine.connections.provider_connections import ProviderConnection
from docbatch.engine.progress_notices import Ended, Fetched
from docbatch.engine.running.fetch_results import Fetcher, Outcome, missed
from docbatch.engine.running.figures.document_times import with_times
from docbatch.engine.running.rounds.hand_on_results import hand_on
from docbatch.engine.running.rounds.stop_work import as_asked
from docbatch.engine.running.run_context import MOST_LOSSES, Run
from docbatch.engine.running.settle_unanswered_creates import intent
from docbatch.engine.running.take_consequences import is_limit, take_consequences
from docbatch.providers.base import Changed, Failed, Intent, Progress, Provider, Ready
from docbatch.state.home import Publication
from docbatch.state.records import Collected, ReadyItem

WINDOW = 64
AHEAD = 192
"""How many results are fetched beyond a window while it is recorded and delivered."""
CALM = 1.0
"""Seconds after which results are recorded although others that were asked for with them are not there."""


def poll(run: Run, connection: ProviderConnection, submission: Submission) -> Talk[None]:
    """Ask once, record what ended, and note when to ask again."""
    if run.readers is not None and connection.traits.concurrency > 1:
        # While the vendor answers there is time to start.
        run.readers.expect(submission.running)
    wanted = intent(run, submission.id)
    try:
        progress = yield from connection.ask(
            ProviderCall.POLL,
            lambda provider: asked(connection.name, provider, wanted, submission.remote_id),
            gives=Progress,
            about=submission.id,
        )
    except (ProviderError, CredentialsError) as error:
        leads_to = take_consequences(run, connection, ProviderCall.POLL, error)
        if leads_to.later:
            poll_later(run, connection, submission.id, error)
        elif leads_to.event is Event.LOST:
            keys = [item.key for item in wanted.batch.items]
            run.store.submissions.lose(submission.id, again=again(run, connection, keys))
        return
    assert isinstance(progress, Progress)
    moved = _record(run, connection, submission, progress)
    schedule_poll(run, connection, submission.id, progress, moved=moved)


def poll_later(run: Run, connection: ProviderConnection, submission: str, error: CallError) -> None:
    """Ask again after a pause how it stands."""
    followed, wait = run.follow(submission), getattr(error, "retry_after", None)
    followed.next_poll = run.later(followed.backoff, wait, limited=is_limit(error))
    connection.meet(ProviderCall.POLL, error, run.moment(), again=followed.next_poll, about=submission)


def asked(connection: str, provider: Provider, wanted: Intent, remote_id: str | None) -> object:
    """Ask how it stands, and make sure of what the answer is made of."""
    progress: object = provider.poll(wanted, remote_id)
    keys = {item.key for item in wanted.batch.items}
    if isinstance(progress, Progress) and not all(_tells_of(keys, each) for each in progress.ended):
        raise broken(connection, ProviderCall.POLL, "it tells of what is no document of this submission")
    return progress


def _tells_of(keys: Collection[str], told: object) -> bool:
    return isinstance(told, Ready | Failed | Changed) and told.key in keys


def _ready(progress: Progress) -> list[ReadyItem]:
    return [
        ReadyItem(each.key, each.remote_id, each.partial)
        for each in progress.ended
        if isinstance(each, Ready)
    ]


def _record(run: Run, connection: ProviderConnection, submission: Submission, progress: Progress) -> bool:
    """Record what ended; say whether anything did since the last time: vendors tell again and again."""
    ready = _ready(progress)
    told = {each.key: each.failure for each in progress.ended if isinstance(each, Failed)}
    failed = as_asked(run, submission.id, told)
    changed = [each for each in progress.ended if isinstance(each, Changed)]
    ended = 0
    if ready or failed:
        _stop_without_credits(run, connection, failed)
        paces, running = run.store.paces, run.store.paces.running(submission.id)
        ended, broken = run.store.submissions.progress(submission.id, ready, failed)
        if ended or broken:
            run.count_ended(connection, ended=ended, failed=broken)
            through = running - paces.running(submission.id)
            counted = (0, 0) if run.store.parts.travel_in(submission.id) else (ended, broken)
            told_of = Ended(submission.id, *counted, run.store.submissions.wanted_by(submission.id))
            taken = paces.taken(submission.id, through, run.clock.wall())
            run.observe(with_times(told_of, run.store, taken))
    if changed:
        _release(run, submission.id, changed)
    run.remark(submission.id, progress.note)
    if progress.doubted:
        _doubt(run, connection, submission, progress)
    else:
        run.store.looks.forget(submission.id, LookKind.DOUBTED)
    if progress.unseen:
        _question(run, connection, submission, progress)
    else:
        run.store.looks.forget(submission.id, LookKind.UNSEEN)
    return bool(ended or changed)


def _stop_without_credits(run: Run, connection: ProviderConnection, failed: Mapping[str, Failure]) -> None:
    """Create nothing more in this run where credits have just run out: it would fail as well.

    Only a code of the vendor's says so: a sentence about one document may say anything.
    """
    broke = {key: why for key, why in failed.items() if why.kind is FailureClass.OUT_OF_CREDITS and why.code}
    live = [item.key for item in run.store.items.many(list(broke)) if item.status is ItemStatus.LIVE]
    if live:
        hint = "add credits and apply again; what runs is still collected"
        connection.block(BudgetStop(broke[live[0]].message, hint=hint))


def _release(run: Run, identity: str, changed: Sequence[Changed]) -> None:
    """Take documents back whose bytes were not the planned ones, and plan them as they are now."""
    items = {item.key: item for item in intent(run, identity).batch.items}
    run.store.submissions.release(identity, [each.key for each in changed])
    for each in changed:
        run.replan(run, items[each.key], each.reason)
    run.queues.forget()


def _question(run: Run, connection: ProviderConnection, submission: Submission, progress: Progress) -> None:
    """Hold items without a trace once a found submission had its grace: they may exist, so they are not sent again."""
    is_certain = submission.remote_id is not None and not submission.found
    if is_certain:
        return
    counted = run.count_look(connection, submission.id, LookKind.UNSEEN, progress.date)
    if counted.are_enough(connection.traits):
        run.store.submissions.hold(submission.id, sorted(progress.unseen))


def _doubt(run: Run, connection: ProviderConnection, submission: Submission, progress: Progress) -> None:
    """End items as failed that the vendor shows no sign of for the grace: whether they were charged is not known."""
    counted = run.count_look(connection, submission.id, LookKind.DOUBTED, progress.date)
    if counted.are_enough(connection.traits):
        run.store.submissions.fail(submission.id, progress.doubted)


def schedule_poll(
    run: Run, connection: ProviderConnection, submission: str, progress: Progress, *, moved: bool
) -> None:
    """Ask again soon while things move, more and more seldom while they do not."""
    traits, followed = connection.traits, run.follow(submission)
    before = followed.backoff.length or traits.poll_initial / 1.5
    length = traits.poll_initial if moved else min(before * 1.5, traits.poll_max)
    followed.backoff.length = length
    followed.next_poll = run.clock.monotonic() + (progress.next_poll or length)
    if progress.lasts is not None:
        followed.expires = run.clock.monotonic() + progress.lasts


def collect(run: Run, connection: ProviderConnection, submission: Submission) -> Talk[None]:
    """Fetch what is ready, make it durable in the spool, then record it: killed in between, it is fetched again."""
    try:
        outcomes = yield from _fetched(run, connection, submission)
    except (ProviderError, CredentialsError) as error:
        take_consequences(run, connection, ProviderCall.FETCH, error)
        return
    collected = durable(run, connection, outcomes)
    if collected:
        before = run.budget.counted(submission.id)
        run.store.submissions.collect(submission.id, collected)
        run.budget.settle(submission.id, connection.name, before)
        _take_over(run, connection, submission, collected)
    failed = [(each.key, outcome) for each, outcome in outcomes if not isinstance(outcome, Collected)]
    _meet_failures(run, connection, submission, failed)


def durable(
    run: Run, connection: ProviderConnection, outcomes: Sequence[tuple[ReadyItem, Outcome]]
) -> list[Collected]:
    """Return the results among what was fetched once they outlast a loss of power, and of this machine: only then they are recorded."""
    collected = [outcome for _, outcome in outcomes if isinstance(outcome, Collected)]
    if collected:
        hand_on(run.spool, run.store, free=connection.traits.free)
    else:
        run.spool.flush()
    return collected


def _take_over(
    run: Run, connection: ProviderConnection, submission: Submission, collected: Sequence[Collected]
) -> None:
    """Note what follows from what was recorded."""
    run.spool.recorded((each.result, each.place) for each in collected if each.place is not None)
    for each in collected:
        connection.answered(ProviderCall.FETCH, each.key)
    run.follow(submission.id).fetching.relax()
    run.has_results = True
    run.observe(Fetched(submission.id, len(collected), run.store.submissions.wanted_by(submission.id)))


def _meet_failures(
    run: Run, connection: ProviderConnection, submission: Submission, failed: Sequence[tuple[str, CallError]]
) -> None:
    """Ask later for what may come yet, end what cannot, and give the connection up where that is due."""
    misses = missed(failed)
    run.store.submissions.fail(submission.id, misses.unusable)
    run.count_ended(connection, failed=len(misses.unusable))
    for error in misses.ends[:1]:
        take_consequences(run, connection, ProviderCall.FETCH, error)
    if misses.lost:
        _lose(run, connection, submission, misses.lost)
    if misses.waiting:
        fetch_later(run, connection, submission.id, misses.waiting)


def fetch_later(
    run: Run, connection: ProviderConnection, submission: str, waiting: Sequence[tuple[str, CallError]]
) -> None:
    """Ask for results again after a pause."""
    followed = run.follow(submission)
    wait = max(getattr(error, "retry_after", None) or 0.0 for _, error in waiting)
    followed.next_fetch = run.later(followed.fetching, wait)
    for key, error in waiting:
        connection.meet(ProviderCall.FETCH, error, run.moment(), again=followed.next_fetch, about=key)


def _fetched(
    run: Run, connection: ProviderConnection, submission: Submission
) -> Talk[list[tuple[ReadyItem, Outcome]]]:
    """Return what became of some of the results that are ready, in their order. Raises NotAnswering."""
    fetching = fetcher(run, connection, intent(run, submission.id))
    if connection.traits.concurrency == 1:
        waiting = run.store.submissions.waiting(submission.id, WINDOW)
        return (yield from one_by_one(connection, fetching, waiting))
    if run.readers is not None:
        run.readers.expect(submission.ready)
    waiting = run.store.submissions.waiting(submission.id, WINDOW + AHEAD)
    ahead = run.follow(submission.id).ahead
    ahead.begin(connection, fetching, waiting, run.clock.monotonic())
    first = waiting[:WINDOW]
    while under_way := ahead.under_way(first):
        since = connection.silent_since(ahead.since(first))
        yield connection.waiting(ProviderCall.FETCH, under_way, seconds=CALM, since=since)
        if len(ahead.under_way(first)) < len(first):
            break
        patience = connection.traits.patience
        if run.clock.monotonic() - connection.silent_since(ahead.since(first)) >= patience:
            raise connection.silent(ProviderCall.FETCH, patience)
    return ahead.take(first)


def one_by_one(
    connection: ProviderConnection, fetching: Fetcher, waiting: Sequence[ReadyItem]
) -> Talk[list[tuple[ReadyItem, Outcome]]]:
    """Fetch results, of which some may still be missing after a while. Raises NotAnswering."""
    call = connection.submit(partial(fetching.fetch_some, wanted=waiting, seconds=CALM))
    if not call.done():
        yield connection.waiting(ProviderCall.FETCH, [call])
        if not call.done():
            raise connection.silent(ProviderCall.FETCH, connection.traits.patience)
    return call.result()


def fetcher(run: Run, connection: ProviderConnection, wanted: Intent) -> Fetcher:
    """Return what fetches the results of one submission."""
    targets = [target for target in run.targets.values() if target.connection == connection.name]
    return Fetcher(
        run.spool,
        run.readers,
        connection.name,
        connection.access.kind,
        wanted,
        soon=any(
            sink.form is not None and not sink.kind.whole and not sink.kind.together
            for target in targets
            for sink in target.sinks
        ),
        flaws=run.follow(wanted.submission).flaws,
    )


def _lose(
    run: Run, connection: ProviderConnection, submission: Submission, lost: Mapping[str, Failure]
) -> None:
    """Results that cannot be had any more: what costs nothing is queued again, the rest waits for consent."""
    queued = again(run, connection, lost)
    run.store.submissions.release(submission.id, sorted(queued))
    run.store.submissions.fail(submission.id, {key: why for key, why in lost.items() if key not in queued})
    run.queues.forget()


def again(run: Run, connection: ProviderConnection, keys: Collection[str]) -> frozenset[str]:
    """Return what may be sent again unasked: free work, as long as it is not lost over and over in one run."""
    if not connection.traits.free:
        return frozenset()
    run.losses.update(list(keys))
    return frozenset(key for key in keys if run.losses[key] <= MOST_LOSSES)


def discard(run: Run, connection: ProviderConnection, submission: Submission) -> Talk[None]:
    """Let the vendor remove what was made for a submission alone. A failure stops nothing and is made up for by a later run."""
    connection.left.add(submission.id)
    if (yield from removed(run, connection, intent(run, submission.id))):
        run.store.submissions.clear(submission.id)


def removed(run: Run, connection: ProviderConnection, wanted: Intent) -> Talk[bool]:
    """Have what was made for a submission alone removed; say whether it was."""
    run.store.publish(Publication.REMOVAL, wanted.submission)

    def remove(provider: Provider) -> list[str]:
        provider.discard(wanted)
        return [step.name for step in provider.steps(wanted.batch) if not step.shared]

    try:
        own = yield from connection.ask(ProviderCall.DISCARD, remove, gives=list)
    except (ProviderError, CredentialsError) as error:
        take_consequences(run, connection, ProviderCall.DISCARD, error, wanted.submission)
        return False
    run.store.objects.forget(connection.account, own)
    return True
