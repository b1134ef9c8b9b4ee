"""What may be sent at this hour, and what waits until the window of its job opens or its deadline passes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docbatch.core.models import WorkItem
from docbatch.core.report import by_deadline
from docbatch.core.scheduler import Queue
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.state.store import Store
from docbatch.state.waiting_documents import LateJobs


@dataclass(frozen=True, slots=True)
class SendingJobs:
    """The jobs that are `open` send anything now; `closed` says when the windows of the others open (monotonic seconds).

    Of those that are `late`, with a deadline, what waited for too long is sent at any hour. `passes` says when the next
    deadline of each passes (wall time), of which the monotonic clock is `ahead` by so many seconds. Nothing is sent but what was
    selected `under` selectors, where there are any.
    """

    open: tuple[str, ...] = ()
    closed: Mapping[str, float] = field(default_factory=dict)
    late: LateJobs = field(default_factory=LateJobs)
    passes: Mapping[str, float] = field(default_factory=dict)
    ahead: float = 0.0
    under: str = ""

    @property
    def waiting_for(self) -> tuple[object, ...]:
        """What is to be sent is the same as long as this is."""
        return self.open, self.late.jobs, tuple(self.passes.items())


def sending_jobs(
    store: Store, allowed: Iterable[ResolvedJob], now: float, ahead: float, *, under: str = ""
) -> SendingJobs:
    """Return which of some jobs may send now (wall time), from which the monotonic clock is so many seconds ahead.

    `under` selectors they send what was selected.
    """
    targets = list(allowed)
    opens = {each.name: each.window.opens_at(now) for each in targets if each.window is not None}
    closed = {name: at + ahead for name, at in opens.items() if at is not None}
    late = tuple(each.name for each in targets if each.name in closed and each.deadline is not None)
    passes = {name: at for name in late if (at := store.waiting.next_after(name, now)) is not None}
    return SendingJobs(
        tuple(each.name for each in targets if each.name not in closed),
        closed,
        LateJobs(late, now),
        passes,
        ahead,
        under,
    )


def is_shut(targets: Mapping[str, ResolvedJob], jobs: Iterable[str], now: float) -> bool:
    """Say whether one of the jobs that sent a moment ago does not any more."""
    windows = (targets[name].window for name in jobs if name in targets)
    return any(window.opens_at(now) is not None for window in windows if window is not None)


def closed_queue(
    store: Store, targets: Mapping[str, ResolvedJob], sending: SendingJobs, recipe: int
) -> Iterator[Queue]:
    """Yield the first document of a recipe that waits for a window, as what is not to be sent before that opens.

    It is sent earlier where its deadline passes before.
    """
    until = {
        job: min(opens, sending.passes.get(job, float("inf")) + sending.ahead)
        for job, opens in sending.closed.items()
    }
    for job, at in sorted(until.items(), key=lambda each: each[1]):
        first = tuple(store.waiting.waits(recipe, job, sending.late.now, under=sending.under))
        if first:
            window = targets[job].window
            assert window is not None, "it is closed"
            latest = f", {by_deadline(sending.passes[job])}" if job in sending.passes else ""
            waits_for = f"job '{job}' sends between {window.shown}{latest}"
            yield Queue(str(recipe), targets[job].connection, first, ready_at=at, waits_for=waits_for)
            return


def sent_outside(store: Store, sending: SendingJobs, items: Sequence[WorkItem]) -> dict[str, int]:
    """Count, by job, what is sent for no other reason than that it waited for too long."""
    rows = [item.row for item in items]
    return store.waiting.only_late(rows, sending.open, sending.late) if sending.late.jobs else {}


def are_sending(queues: Collection[Queue]) -> bool:
    """Say whether anything is sent before long: what waits for a window holds up no output."""
    return any(not queue.waits_for for queue in queues)
