"""What the state itself makes sure of: an item lives once, and an intent is written whole."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.core.lifecycle import Event, IllegalTransition
from docbatch.core.looks import LookKind, SpacedLooks
from docbatch.core.models import (
    Failure,
    FailureClass,
    ItemStatus,
    Operation,
    Recipe,
    Recovery,
    RemoteObject,
    Submission,
    SubmissionStatus,
    Traits,
    WorkItem,
)
from docbatch.state.records import Collected, Frozen, ReadyItem
from docbatch.state.store import Store
from tests.state.made_digests import digest_of

A, B, C = map(digest_of, "abc")
BROKEN = Failure(FailureClass.CORRUPT, "cannot be read", "E42")


def item(name: str) -> WorkItem:
    return WorkItem(name, "1", digest_of(name), 5, "text/plain", f"{name}.txt", b"/in/" + name.encode())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a state with two items waiting to be sent."""
    with Store.writable(tmp_path) as store:
        with store.write():
            recipe = store.documents.declare_recipe("recipe", Recipe("fake", "acme", Operation.PARSE))
            for name in (A, B):
                store.items.want(item(name), recipe)
        yield store


def intend(store: Store, name: str, *items: str) -> None:
    submission = Submission(name, 0, "fake", "acme", SubmissionStatus.INTENDED)
    prepared = {"directory": RemoteObject("directory", "dir-1", {"kind": "folder"}, 9.5)}
    frozen = Frozen(name, 1, f"proj-{name}", {"pages": 2}, b"the bytes", prepared, tuple(map(item, items)))
    store.submissions.intend(submission, frozen, now=0.0)


def accepted(store: Store, name: str, *items: str) -> None:
    intend(store, name, *items)
    store.submissions.accept(name, Event.ACCEPTED, "batch-1", {})


def statuses(store: Store) -> dict[str, ItemStatus]:
    return {each.key: each.status for each in store.items.all()}


def status(store: Store, name: str) -> SubmissionStatus:
    found = store.submissions.get(name)
    assert found is not None
    return found.status


def test_an_intent_is_read_back_as_it_was_written(store: Store) -> None:
    intend(store, "s1", B, A)

    frozen = store.submissions.frozen("s1")
    assert (frozen.request, frozen.marker, frozen.config) == (b"the bytes", "proj-s1", {"pages": 2})
    assert frozen.prepared == {"directory": RemoteObject("directory", "dir-1", {"kind": "folder"}, 9.5)}
    assert frozen.items == (item(B), item(A))


def test_an_intended_item_is_live(store: Store) -> None:
    intend(store, "s1", A)

    assert statuses(store) == {A: ItemStatus.LIVE, B: ItemStatus.PENDING}
    assert [each.event for each in store.events.of("s1")] == [Event.INTENDED]


def test_an_item_that_lives_in_one_submission_is_not_taken_into_another(store: Store) -> None:
    intend(store, "s1", A)

    with pytest.raises(
        StateError, match=rf"item {A[:12]} \({A}.txt\) is live, not waiting to be sent; it was not sent"
    ):
        intend(store, "s2", B, A)


def test_an_intent_that_cannot_be_written_whole_is_not_written_at_all(store: Store) -> None:
    intend(store, "s1", A)
    with pytest.raises(StateError):
        intend(store, "s2", B, A)

    assert store.submissions.get("s2") is None
    assert list(store.events.of("s2")) == []
    assert statuses(store)[B] is ItemStatus.PENDING


def test_an_item_nobody_knows_is_not_sent(store: Store) -> None:
    with pytest.raises(StateError, match=rf"item {C[:12]} \({C}.txt\) is unknown"):
        intend(store, "s1", C)


def test_the_database_itself_lets_an_item_live_only_once(store: Store) -> None:
    intend(store, "s1", A)
    accepted(store, "s2", B)
    copy = (
        "INSERT INTO submission_item (submission, position, item, name, path, status)"
        " SELECT 's2', 9, item, name, path, ? FROM submission_item WHERE submission = 's1'"
    )

    for living in ("running", "ready", "partial"):
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            store.database.execute(copy, (living,))
    store.database.execute(copy, ("released",))


def test_submissions_are_ordered_by_a_number_and_not_by_a_clock(store: Store) -> None:
    intend(store, "z", A)
    intend(store, "y", B)

    assert [(each.id, each.sequence) for each in store.submissions.all()] == [("z", 1), ("y", 2)]


def test_a_create_in_flight_when_the_process_died_is_an_open_question(store: Store) -> None:
    intend(store, "s1", A)
    accepted(store, "s2", B)

    assert store.submissions.question() == ["s1"]
    assert (status(store, "s1"), status(store, "s2")) == (
        SubmissionStatus.UNANSWERED,
        SubmissionStatus.SUBMITTED,
    )
    assert store.submissions.question() == []


