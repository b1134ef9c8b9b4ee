"""What guards say of what would be paid, as values."""

from dataclasses import replace
from typing import Any

import pytest

from docbatch.core.amounts import MILLION, UNKNOWN, Bounds
from docbatch.core.changes import Reason, Recorded
from docbatch.core.guard import Permission
from docbatch.core.models import ItemStatus
from docbatch.core.spending_guards import (
    CHANGED,
    FEWEST,
    RESENT,
    TRIAL,
    Breaker,
    Ceiling,
    Counted,
    Guards,
    Objection,
    PlannedSpending,
    Threshold,
    objections,
    refusal,
)

NONE = Counted()
OFF = Guards(max_resent=None)
FIFTH = Threshold(share=2000, place="docbatch.yaml:4")
HUNDRED = Ceiling(100 * MILLION, "docbatch.yaml:5")


def some(number: int, *jobs: str) -> Counted:
    return Counted(number, jobs or ("job",), tuple(f"{each}.pdf" for each in range(min(number, 5))))


def spending(sent: int = 1, **more: Any) -> PlannedSpending:
    parts: dict[str, Any] = {"new": NONE, "changed": NONE, "resent": NONE, **more}
    return PlannedSpending(some(sent), **parts)


def said(guards: Guards, what: PlannedSpending, *allowed: str, **more: Any) -> list[str]:
    return [each.guard for each in objections(guards, what, allowed, **more)]


@pytest.mark.parametrize(
    ("threshold", "count", "known", "passed"),
    [
        (Threshold(5), 5, 0, False),
        (Threshold(5), 6, 0, True),
        (Threshold(0), 1, 0, True),
        (FIFTH, 20, 100, False),
        (FIFTH, 21, 100, True),
        (FIFTH, 19, FEWEST - 1, False),
        (FIFTH, 5, FEWEST, True),
        (Threshold(share=10_000), 100, 100, False),
        (Threshold(share=0), 1, FEWEST, True),
    ],
)
def test_a_number_counts_at_once_and_a_share_of_twenty_documents_on(
    threshold: Threshold, count: int, known: int, *, passed: bool
) -> None:
    assert threshold.is_passed(count, known) is passed


@pytest.mark.parametrize(
    ("threshold", "shown"),
    [
        (Threshold(5000), "5,000"),
        (FIFTH, "20%"),
        (Threshold(share=1250), "12.5%"),
        (Threshold(share=5), "0.05%"),
    ],
)
def test_a_threshold_is_shown_as_it_is_written(threshold: Threshold, shown: str) -> None:
    assert threshold.shown == shown


@pytest.mark.parametrize(
    ("money", "passed"),
    [
        (None, True),
        (UNKNOWN, True),
        (Bounds(0, 100 * MILLION), False),
        (Bounds(0, 100 * MILLION + 1), True),
        (Bounds(), False),
    ],
)
def test_money_is_judged_by_its_upper_bound(money: Bounds | None, *, passed: bool) -> None:
    assert HUNDRED.is_passed(money) is passed
    assert bool(said(replace(OFF, max_money=HUNDRED), spending(money=money))) is passed


EVERY = Guards(FIFTH, Threshold(0), HUNDRED, Threshold(0), Threshold(0), HUNDRED)


def test_nothing_is_said_where_nothing_is_paid() -> None:
    free = PlannedSpending(NONE, NONE, NONE, NONE, known=1000, money=UNKNOWN)

    assert objections(EVERY, free, (), approved="another") == ()


def test_a_guard_that_is_not_set_says_nothing() -> None:
    all_ = some(10_000)

    assert said(OFF, spending(10_000, new=all_, changed=all_, resent=all_, known=10_000)) == []


def test_more_than_a_hundred_documents_paid_again_are_refused_unless_a_project_says_so() -> None:
    assert said(Guards(), spending(100, resent=some(100))) == []
    assert said(Guards(), spending(101, resent=some(101))) == ["max_resent"]


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        ((), ["max_changed", "max_new", "max_resent", "max_money"]),
        ((Permission.CHANGED,), ["max_new", "max_resent", "max_money"]),
        ((Permission.NEW, Permission.MONEY), ["max_changed", "max_resent"]),
        ((Permission.CHANGED, Permission.NEW, Permission.MONEY, Permission.RESENT), []),
        ((Permission.FAILED, Permission.OVERWRITTEN, Permission.SHARED), ["max_changed", "max_new", "max_resent", "max_money"]),
    ],
)  # fmt: skip
def test_each_guard_is_allowed_by_its_own_word(allowed: tuple[str, ...], left: list[str]) -> None:
    what = spending(90, new=some(30), changed=some(60), resent=some(50), known=100)

    assert said(replace(EVERY, approval=None), what, *allowed) == left


def test_a_refusal_names_numbers_jobs_examples_and_the_line() -> None:
    what = spending(60, changed=some(60, "a", "b", "c", "d"), known=241)

    (found,) = objections(replace(OFF, max_changed=FIFTH), what, ())

    assert found.message == (
        "60 documents of jobs 'a', 'b', 'c' and 1 more would be sent again, changed or to be made otherwise,"
        " 24.9% of 241 that are known; max_changed allows 20% (docbatch.yaml:4)\n"
        "  0.pdf\n  1.pdf\n  2.pdf\n  3.pdf\n  4.pdf\n  and 55 more"
    )
    assert refusal([found]).exit_code == 6
    assert refusal([found]).hint == (
        "nothing was sent; 'docbatch apply --allow changed' lets it pass this once;"
        " for good, change 'max_changed' in docbatch.yaml:4"
    )


