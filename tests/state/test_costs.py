"""Sums of what was counted: as much as limits count, apart by day and by whether the work is through."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from docbatch.core.amounts import MILLION
from docbatch.core.costs import CostReport, summed
from docbatch.core.lifecycle import Event
from docbatch.core.limits import DAY_ONE, Cost, Measure
from docbatch.core.models import (
    Failure,
    FailureClass,
    Operation,
    Recipe,
    Submission,
    SubmissionStatus,
    WorkItem,
)
from docbatch.state.costs import CostScope, Stretch
from docbatch.state.records import Collected, Frozen, ReadyItem, Reservation
from docbatch.state.store import Store
from tests.state.made_digests import digest_of

JANUARY, FEBRUARY = 1_767_225_600.0, 1_769_904_000.0  # the first of each in 2026, UTC
DAY = 86_400.0
BAD = Failure(FailureClass.CORRUPT, "cannot be read")
COST = Cost(1, 3, 6 * MILLION, 75_000)


def item(name: str) -> WorkItem:
    key = digest_of(name)
    return WorkItem(key, "1", key, 5, "text/plain", f"{name}.txt", b"/in/" + name.encode())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.writable(tmp_path) as store:
        with store.write():
            recipe = store.documents.declare_recipe("recipe", Recipe("fake", "acme", Operation.PARSE))
            for name in "abcdefghij":
                store.items.want(item(name), recipe)
        yield store


def sent(store: Store, names: str, *, cost: Cost = COST, now: float = JANUARY, accepted: bool = True) -> str:
    """Send items in one submission, which is called as they are."""
    items = tuple(map(item, names))
    reservation = Reservation({each.key: cost for each in items}, {"": {"team": "finance"}})
    submission = Submission(names, 0, "fake", "acme", SubmissionStatus.INTENDED)
    frozen = Frozen(names, 1, f"proj-{names}", {}, b"bytes", {}, items, reservation)
    store.submissions.intend(submission, frozen, now=now)
    if accepted:
        store.submissions.accept(names, Event.ACCEPTED, f"batch-{names}", {})
    return names


def done(store: Store, submission: str, credit: float | None, *names: str) -> None:
    keys = [item(name).key for name in names or submission]
    store.submissions.progress(submission, [ReadyItem(key, "run", partial=False) for key in keys], {})
    store.submissions.collect(
        submission, [Collected(key, digest_of("result"), False, credit) for key in keys]
    )


def report(store: Store, scope: CostScope = CostScope(), per: Stretch | None = None, *by: str) -> CostReport:  # noqa: B008 - a value
    return summed(store.costs.rows(scope, per), by)


def test_as_much_is_told_as_limits_count_whatever_became_of_the_work(store: Store) -> None:
    done(store, sent(store, "a"), 4)
    done(store, sent(store, "bc"), None, "b")
    store.submissions.progress("bc", [], {item("c").key: BAD})
    sent(store, "d", cost=Cost())
    store.submissions.record(sent(store, "e", accepted=False), Event.NOT_SENT)
    store.submissions.refuse(sent(store, "f", accepted=False), BAD)
    sent(store, "gh")
    store.submissions.release("gh", [item("g").key])
    store.submissions.hold("gh", [item("h").key])
    held = sent(store, "i", accepted=False)
    store.submissions.record(held, Event.UNANSWERED)
    store.submissions.record(held, Event.UNKNOWABLE)
    found = report(store).total

    for measure in Measure:
        counted = store.charges.spent(measure, DAY_ONE, job=None, connection=None)
        assert found.all.of(measure).total == counted, measure
    # Through are a, b and c; d is with the vendor, h has no trace there, i is held.
    assert (found.charged.documents, found.reserved.documents, found.uncertain) == (3, 3, 2)
    assert (found.charged.credits.exact, found.charged.credits.estimated) == (4 * MILLION, 12 * MILLION)
    assert (found.charged.money.exact, found.charged.money.estimated) == (50_000, 150_000)
    assert found.charged.credits.expected == 18 * MILLION
    assert (found.reserved.credits.unknown, found.reserved.credits.expected) == (1, None)


def test_what_a_vendor_told_is_exact_where_nothing_was_estimated(store: Store) -> None:
    done(store, sent(store, "a", cost=Cost()), 2.5)
    found = report(store).total.charged

    assert (found.credits.exact, found.credits.unknown, found.credits.expected) == (2_500_000, 0, None)
    assert (found.money.total, found.money.unknown) == (0, 1)


def test_money_stays_an_estimate_where_credits_say_nothing_of_it(store: Store) -> None:
    done(store, sent(store, "a", cost=Cost(1, 1, 0, 3_000)), 2)

    assert report(store).total.charged.money.estimated == 3_000


def test_a_result_that_is_fetched_once_more_stays_charged(store: Store) -> None:
    done(store, sent(store, "a"), 4)
    with store.write():
        row = store.items.many([item("a").key])
    store.submissions.fetch_again([each.row for each in row])

    assert report(store).total.reserved.documents == 0


def test_days_and_months_are_those_of_sending(store: Store) -> None:
    sent(store, "a", now=JANUARY)
    sent(store, "b", now=FEBRUARY - 1)
    sent(store, "c", now=FEBRUARY)

    months = report(store, CostScope(), "month", "month", "label.team").lines
    assert [(*line.by.values(), line.reserved.documents) for line in months] == [
        ("2026-01", "finance", 2),
        ("2026-02", "finance", 1),
    ]
    days = report(store, CostScope(), "day", "month", "day").lines
    assert [line.by["day"] for line in days] == ["2026-01-01", "2026-01-31", "2026-02-01"]


def test_what_is_asked_for_narrows_what_is_told(store: Store) -> None:
    sent(store, "a", now=JANUARY)
    sent(store, "b", now=FEBRUARY)

    def documents(scope: CostScope) -> int:
        return report(store, scope).total.all.documents

    assert documents(CostScope(since=date(2026, 1, 2))) == documents(CostScope(until=date(2026, 1, 31))) == 1
    assert documents(CostScope(connection="fake")) == 2
    assert documents(CostScope(connection="other")) == documents(CostScope(job="other")) == 0
    assert store.costs.jobs() == set()


def test_what_was_sent_after_an_event_is_told_also_where_it_is_the_last_one_once_more(store: Store) -> None:
    sent(store, "a")
    store.submissions.record(sent(store, "b", accepted=False), Event.NOT_SENT)
    before = store.events.last()
    done(store, "a", 4)
    assert report(store, CostScope(after=before)).total.all.documents == 0

    sent(store, "b")
    assert report(store, CostScope(after=before)).total.all.documents == 1


def test_what_was_sent_by_that_event_is_not_told(store: Store) -> None:
    sent(store, "a", accepted=False)

    assert report(store, CostScope(after=store.events.last())).lines == ()
