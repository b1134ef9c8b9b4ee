"""Following submissions: asking how they stand, and bringing results into the spool before they can expire."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from docbatch.engine.notices import Ended, Fetched
from docbatch.engine.run import Run
from docbatch.engine.settling import intent
from docbatch.errors import Gone, Refused, Unavailable
from docbatch.models import Failure, FailureClass, Submission
from docbatch.providers.base import Changed, Draft, Failed, Progress, Ready
from docbatch.state.records import Collected, Waiting

WINDOW = 256
Outcome = bytes | Draft | Unavailable | Gone | Refused
MOST_LOSSES = 3


def poll(run: Run, submission: Submission) -> None:
    """Ask once, record what ended, and note when to ask again."""
    connection = submission.connection
    provider = run.connections.provider(connection)
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
        Waiting(each.key, each.remote_id, each.partial) for each in progress.ended if isinstance(each, Ready)
    ]
    failed = {each.key: each.failure for each in progress.ended if isinstance(each, Failed)}
    changed = [each for each in progress.ended if isinstance(each, Changed)]
    if ready or failed:
        run.store.submissions.progress(submission.id, ready, failed)
        run.observe(Ended(submission.id, len(ready) + len(failed), len(failed)))
    if changed:
        _release(run, submission.id, changed)
    if progress.unseen:
        _question(run, submission, progress)


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
    if submission.remote_id is None and run.clock.monotonic() - found_at >= grace:
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
    waiting = run.store.submissions.waiting(submission.id, WINDOW)
    lost: dict[str, Failure] = {}
    unusable: dict[str, Failure] = {}
    collected: list[Collected] = []
    pause: float | None = None
    for each, payload in zip(waiting, _fetch(run, submission, waiting), strict=True):
        if isinstance(payload, Unavailable):
            pause = max(pause or 0.0, payload.retry_after or 0.0)
        elif isinstance(payload, Gone):
            lost[each.key] = Failure(FailureClass.EXPIRED, payload.message)
        elif isinstance(payload, Refused):
            unusable[each.key] = Failure(FailureClass.VENDOR_ERROR, payload.message, payload.code)
        else:
            digest = run.spool.admit(payload) if isinstance(payload, Draft) else run.spool.write(payload)
            collected.append(Collected(each.key, digest, each.partial))
    run.spool.flush()
    run.store.submissions.fail(submission.id, unusable)
    if collected:
        run.store.submissions.collect(submission.id, collected)
        run.observe(Fetched(submission.id, len(collected)))
    if lost:
        _lose(run, submission, lost)
    if pause is not None:
        run.next_fetch[submission.id] = run.pause(f"fetch {submission.id}", pause or None)


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


def _fetch(run: Run, submission: Submission, waiting: Sequence[Waiting]) -> list[Outcome]:
    provider = run.connections.provider(submission.connection)
    wanted = intent(run, submission.id)

    def one(each: Waiting) -> Outcome:
        try:
            payload = provider.fetch(wanted, Ready(each.key, each.remote_id, each.partial))
            if isinstance(payload, bytes):
                provider.read(payload)
        except (Unavailable, Gone, Refused) as error:
            return error
        except ValueError as error:
            return Refused(f"the answer has a shape that cannot be read: {error}", code="wrong_shape")
        return payload

    if provider.traits.concurrency == 1:
        return [one(each) for each in waiting]
    with ThreadPoolExecutor(provider.traits.concurrency) as pool:
        return list(pool.map(one, waiting))
