"""What holds for every plan, whatever is recorded."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.lifecycle import OPEN, Event, advance
from docbatch.core.looks import Looks, SpacedLooks
from docbatch.core.models import Recovery, Submission, SubmissionStatus, Traits, WorkItem
from docbatch.core.scheduler import (
    Action,
    Close,
    Collect,
    ConnectionView,
    Deliver,
    Discard,
    Due,
    Poll,
    Queue,
    Settle,
    Snapshot,
    Submit,
    schedule,
)

T = TypeVar("T")
ORDER = (Settle | Close, Collect, Deliver, Poll, Discard, Submit)
NAMES = ("one", "two")

moments = st.floats(0, 100)
traits = st.builds(
    Traits,
    recovery=st.sampled_from(Recovery),
    max_items=st.integers(1, 4),
    max_in_flight=st.integers(1, 3),
    max_bytes=st.none() | st.integers(1, 20),
    findable=st.booleans(),
    grace=st.floats(0, 60),
    looks=st.integers(1, 4),
    resend=st.booleans(),
)
trouble = st.none() | st.just("out of order")


@st.composite
def connections(draw: st.DrawFn) -> dict[str, ConnectionView]:
    return {
        name: ConnectionView(
            name,
            draw(st.sampled_from(["ours", "theirs"])),
            draw(traits),
            blocked=draw(trouble),
            unreachable=draw(trouble),
            ready_at=draw(moments),
        )
        for name in NAMES
    }


@st.composite
def submissions(draw: st.DrawFn) -> tuple[Submission, ...]:
    return tuple(
        Submission(
            f"s{number}",
            number,
            draw(st.sampled_from([*NAMES, "gone"])),
            draw(st.sampled_from(["ours", "theirs"])),
            draw(st.sampled_from(SubmissionStatus)),
            ready=draw(st.integers(0, 2)),
            running=draw(st.integers(0, 2)),
            replay_refused=draw(st.booleans()),
            torn=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 5)))
    )


@st.composite
def queues(draw: st.DrawFn) -> tuple[Queue, ...]:
    return tuple(
        Queue(recipe, draw(st.sampled_from(NAMES)), draw(waiting(recipe)), more=draw(st.booleans()))
        for recipe in draw(st.sets(st.sampled_from("pqr")))
    )


@st.composite
def waiting(draw: st.DrawFn, recipe: str) -> tuple[WorkItem, ...]:
    urgency = sorted(draw(st.lists(st.integers(1, 100), min_size=1, max_size=6)))
    return tuple(
        WorkItem(
            f"{recipe}{number}",
            recipe,
            "digest",
            draw(st.integers(1, 20)),
            "text/plain",
            "name",
            b"/name",
            priority,
        )
        for number, priority in enumerate(urgency)
    )


spaced = st.builds(SpacedLooks, st.integers(0, 5), moments, moments)
looks = st.builds(Looks, spaced, spaced, st.booleans(), moments)
by_submission = st.sampled_from([f"s{number}" for number in range(5)])
dues = st.lists(
    st.builds(
        Due,
        st.sampled_from(["job", "other"]),
        st.integers(1, 9),
        st.integers(1, 3),
        st.booleans(),
        st.booleans(),
    ),
    max_size=4,
    unique_by=lambda due: due.sink,
).map(tuple)
snapshots = st.builds(
    Snapshot,
    connections=connections(),
    submissions=submissions(),
    queues=queues(),
    due=dues,
    looks=st.dictionaries(by_submission, looks),
    next_poll=st.dictionaries(by_submission, moments),
    next_fetch=st.dictionaries(by_submission, moments),
    turns=st.dictionaries(st.sampled_from("pqr"), st.integers(1, 9)),
    spent=submissions(),
    may_create=st.booleans(),
    allowance=st.none() | st.integers(0, 5),
)


def plain(key: str, recipe: str) -> WorkItem:
    return WorkItem(key, recipe, "digest", 1, "text/plain", "name", b"/name")


def sent(actions: tuple[Action, ...]) -> list[str]:
    return [item.key for action in actions if isinstance(action, Submit) for item in action.items]


def submits(actions: tuple[Action, ...]) -> list[Submit]:
    return [action for action in actions if isinstance(action, Submit)]


def shuffled(values: tuple[T, ...], chance: random.Random) -> tuple[T, ...]:
    return tuple(chance.sample(values, len(values)))


@given(snapshots, moments)
def test_no_item_is_sent_twice_by_one_plan(recorded: Snapshot, now: float) -> None:
    keys = sent(schedule(recorded, now).actions)

    assert len(keys) == len(set(keys))


@given(snapshots, moments)
def test_only_what_waits_is_sent_and_no_more_than_allowed(recorded: Snapshot, now: float) -> None:
    keys = sent(schedule(recorded, now).actions)

    assert set(keys) <= {item.key for queue in recorded.queues for item in queue.items}
    assert recorded.allowance is None or len(keys) <= recorded.allowance
    assert recorded.may_create or not keys


@given(snapshots, moments)
def test_no_document_overtakes_a_more_urgent_one_on_its_connection(recorded: Snapshot, now: float) -> None:
    queued = {queue.recipe: queue for queue in recorded.queues}
    waiting = {queue.recipe: list(queue.items) for queue in recorded.queues}
    for action in submits(schedule(recorded, now).actions):
        last = action.items[-1].priority
        rivals = [
            items[0].priority
            for recipe, items in waiting.items()
            if items
            and recipe != action.recipe
            and queued[recipe].connection == action.connection
            and not queued[recipe].more
        ]
        assert last <= min(rivals, default=last)
        del waiting[action.recipe][: len(action.items)]


class Uncut(tuple[WorkItem, ...]):
    """Items of which no batch may be cut."""

    __slots__ = ()

    def __iter__(self) -> Iterator[WorkItem]:
        raise AssertionError("a batch was cut")


def test_no_batch_is_cut_for_a_connection_that_is_full() -> None:
    """A batch may be large, and a run that waits for its vendor looks again and again."""
    items = Uncut([plain("a", "r"), plain("b", "r")])
    kind = Traits(recovery=Recovery.KEYED, max_items=1, max_in_flight=1)
    running = Submission("s", 1, "one", "ours", SubmissionStatus.SUBMITTED, running=1)
    recorded = Snapshot({"one": ConnectionView("one", "ours", kind)}, (running,), (Queue("r", "one", items),))
    due = schedule(recorded, 0.0)
    assert submits(due.actions) == []
    assert due.notes[-1].text == "1 submissions are in flight, the most allowed"


@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=4),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_equals_are_served_in_turn_however_room_comes_up(
    lengths: list[int], room: int, chance: random.Random
) -> None:
    """Play a connection with little room, freed one place at a time, until all is sent."""
    kind = Traits(recovery=Recovery.KEYED, max_items=1, max_in_flight=room)
    left = {
        f"r{place}": [f"r{place}-{each}" for each in range(length)] for place, length in enumerate(lengths)
    }
    turns: dict[str, int] = {}
    running: list[Submission] = []
    served: list[str] = []
    while any(left.values()):
        recorded = Snapshot(
            connections={"one": ConnectionView("one", "ours", kind)},
            submissions=tuple(running),
            queues=tuple(
                Queue(recipe, "one", tuple(plain(key, recipe) for key in keys))
                for recipe, keys in left.items()
                if keys
            ),
            turns=turns,
        )
        for action in submits(schedule(recorded, 0.0).actions):
            assert left[action.recipe].pop(0) == action.items[0].key
            turns[action.recipe] = len(served) + 1
            running.append(
                Submission(f"s{len(served)}", len(served), "one", "ours", SubmissionStatus.SUBMITTED)
            )
            served.append(action.recipe)
        running.pop(chance.randrange(len(running)))

    for place, recipe in enumerate(served):
        others = {each for each in left if each in served[place:]} - {recipe}
        following = served[place + 1 :]
        until = following.index(recipe) if recipe in following else len(following)
        assert others <= set(following[:until])


@given(snapshots, moments, st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_of_what_is_recorded(
    recorded: Snapshot, now: float, chance: random.Random
) -> None:
    mixed = replace(
        recorded,
        submissions=shuffled(recorded.submissions, chance),
        spent=shuffled(recorded.spent, chance),
        queues=shuffled(recorded.queues, chance),
        due=shuffled(recorded.due, chance),
        connections=dict(reversed(list(recorded.connections.items()))),
    )

    assert schedule(mixed, now) == schedule(recorded, now)


@given(snapshots, moments)
def test_money_is_spent_last_and_open_questions_are_answered_first(recorded: Snapshot, now: float) -> None:
    places = [
        next(place for place, kinds in enumerate(ORDER) if isinstance(action, kinds))
        for action in schedule(recorded, now).actions
    ]

    assert places == sorted(places)


@given(snapshots, moments)
def test_a_submission_is_asked_one_question_at_a_time(recorded: Snapshot, now: float) -> None:
    actions = schedule(recorded, now).actions
    settled = [action.submission for action in actions if isinstance(action, Settle | Close)]
    followed = {action.submission for action in actions if isinstance(action, Collect | Poll)}

    assert len(settled) == len(set(settled))
    assert not followed & set(settled)


@given(snapshots, moments)
def test_what_another_owner_may_still_send_never_counts_as_absent(recorded: Snapshot, now: float) -> None:
    torn = {each.id for each in recorded.submissions if each.torn}
    absent = {
        each.submission for each in schedule(recorded, now).actions if isinstance(each, Close) and each.absent
    }

    assert not absent & torn


@given(snapshots, moments)
def test_what_waits_for_time_waits_for_a_time_to_come(recorded: Snapshot, now: float) -> None:
    wake_at = schedule(recorded, now).wake_at

    assert wake_at is None or wake_at > now


@dataclass
class World:
    """A vendor that does what it is asked, and the state that follows it.

    `exists` holds the submissions the vendor has, `shows` the number of the look that sees one.
    """

    connection: ConnectionView
    submissions: dict[str, Submission]
    batches: dict[str, tuple[WorkItem, ...]]
    waiting: list[WorkItem]
    exists: set[str]
    shows: dict[str, int]
    now: float = 0.0
    looks: dict[str, Looks] = field(default_factory=dict)
    looked: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for identity in self.exists:
            self.paid.update(item.key for item in self.batches[identity])

    def snapshot(self) -> Snapshot:
        queue = Queue("recipe", self.connection.name, tuple(self.waiting))
        return Snapshot(
            connections={self.connection.name: self.connection},
            submissions=tuple(each for each in self.submissions.values() if each.status in OPEN),
            queues=(queue,) if self.waiting else (),
            looks=self.looks,
        )

    def live(self) -> list[str]:
        """Return the items of everything that is not through, as often as they are in it."""
        names = [name for name, each in self.submissions.items() if each.status in OPEN]
        return [item.key for name in names for item in self.batches[name]]

    def step(self) -> bool:
        """Do what is due, or wait for it; say whether there was anything."""
        due = schedule(self.snapshot(), self.now)
        for action in due.actions:
            self.perform(action)
        if due.actions:
            return True
        self.now = due.wake_at or self.now
        return due.wake_at is not None

    def perform(self, action: Action) -> None:
        match action:
            case Settle(replay=True):
                self.create(action.submission)
                self.advance(action.submission, Event.ACCEPTED)
            case Settle():
                self.look(action.submission)
            case Close():
                self.close(action)
            case Collect():
                self.collect(action.submission)
            case Poll():
                asked = self.submissions[action.submission]
                self.submissions[action.submission] = replace(asked, ready=asked.running, running=0)
            case Submit():
                self.submit(action)
            case Deliver() | Discard():
                raise AssertionError

    def create(self, identity: str) -> None:
        if identity not in self.exists:
            self.exists.add(identity)
            self.paid.update(item.key for item in self.batches[identity])

    def advance(self, identity: str, event: Event) -> None:
        asked = self.submissions[identity]
        self.submissions[identity] = replace(asked, status=advance(asked.status, event))

    def look(self, identity: str) -> None:
        self.looked[identity] += 1
        empty = self.looks.get(identity, Looks()).empty.with_one(self.now, self.connection.traits)
        self.looks[identity] = Looks(empty, asked=True, next_at=self.now + 20)
        if identity in self.exists and self.looked[identity] >= self.shows[identity]:
            self.advance(identity, Event.FOUND)

    def close(self, action: Close) -> None:
        self.looks[action.submission] = Looks(asked=True)
        self.advance(action.submission, Event.ABSENT if action.absent else Event.UNKNOWABLE)
        if action.absent:
            self.waiting.extend(self.batches[action.submission])

    def collect(self, identity: str) -> None:
        self.done.extend(item.key for item in self.batches[identity])
        self.submissions[identity] = replace(self.submissions[identity], ready=0)
        self.advance(identity, Event.COLLECTED)

    def submit(self, action: Submit) -> None:
        identity = f"new{len(self.submissions)}"
        self.batches[identity] = action.items
        self.waiting = [item for item in self.waiting if item not in action.items]
        self.create(identity)
        self.submissions[identity] = Submission(
            identity,
            len(self.submissions),
            self.connection.name,
            self.connection.account,
            SubmissionStatus.SUBMITTED,
            running=len(action.items),
        )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a vendor whose lists show what exists within the looks that are made, as its traits promise."""
    kind = draw(traits)
    if kind.recovery is not Recovery.KEYED:
        kind = replace(kind, findable=kind.recovery is Recovery.FINDABLE)
    items = [plain(f"k{number}", "recipe") for number in range(9)]
    number = draw(st.integers(0, 3))
    batches = {f"s{place}": tuple(items[place * 2 : place * 2 + 2]) for place in range(number)}
    statuses = {name: draw(st.sampled_from(["unanswered", "held", "submitted"])) for name in batches}
    return World(
        connection=ConnectionView("vendor", "ours", kind),
        submissions={
            name: Submission(name, place, "vendor", "ours", SubmissionStatus(statuses[name]), running=2)
            for place, name in enumerate(batches)
        },
        batches=batches,
        waiting=items[number * 2 :],
        exists={name for name in batches if statuses[name] == "submitted" or draw(st.booleans())},
        shows={name: draw(st.integers(1, kind.looks)) for name in batches},
    )


@given(worlds())
def test_planning_again_and_again_ends_with_nothing_due_and_nothing_paid_twice(world: World) -> None:
    rounds = 0
    while world.step():
        rounds += 1
        assert rounds < 100, "no end in visible"
        live = world.live()
        assert len(live) == len(set(live)), "an item is in two live submissions"

    held = {name for name, each in world.submissions.items() if each.status is SubmissionStatus.HELD}
    stuck = {item.key for name in held for item in world.batches[name]}
    assert set(world.paid.values()) <= {1}
    assert sorted(world.done) == sorted({f"k{number}" for number in range(9)} - stuck)
    assert world.waiting == []
