"""Following submissions: asking how they stand, and bringing results into the spool before they can expire."""

from collections.abc import Collection, Mapping, Sequence

from docbatch.core.errors import BudgetStop, CredentialsError, Gone, ProviderError, Refused, Unavailable
from docbatch.core.models import Failure, FailureClass, ItemStatus, Submission
from docbatch.engine.progress_notices import Ended, Fetched, Trouble
from docbatch.engine.running.fetch_results import Ahead, Fetcher, Outcome
from docbatch.engine.running.run_context import Run
from docbatch.engine.running.settle_unanswered_creates import intent
from docbatch.providers.base import Changed, Failed, Progress, Provider, Ready
from docbatch.state.records import Collected, ReadyItem

WINDOW = 64
AHEAD = 192
"""How many results are fetched beyond a window while it is recorded and delivered."""
MOST_LOSSES = 3


def poll(run: Run, submission: Submission) -> None:
    """Ask once, record what ended, and note when to ask again."""
    connection = submission.connection
    provider = run.connections.provider(connection)
    if run.readers is not None and provider.traits.concurrency > 1:
        # While the vendor answers there is time to start.
        run.readers.expect(submission.running)
    try:
        progress = provider.poll(intent(run, submission.id), submission.remote_id)
    except Unavailable as error:
        run.next_poll[submission.id] = run.pause(submission.id, error.retry_after)
        return
    except Gone:
        keys = [item.key for item in intent(run, submission.id).batch.items]
        run.store.submissions.lose(submission.id, again=_again(run, submission, keys))
        run.requeue()
        return
    _record(run, submission, progress)
    _schedule(run, submission, progress)


def _record(run: Run, submission: Submission, progress: Progress) -> None:
    ready = [
        ReadyItem(each.key, each.remote_id, each.partial)
        for each in progress.ended
        if isinstance(each, Ready)
    ]
    failed = {each.key: each.failure for each in progress.ended if isinstance(each, Failed)}
    changed = [each for each in progress.ended if isinstance(each, Changed)]
    if ready or failed:
        _stop_without_credits(run, submission.connection, failed)
        ended, broken = run.store.submissions.progress(submission.id, ready, failed)
        if ended or broken:
            run.observe(Ended(submission.id, ended, broken, run.store.submissions.wanted_by(submission.id)))
    if changed:
        _release(run, submission.id, changed)
    run.remark(submission.id, progress.note)
    if progress.unseen:
        _question(run, submission, progress)


def _stop_without_credits(run: Run, connection: str, failed: Mapping[str, Failure]) -> None:
    """Create nothing more in this run where credits have just run out: it would fail as well."""
    broke = {key: why for key, why in failed.items() if why.kind is FailureClass.OUT_OF_CREDITS}
    live = [item.key for item in run.store.items.many(list(broke)) if item.status is ItemStatus.LIVE]
    if live:
        hint = "add credits and apply again; what runs is still collected"
        run.connections.block(connection, BudgetStop(broke[live[0]].message, hint=hint))


def _release(run: Run, identity: str, changed: Sequence[Changed]) -> None:
    """Take documents back whose bytes were not the planned ones, and plan them as they are now."""
    items = {item.key: item for item in intent(run, identity).batch.items}
    run.store.submissions.release(identity, [each.key for each in changed])
    for each in changed:
        run.replan(run, items[each.key], each.reason)
    run.requeue()


def _question(run: Run, submission: Submission, progress: Progress) -> None:
    """Hold items without a trace once a found submission had its grace: they may exist, so they are not sent again."""
    found_at = run.found_at.setdefault(submission.id, run.clock.monotonic())
    grace = run.connections.traits(submission.connection).grace
    is_certain = submission.remote_id is not None and not submission.found
    if not is_certain and run.clock.monotonic() - found_at >= grace:
        run.store.submissions.hold(submission.id, sorted(progress.unseen))