def test_what_was_not_sent_waits_again_and_that_was_no_attempt(store: Store) -> None:
    intend(store, "s1", A)
    store.submissions.record("s1", Event.NOT_SENT)

    again = store.items.get(A)
    assert again is not None
    assert (again.status, again.attempt) == (ItemStatus.PENDING, 0)


def test_what_is_absent_waits_again_and_that_was_an_attempt(store: Store) -> None:
    intend(store, "s1", A)
    store.submissions.record("s1", Event.UNANSWERED)
    store.submissions.record("s1", Event.ABSENT)

    again = store.items.get(A)
    assert again is not None
    assert (again.status, again.attempt) == (ItemStatus.PENDING, 1)
    intend(store, "s2", A)


def test_how_often_an_item_was_part_of_a_submission_is_counted(store: Store) -> None:
    intend(store, "s1", A)
    store.submissions.record("s1", Event.UNANSWERED)
    store.submissions.record("s1", Event.ABSENT)

    assert store.submissions.rounds([A, B]) == 1
    assert store.submissions.rounds([B]) == 0


def test_a_submission_that_was_certainly_not_sent_counts_for_nothing_and_may_be_begun_again(
    store: Store,
) -> None:
    for _ in range(3):
        intend(store, "s1", A, B)
        store.submissions.record("s1", Event.NOT_SENT)

    assert store.submissions.rounds([A, B]) == 0
    assert [(each.id, each.status) for each in store.submissions.all()] == [("s1", SubmissionStatus.UNSENT)]
    assert [each.event for each in store.events.of("s1")] == [Event.INTENDED, Event.NOT_SENT] * 3


def test_a_submission_that_may_exist_is_never_begun_again(store: Store) -> None:
    intend(store, "s1", A)
    store.submissions.record("s1", Event.UNANSWERED)
    store.submissions.record("s1", Event.ABSENT)

    with pytest.raises(IllegalTransition):
        intend(store, "s1", A)


def test_a_refused_submission_fails_all_of_its_items_with_the_reason(store: Store) -> None:
    intend(store, "s1", A, B)
    store.submissions.refuse("s1", BROKEN)

    assert {each.failure for each in store.items.all()} == {BROKEN}
    assert status(store, "s1") is SubmissionStatus.REFUSED


def test_a_refusal_after_an_uncertain_attempt_does_not_close_the_question(store: Store) -> None:
    intend(store, "s1", A)
    store.submissions.record("s1", Event.UNANSWERED)

    with pytest.raises(IllegalTransition):
        store.submissions.refuse("s1", BROKEN)

    assert status(store, "s1") is SubmissionStatus.UNANSWERED
    assert statuses(store)[A] is ItemStatus.LIVE


def test_items_end_one_by_one_and_the_submission_with_the_last(store: Store) -> None:
    accepted(store, "s1", A, B)
    news = [ReadyItem(A, "run-1", partial=False)], {B: BROKEN}

    assert store.submissions.progress("s1", *news) == (2, 1)
    assert store.submissions.progress("s1", *news) == (0, 0)

    submission = store.submissions.get("s1")
    assert submission is not None
    assert (submission.status, submission.ready, submission.running) == (SubmissionStatus.SUBMITTED, 1, 0)
    assert store.submissions.waiting("s1", 9) == [ReadyItem(A, "run-1", partial=False)]

    store.submissions.collect("s1", [Collected(A, digest_of("result"), partial=False)])
    assert status(store, "s1") is SubmissionStatus.COLLECTED
    assert statuses(store) == {A: ItemStatus.SUCCEEDED, B: ItemStatus.FAILED}


def test_an_item_that_ended_is_not_ended_again_by_a_repeated_answer(store: Store) -> None:
    accepted(store, "s1", A, B)
    store.submissions.progress("s1", [ReadyItem(A, "run-1", partial=True)], {})
    store.submissions.collect("s1", [Collected(A, digest_of("result"), partial=True)])
    store.submissions.progress("s1", [], {A: BROKEN})

    assert statuses(store)[A] is ItemStatus.PARTIAL


def test_items_without_a_trace_are_held_and_the_others_go_on(store: Store) -> None:
    accepted(store, "s1", A, B)
    store.submissions.hold("s1", [B])

    assert statuses(store) == {A: ItemStatus.LIVE, B: ItemStatus.HELD}


def test_lost_work_waits_for_consent_where_it_was_paid(store: Store) -> None:
    accepted(store, "s1", A)
    store.submissions.lose("s1", again=())

    lost = store.items.get(A)
    assert lost is not None
    assert lost.failure is not None
    assert (lost.status, lost.failure.kind) == (ItemStatus.FAILED, FailureClass.EXPIRED)
    assert status(store, "s1") is SubmissionStatus.EXPIRED


def test_lost_work_that_cost_nothing_is_sent_again(store: Store) -> None:
    accepted(store, "s1", A)
    store.submissions.lose("s1", again={A})

    assert statuses(store)[A] is ItemStatus.PENDING


