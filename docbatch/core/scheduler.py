"""What is due now, decided from values alone.

The order of actions on a connection is a safety property: settle open questions, collect what can expire, poll, and
spend money last. Everything that is not due leaves a note that says why.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from docbatch.core.accounts import told_apart
from docbatch.core.after_silence import AfterSilence, after_silence
from docbatch.core.lifecycle import MAY_BE_SENT
from docbatch.core.looks import Looks
from docbatch.core.models import Submission, SubmissionStatus, Traits, WorkItem
from docbatch.core.report import plural
from docbatch.core.turns import FairQueues, RecipeQueue

_ALLOWED = "the number of new documents allowed in this run is reached"


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A provider connection as planning sees it.

    `account` is what the credentials at hand belong to. `blocked` says why nothing may be created there now; `unreachable`
    why nothing at all can be asked. `ready_at` is when its rate limit allows the next create (monotonic seconds).
    """

    name: str
    account: str
    traits: Traits
    blocked: str | None = None
    unreachable: str | None = None
    ready_at: float = 0.0

    def in_flight(self, submissions: Iterable[Submission]) -> int:
        """Count what takes a place at the vendor; work of another account and held work, which may not exist, take none."""
        return sum(
            each.connection == self.name
            and each.account == self.account
            and each.status is not SubmissionStatus.HELD
            for each in submissions
        )


@dataclass(frozen=True, slots=True)
class Queue:
    """Items of one recipe in the order they shall go, from `ready_at` (monotonic) on. `more`: the window cut the list.

    `waits_for` says what they wait for until then.
    """

    recipe: str
    connection: str
    items: tuple[WorkItem, ...]
    more: bool = False
    ready_at: float = 0.0
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """Deliveries waiting for one sink of one job. `whole` sinks are written once their job is quiet."""

    job: str
    sink: int
    count: int
    whole: bool = False
    quiet: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything recorded and remembered that planning depends on.

    `turns` says when a recipe's queue was served last, by a number that grows; `spent` are collected submissions for
    which something was made at the vendor that nobody needs any more. `expires` says until when (monotonic seconds) the
    results of a submission can be had, where that is known.
    """

    connections: Mapping[str, ConnectionView]
    submissions: tuple[Submission, ...] = ()
    queues: tuple[Queue, ...] = ()
    due: tuple[Due, ...] = ()
    looks: Mapping[str, Looks] = field(default_factory=dict)
    next_poll: Mapping[str, float] = field(default_factory=dict)
    next_fetch: Mapping[str, float] = field(default_factory=dict)
    expires: Mapping[str, float] = field(default_factory=dict)
    turns: Mapping[str, int] = field(default_factory=dict)
    spent: tuple[Submission, ...] = ()
    may_create: bool = True
    allowance: int | None = None


@dataclass(frozen=True, slots=True)
class Settle:
    """Answer the question whether an unanswered create exists: by `replay`ing its key, or by looking."""

    submission: str
    replay: bool
    reason: str
    hinted: bool = False  # such a look may find work, and never counts towards its absence


@dataclass(frozen=True, slots=True)
class Close:
    """End an unanswered create: as absent (its items may be sent again) or as held for a person."""

    submission: str
    absent: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Collect:
    submission: str
    reason: str


@dataclass(frozen=True, slots=True)
class Deliver:
    job: str
    sink: int
    reason: str


@dataclass(frozen=True, slots=True)
class Poll:
    submission: str
    reason: str


@dataclass(frozen=True, slots=True)
class Discard:
    """Remove what was made at the vendor for a submission alone: its results are safe."""

    submission: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ask the vendor to stop a submission. What it stops counts as failed of that `kind`, for that `reason`."""

    submission: str
    reason: str
    kind: str


@dataclass(frozen=True, slots=True)
class Submit:
    connection: str
    recipe: str
    items: tuple[WorkItem, ...]
    reason: str


Action = Settle | Close | Collect | Deliver | Poll | Discard | Cancel | Submit