def test_the_default_says_where_it_is_changed() -> None:
    found = objections(Guards(), spending(101, resent=some(101)), ())

    assert "max_resent allows 100 where docbatch.yaml says nothing else" in found[0].message
    assert "change 'max_resent' below 'guards:' in docbatch.yaml" in str(refusal(found).hint)


def test_one_command_lets_several_guards_pass() -> None:
    what = spending(60, new=some(30), changed=some(30), known=30)

    found = objections(EVERY, what, (Permission.MONEY,), digest="d1")

    assert [each.guard for each in found] == ["max_changed", "max_new", "require_approval_over"]
    assert "'docbatch apply --allow changed,new --approve d1' lets" in str(refusal(found).hint)


@pytest.mark.parametrize(
    ("money", "told"),
    [
        (None, "nobody knows what 1 document of job 'job' may cost; max_money"),
        (Bounds(2 * MILLION, None), "cost 2 USD at least, and nobody knows how much at most; max_money"),
        (Bounds(0, 250 * MILLION), "1 document of job 'job' may cost 250 USD; max_money allows 100 USD"),
    ],
)
def test_what_is_not_known_of_the_cost_is_said(money: Bounds | None, told: str) -> None:
    (found,) = objections(replace(OFF, max_money=HUNDRED), spending(money=money), ())

    assert told in found.message


@pytest.mark.parametrize(
    ("money", "approved", "refused"),
    [
        (Bounds(0, MILLION), None, False),
        (Bounds(0, 101 * MILLION), None, True),
        (None, None, True),
        (None, "d1", False),
        (None, "d0", True),
        (Bounds(0, MILLION), "d0", True),
    ],
)
def test_what_costs_more_is_approved_by_its_own_digest(
    money: Bounds | None, approved: str | None, *, refused: bool
) -> None:
    guards = replace(OFF, approval=HUNDRED)

    found = objections(guards, spending(money=money), (), digest="d1", approved=approved)

    assert bool(found) is refused
    assert all("'docbatch apply --approve d1' lets" in str(refusal([each]).hint) for each in found)


def test_an_approval_of_something_else_is_refused_where_none_was_needed() -> None:
    assert objections(OFF, spending(), (), digest="d1", approved="d0") == (
        Objection(
            "require_approval_over",
            "what was approved is not what would be sent now, 1 document of job 'job'\n  0.pdf",
            "d1",
        ),
    )


def test_what_was_asked_for_is_not_paid_again_unasked() -> None:
    assert Reason.BYTES not in RESENT
    assert Reason.VERSION not in RESENT
    assert {Reason.BYTES, Reason.VERSION} <= CHANGED
    assert Reason.NEW not in CHANGED


@pytest.mark.parametrize(
    ("status", "sent"),
    [(None, False), (ItemStatus.PENDING, False), (ItemStatus.LIVE, True), (ItemStatus.FAILED, True)],
)
def test_what_only_waited_was_not_sent(status: ItemStatus | None, *, sent: bool) -> None:
    assert Recorded("d", "text/plain", status).was_sent is sent


def test_a_share_of_failures_counts_from_twenty_documents_on_and_ends_sending_for_good() -> None:
    breaker = Breaker(FIFTH)
    opened = []

    for ended, failed in [(FEWEST - 1, FEWEST - 1), (1, 0), (1000, 0)]:
        breaker.count(ended=ended, failed=failed)
        opened.append(breaker.is_open)

    assert opened == [False, True, True]
    assert breaker.room(0) == 0


def test_a_number_of_failures_counts_at_once() -> None:
    breaker = Breaker(Threshold(2))
    opened = []

    for ended, failed in [(2, 2), (0, 1)]:
        breaker.count(ended=ended, failed=failed)
        opened.append(breaker.is_open)

    assert opened == [False, True]


def test_no_more_than_a_trial_is_sent_until_some_have_ended() -> None:
    breaker = Breaker(FIFTH)

    assert breaker.room(0) == TRIAL
    assert breaker.room(TRIAL + 3) == 0
    breaker.count(ended=FEWEST - 1)
    assert breaker.room(TRIAL - FEWEST) == 1
    breaker.count(ended=1)
    assert breaker.room(TRIAL) is None


def test_without_a_threshold_there_is_room_whatever_fails() -> None:
    breaker = Breaker(None)

    breaker.count(ended=1000, failed=1000)

    assert breaker.room(1000) is None


@pytest.mark.parametrize(("waiting", "told"), [(1, "1 document waits"), (3, "3 documents wait")])
def test_the_end_of_sending_is_told_with_its_numbers(waiting: int, told: str) -> None:
    breaker = Breaker(FIFTH, ended=40, failed=13)

    error = breaker.error(waiting, ["job"], ["a.pdf: it is spoilt"])

    assert error.exit_code == 6
    assert error.message == (
        "13 of 40 paid documents that ended in this run failed (32.5%), of job 'job'; max_failed allows 20%"
        f" (docbatch.yaml:4), so {told}; failed are a.pdf: it is spoilt; and 12 more"
    )
    assert "'docbatch apply --allow failed'" in str(error.hint)