def test_a_submission_the_state_does_not_know_is_named(store: Store) -> None:
    with pytest.raises(StateError, match="knows no submission s9"):
        store.submissions.record("s9", Event.ABSENT)


def test_every_recorded_history_leads_to_the_recorded_status(store: Store) -> None:
    from docbatch.core.lifecycle import replay

    intend(store, "s1", A)
    store.submissions.record("s1", Event.UNANSWERED)
    store.submissions.record("s1", Event.UNKNOWABLE)
    accepted(store, "s2", B)

    for submission in store.submissions.all():
        assert replay(each.event for each in store.events.of(submission.id)) is submission.status


def adopt(store: Store, name: str, *items: str, failed: tuple[int, ...] = ()) -> None:
    submission = Submission(name, 0, "fake", "acme", SubmissionStatus.INTENDED, "batch-9")
    frozen = Frozen(name, 1, f"proj-{name}", {}, b"", {}, tuple(map(item, items)))
    store.submissions.adopt(submission, frozen, {A: "run-1"}, failed, 0.0)


def test_adopted_work_is_followed_like_what_was_found(store: Store) -> None:
    adopt(store, "s1", A, B)

    adopted = store.submissions.get("s1")
    assert adopted is not None
    assert (adopted.status, adopted.remote_id, adopted.running) == (SubmissionStatus.SUBMITTED, "batch-9", 2)
    assert [each.event for each in store.events.of("s1")] == [Event.INTENDED, Event.UNANSWERED, Event.FOUND]
    assert statuses(store) == {A: ItemStatus.LIVE, B: ItemStatus.LIVE}
    assert "proj-s1" in store.submissions.markers()


def test_adopting_takes_failed_items_and_never_those_that_are_elsewhere(store: Store) -> None:
    intend(store, "s1", A)
    store.submissions.refuse("s1", BROKEN)
    failed = store.items.get(A)
    assert failed is not None
    with pytest.raises(StateError, match="is failed, not waiting"):
        adopt(store, "s2", B, A)
    assert store.submissions.get("s2") is None
    assert statuses(store)[B] is ItemStatus.PENDING

    adopt(store, "s2", A, failed=(failed.row,))

    assert statuses(store)[A] is ItemStatus.LIVE


def test_what_was_given_up_is_known_and_no_submission(store: Store) -> None:
    store.submissions.abandon("proj-s9", "fake", "acme")
    store.submissions.abandon("proj-s9", "fake", "acme")

    assert store.submissions.markers() == {"proj-s9"}
    assert store.submissions.is_abandoned("proj-s9")
    assert list(store.submissions.all()) == []


def test_that_a_person_asked_to_stop_it_changes_nothing_but_its_history(store: Store) -> None:
    accepted(store, "s1", A)

    store.submissions.record("s1", Event.CANCEL_ASKED)

    assert status(store, "s1") is SubmissionStatus.SUBMITTED
    assert statuses(store)[A] is ItemStatus.LIVE


def test_all_that_has_no_answer_is_torn_and_stays_so(store: Store) -> None:
    intend(store, "s1", A)
    store.submissions.record("s1", Event.UNANSWERED)
    store.submissions.record("s1", Event.UNKNOWABLE)
    accepted(store, "s2", B)

    assert store.submissions.tear() == 1
    assert store.submissions.tear() == 0

    assert [(each.id, each.status, each.torn) for each in store.submissions.open()] == [
        ("s1", SubmissionStatus.HELD, True),
        ("s2", SubmissionStatus.SUBMITTED, False),
    ]


def test_what_was_in_flight_is_torn_and_an_open_question_of_which_earlier_looks_say_nothing(
    store: Store,
) -> None:
    intend(store, "s1", A)
    store.submissions.record("s1", Event.UNANSWERED)
    store.looks.record("s1", LookKind.EMPTY, SpacedLooks(3, 7000.0, 7040.0), Traits(Recovery.FINDABLE, 1))
    intend(store, "s2", B)

    assert store.submissions.tear() == 2

    assert [(each.id, each.status, each.torn) for each in store.submissions.open()] == [
        ("s1", SubmissionStatus.UNANSWERED, True),
        ("s2", SubmissionStatus.UNANSWERED, True),
    ]
    assert store.looks.of("s1", LookKind.EMPTY).count == 0
    assert store.submissions.question() == []
    assert [each.event for each in store.events.of("s2")] == [Event.INTENDED, Event.TORN]


def test_what_was_found_or_settled_by_a_person_is_torn_no_more(store: Store) -> None:
    intend(store, "s1", A)
    intend(store, "s2", B)
    store.submissions.tear()
    store.submissions.accept("s1", Event.FOUND, "r1", {})
    store.submissions.record("s2", Event.RESOLVED_ABSENT)
    intend(store, "s3", B)

    assert [(each.id, each.torn) for each in store.submissions.all()] == [
        ("s1", False),
        ("s2", False),
        ("s3", False),
    ]