@dataclass(frozen=True, slots=True)
class Note:
    """Why something is not due: about a submission or a connection, and when it may be (monotonic seconds)."""

    subject: str
    text: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    actions: tuple[Action, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def wake_at(self) -> float | None:
        """When the earliest waiting matter becomes due; None when nothing waits for time."""
        return min((note.until for note in self.notes if note.until is not None), default=None)


def schedule(snapshot: Snapshot, now: float) -> Schedule:
    """Return what is due at `now` (monotonic seconds), in the order it must be done."""
    ordered = sorted(snapshot.submissions, key=lambda submission: submission.sequence)
    found: list[Action | Note] = []
    for submission in ordered:
        found.extend(_settle(submission, snapshot, now))
    for submission in sorted(ordered, key=lambda each: snapshot.expires.get(each.id, inf)):
        found.extend(_collect(submission, snapshot, now))
    found.extend(_deliver(snapshot.due))
    for submission in ordered:
        found.extend(_poll(submission, snapshot, now))
    found.extend(_discard(snapshot))
    found.extend(_submit(snapshot, now))
    return Schedule(
        actions=tuple(each for each in found if not isinstance(each, Note)),
        notes=tuple(each for each in found if isinstance(each, Note)),
    )


def _barrier(submission: Submission, snapshot: Snapshot) -> Note | None:
    """Say why nothing can be asked about this submission, if so."""
    connection = snapshot.connections.get(submission.connection)
    if connection is None:
        return Note(submission.id, f"connection '{submission.connection}' is not among the selected jobs")
    if connection.unreachable is not None:
        return Note(submission.id, connection.unreachable)
    if connection.account != submission.account:
        theirs, ours = told_apart(submission.account, connection.account)
        return Note(submission.id, f"belongs to account {theirs}, the connection now speaks for {ours}")
    return None


def _settle(submission: Submission, snapshot: Snapshot, now: float) -> Iterator[Action | Note]:
    if submission.status not in {SubmissionStatus.UNANSWERED, SubmissionStatus.HELD}:
        return
    if (barrier := _barrier(submission, snapshot)) is not None:
        yield barrier
        return
    traits = snapshot.connections[submission.connection].traits
    looks = snapshot.looks.get(submission.id, Looks())
    if submission.status is SubmissionStatus.HELD:
        yield _look_again(submission, traits, looks, now)
        return
    match after_silence(traits, torn=submission.torn, key_holds=not submission.replay_refused):
        case AfterSilence.REPLAY:
            reason = "the answer was lost; the same key is sent again"
            yield _when(Settle(submission.id, replay=True, reason=reason), looks, now)
        case AfterSilence.HOLD:
            yield _hold(submission, "the vendor offers no way to tell whether it exists")
        case leads_to:
            yield _look(submission, traits, looks, now, resend=leads_to is AfterSilence.LOOK)


def _look_again(submission: Submission, traits: Traits, looks: Looks, now: float) -> Action | Note:
    """Give a held submission one more look in every run: it settles itself when it is found."""
    if traits.findable and not looks.asked:
        reason = "held; looking whether it has appeared"
        return _when(Settle(submission.id, replay=False, reason=reason), looks, now)
    return Note(submission.id, "held: it waits for a person's decision")


def _look(submission: Submission, traits: Traits, looks: Looks, now: float, *, resend: bool) -> Action | Note:
    if looks.empty.are_enough(traits):
        if resend:
            seen = f"{looks.empty.count} looks over {traits.grace:g} s beside a visible witness"
            return Close(submission.id, absent=True, reason=f"not found in {seen}")
        never = "" if submission.torn else ", and this connection never sends again by itself"
        return _hold(submission, f"not found{never}")
    if looks.blind.are_enough(traits):
        reason = "nothing that was certainly made there is visible with these credentials, so its absence proves nothing"
        return _hold(submission, reason)
    return _when(Settle(submission.id, False, "the answer was lost; looking for it"), looks, now)


def _hold(submission: Submission, reason: str) -> Close:
    told = f"{reason}, and {MAY_BE_SENT}" if submission.torn else reason
    return Close(submission.id, absent=False, reason=told)


def _when(action: Settle, looks: Looks, now: float) -> Action | Note:
    if now >= looks.next_at:
        return action
    return Note(action.submission, "waits for the next look at an unanswered create", looks.next_at)


def _collect(submission: Submission, snapshot: Snapshot, now: float) -> Iterator[Action | Note]:
    if submission.status is not SubmissionStatus.SUBMITTED or not submission.ready:
        return
    at = snapshot.next_fetch.get(submission.id, 0.0)
    reason = f"{submission.ready} results are ready"
    later = Note(submission.id, f"{reason}, the vendor asked to wait", at)
    yield _barrier(submission, snapshot) or (Collect(submission.id, reason) if now >= at else later)


def _deliver(due: Sequence[Due]) -> Iterator[Action | Note]:
    for each in sorted(due, key=lambda each: (each.whole, each.job, each.sink)):
        if each.whole and not each.quiet:
            yield Note(each.job, "is written once the job's documents are through")
        else:
            yield Deliver(each.job, each.sink, f"{each.count} outputs are due")


def _poll(submission: Submission, snapshot: Snapshot, now: float) -> Iterator[Action | Note]:
    if submission.status is not SubmissionStatus.SUBMITTED or not submission.running:
        return
    at = snapshot.next_poll.get(submission.id, 0.0)
    reason = f"{plural(submission.running, 'document')} with the vendor"
    later = Note(submission.id, reason, at)
    yield _barrier(submission, snapshot) or (Poll(submission.id, reason) if now >= at else later)


def _discard(snapshot: Snapshot) -> Iterator[Action]:
    """What is left for lack of a connection stays until one is there; nobody waits for it."""
    for submission in sorted(snapshot.spent, key=lambda submission: submission.sequence):
        if _barrier(submission, snapshot) is None:
            yield Discard(submission.id, "its results are safe")


def _submit(snapshot: Snapshot, now: float) -> Iterator[Action | Note]:
    allowance = snapshot.allowance
    in_flight = {name: each.in_flight(snapshot.submissions) for name, each in snapshot.connections.items()}
    waiting = []
    for each in sorted(snapshot.queues, key=lambda each: (each.items[0].priority, each.recipe)):
        view = snapshot.connections[each.connection]
        # Cutting a batch takes as long as it is large, and most rounds of a long run find its connection full.
        if refusal := _refusal(snapshot, view, now, each) or _full(view, in_flight[view.name]):
            yield refusal
            continue
        turn = snapshot.turns.get(each.recipe, 0)
        waiting.append(RecipeQueue(each.recipe, view.name, view.traits, each.items, each.more, turn))
    turns = FairQueues(waiting, max(snapshot.turns.values(), default=0))
    for queue, chunk in turns:
        items = chunk if allowance is None else chunk[:allowance]
        if full := _full(snapshot.connections[queue.connection], in_flight[queue.connection]):
            yield full
            turns.close(queue)
        elif not items:
            yield Note(queue.connection, _ALLOWED)
            turns.close(queue)
        else:
            yield Submit(
                queue.connection, queue.recipe, items, f"{plural(len(items), 'document')} to be sent"
            )
            in_flight[queue.connection] += 1
            allowance = None if allowance is None else allowance - len(items)
            turns.serve(queue, len(items))


def _full(connection: ConnectionView, busy: int) -> Note | None:
    text = f"{busy} submissions are in flight, the most allowed"
    return Note(connection.name, text) if busy >= connection.traits.max_in_flight else None


def _refusal(snapshot: Snapshot, connection: ConnectionView, now: float, queue: Queue) -> Note | None:
    if not snapshot.may_create or snapshot.allowance == 0:
        return Note(connection.name, _ALLOWED if snapshot.may_create else "this run creates nothing new")
    if queue.waits_for and now < queue.ready_at:
        return Note(connection.name, queue.waits_for, queue.ready_at)
    ready_at = max(connection.ready_at, queue.ready_at)
    return keeps_from_creating(replace(connection, ready_at=ready_at), now)


def keeps_from_creating(connection: ConnectionView, now: float) -> Note | None:
    """Say why nothing may be created on this connection now, if so; it may change with each answer of the vendor."""
    if (stopped := connection.unreachable or connection.blocked) is not None:
        return Note(connection.name, stopped)
    if now < connection.ready_at:
        return Note(connection.name, "waits before the next attempt", connection.ready_at)
    return None