def _schedule(run: Run, submission: Submission, progress: Progress) -> None:
    """Ask again soon while things move, more and more seldom while they do not."""
    traits = run.connections.traits(submission.connection)
    before = run.pauses.get(submission.id, traits.poll_initial / 1.5)
    length = traits.poll_initial if progress.ended else min(before * 1.5, traits.poll_max)
    run.pauses[submission.id] = length
    run.next_poll[submission.id] = run.clock.monotonic() + (progress.next_poll or length)


def collect(run: Run, submission: Submission) -> None:
    """Fetch what is ready, make it durable in the spool, then record it: killed in between, it is fetched again."""
    lost: dict[str, Failure] = {}
    unusable: dict[str, Failure] = {}
    collected: list[Collected] = []
    pause: float | None = None
    for each, outcome in _fetched(run, submission):
        match outcome:
            case Collected():
                collected.append(outcome)
            case Unavailable():
                pause = max(pause or 0.0, outcome.retry_after or 0.0)
            case Gone():
                lost[each.key] = Failure(FailureClass.EXPIRED, outcome.message)
            case Refused():
                unusable[each.key] = Failure(FailureClass.VENDOR_ERROR, outcome.message, outcome.code)
    run.spool.flush()
    run.store.submissions.fail(submission.id, unusable)
    if collected:
        run.store.submissions.collect(submission.id, collected)
        run.relax(f"fetch {submission.id}")
        run.observe(Fetched(submission.id, len(collected)))
    if lost:
        _lose(run, submission, lost)
    if pause is not None:
        run.next_fetch[submission.id] = run.pause(f"fetch {submission.id}", pause)


def _fetched(run: Run, submission: Submission) -> list[tuple[ReadyItem, Outcome]]:
    provider = run.connections.provider(submission.connection)
    fetcher = _fetcher(run, submission, provider)
    if provider.traits.concurrency == 1:
        return [(each, fetcher.fetch(each)) for each in run.store.submissions.waiting(submission.id, WINDOW)]
    if run.readers is not None:
        run.readers.expect(submission.ready)
    waiting = run.store.submissions.waiting(submission.id, WINDOW + AHEAD)
    ahead = run.ahead.setdefault(submission.id, Ahead())
    return ahead.fetch(fetcher.fetch, run.connections.pool(submission.connection), waiting, WINDOW)


def _fetcher(run: Run, submission: Submission, provider: Provider) -> Fetcher:
    targets = [target for target in run.targets.values() if target.connection == submission.connection]
    return Fetcher(
        run.spool,
        run.readers,
        provider,
        run.connections.kind(submission.connection),
        intent(run, submission.id),
        soon=any(sink.form is not None for target in targets for sink in target.sinks),
        flaws=run.flaws,
    )


def _lose(run: Run, submission: Submission, lost: Mapping[str, Failure]) -> None:
    """Results that cannot be had any more: what costs nothing is queued again, the rest waits for consent."""
    again = _again(run, submission, lost)
    run.store.submissions.release(submission.id, sorted(again))
    run.store.submissions.fail(submission.id, {key: why for key, why in lost.items() if key not in again})
    run.requeue()


def _again(run: Run, submission: Submission, keys: Collection[str]) -> frozenset[str]:
    """Return what may be sent again unasked: free work, as long as it is not lost over and over in one run."""
    if not run.connections.traits(submission.connection).free:
        return frozenset()
    run.losses.update(list(keys))
    return frozenset(key for key in keys if run.losses[key] <= MOST_LOSSES)


def discard(run: Run, submission: Submission) -> None:
    """Let the vendor remove what was made for a submission alone. A failure stops nothing and is made up for by a later run."""
    run.left.add(submission.id)
    wanted = intent(run, submission.id)
    try:
        provider = run.connections.provider(submission.connection)
        provider.discard(wanted)
    except (ProviderError, CredentialsError) as error:
        text = f"what was made for it at the provider is still there: {error.message}"
        run.observe(
            Trouble(f"submission {submission.id}", text, "its results are safe; the next apply tries again")
        )
        return
    own = [step.name for step in provider.steps(wanted.batch) if not step.shared]
    run.store.objects.forget(provider.account, own)
    run.store.submissions.clear(submission.id)
