"""What limits allow, as values."""

from datetime import date
from typing import Any

import pytest

from docbatch.core.amounts import MILLION
from docbatch.core.limits import (
    Budget,
    Cost,
    Limit,
    Measure,
    Period,
    Refusal,
    Stop,
    assumed,
    charged_job,
    next_period,
    stop_told,
    today,
)

JOB, CONNECTION = "invoices", "extend"
NOON = 1_764_417_600.0  # 2025-11-29 12:00 UTC


def limit(most: int, measure: Measure = Measure.DOCUMENTS, per: Period = Period.MONTH, **more: Any) -> Limit:
    return Limit(per, measure, most, **more)


def test_documents_are_refused_once_the_limit_is_reached() -> None:
    ten = limit(10)
    budget = Budget([ten], [9])

    assert budget.refusal(JOB, CONNECTION, Cost()) is None
    budget.take(JOB, CONNECTION, Cost())

    assert budget.refusal(JOB, CONNECTION, Cost()) == Refusal(ten, is_unknown=False)


def test_what_is_given_back_can_be_taken_again() -> None:
    budget = Budget([limit(1)])
    budget.take(JOB, CONNECTION, Cost())

    budget.take(JOB, CONNECTION, Cost(), times=-1)

    assert budget.refusal(JOB, CONNECTION, Cost()) is None


def test_a_document_that_is_larger_than_what_is_left_is_refused() -> None:
    budget = Budget([limit(10, Measure.PAGES)], [8])

    assert budget.refusal(JOB, CONNECTION, Cost(pages=2)) is None
    assert budget.refusal(JOB, CONNECTION, Cost(pages=3)) is not None


def test_of_several_limits_each_holds() -> None:
    pages = limit(100, Measure.PAGES)
    budget = Budget([limit(5), pages])

    assert budget.refusal(JOB, CONNECTION, Cost(pages=101)) == Refusal(pages, is_unknown=False, alone=101)


@pytest.mark.parametrize("other", [{"job": "letters"}, {"connection": "llamacloud"}])
def test_a_limit_of_another_job_or_connection_has_no_say(other: dict[str, Any]) -> None:
    budget = Budget([limit(0, **other)])

    budget.take(JOB, CONNECTION, Cost())

    assert budget.refusal(JOB, CONNECTION, Cost()) is None
    assert list(budget.passed()) == []


@pytest.mark.parametrize("own", [{"job": JOB}, {"connection": CONNECTION}, {}])
def test_one_of_its_own_has(own: dict[str, Any]) -> None:
    assert Budget([limit(0, **own)]).refusal(JOB, CONNECTION, Cost()) is not None


def test_what_only_reports_refuses_nothing_and_tells_what_was_more() -> None:
    audit = limit(1, enforce=False)
    budget = Budget([audit])
    for _ in range(3):
        assert budget.refusal(JOB, CONNECTION, Cost()) is None
        budget.take(JOB, CONNECTION, Cost())

    assert list(budget.passed()) == [(audit, 3)]


def test_where_nothing_tells_how_much_it_is_it_is_refused_as_unknown() -> None:
    pages = limit(10, Measure.PAGES)

    assert Budget([pages]).refusal(JOB, CONNECTION, Cost()) == Refusal(pages, is_unknown=True)


def test_where_nothing_is_left_that_is_said_of_what_is_unknown_too() -> None:
    pages, documents = limit(10, Measure.PAGES), limit(3)

    assert Budget([pages], [10]).refusal(JOB, CONNECTION, Cost()) == Refusal(pages, is_unknown=False)
    assert Budget([pages, pages, documents], [0, 0, 3]).refusal(JOB, CONNECTION, Cost()) == Refusal(
        documents, is_unknown=False
    )


def test_the_most_pages_that_a_limit_assumes_are_assumed() -> None:
    limits = [
        limit(1, Measure.PAGES, assume_pages=3),
        limit(1, Measure.MONEY, assume_pages=5),
        limit(1, Measure.PAGES, assume_pages=9, job="letters"),
        limit(1),
    ]

    assert assumed(limits, JOB, CONNECTION) == 5
    assert assumed(limits[3:], JOB, CONNECTION) is None


def test_days_and_months_begin_in_utc() -> None:
    day = date(2026, 11, 29)

    assert Period.MONTH.begins(day) == date(2026, 11, 1)
    assert Period.DAY.begins(day) == day
    assert Period.TOTAL.begins(day) == date(1, 1, 1)


def test_a_clock_that_was_set_back_opens_no_earlier_month() -> None:
    assert today(NOON, None) == date(2025, 11, 29)
    assert today(NOON, "2025-10-31") == date(2025, 11, 29)
    assert today(NOON, "2025-12-01") == date(2025, 12, 1)


@pytest.mark.parametrize(
    ("per", "day", "following"),
    [
        (Period.DAY, date(2026, 12, 31), date(2027, 1, 1)),
        (Period.MONTH, date(2026, 11, 29), date(2026, 12, 1)),
        (Period.MONTH, date(2026, 12, 1), date(2027, 1, 1)),
        (Period.RUN, date(2026, 12, 1), None),
        (Period.TOTAL, date(2026, 12, 1), None),
    ],
)
def test_when_it_goes_on(per: Period, day: date, following: date | None) -> None:
    assert next_period(per, day) == following


@pytest.mark.parametrize(
    ("per", "then"),
    [
        (Period.MONTH, "'docbatch apply' goes on from 2026-12-01 (UTC), or once the limit is raised"),
        (Period.RUN, "the next 'docbatch apply' goes on"),
        (Period.TOTAL, "raise it there to go on"),
    ],
)
def test_what_stopped_is_told_with_numbers_and_what_to_do(per: Period, then: str) -> None:
    message, hint = stop_told(
        Stop(limit(100, per=per, place="docbatch.yaml:7"), 100, 150), date(2026, 11, 29)
    )

    period = "in all" if per is Period.TOTAL else f"per {per}"
    assert message == (
        f"the limit of 100 documents {period} of the project (docbatch.yaml:7) is reached: 100 documents counted,"
        " 150 documents not sent"
    )
    assert hint == then


@pytest.mark.parametrize(
    ("measure", "what", "key"),
    [(Measure.PAGES, "pages", "'assume_pages: 20'"), (Measure.MONEY, "money for them", "'mode: audit'")],
)
def test_what_cannot_be_told_says_what_would_help(measure: Measure, what: str, key: str) -> None:
    message, hint = stop_told(Stop(limit(5 * MILLION, measure), 0, 0, 3), date(2026, 11, 29))

    assert message.endswith(f"cannot be kept for 3 documents: nothing tells how many {what} there are")
    assert key in hint


def test_a_limit_of_nothing_is_not_said_to_go_on_by_itself() -> None:
    _, hint = stop_told(Stop(limit(0), 0, 3), date(2026, 11, 29))

    assert hint == "raise it there to go on"


@pytest.mark.parametrize(("or_more", "number"), [(False, "2 documents"), (True, "at least 2 documents")])
def test_a_document_that_is_more_than_a_limit_ever_allows_is_told(or_more: bool, number: str) -> None:
    stop = Stop(limit(8, Measure.PAGES), 3, 2, or_more=or_more, alone=20)

    message, hint = stop_told(stop, date(2026, 11, 29))

    assert message == (
        f"the limit of 8 pages per month of the project is too small for {number}: one alone comes to 20 pages"
    )
    assert hint == "raise it there to have such documents sent"


@pytest.mark.parametrize(
    ("spent", "second", "rank", "alone"),
    [([3, 0], 9, 1, 20), ([8, 0], 9, 0, 0), ([3, 9], 9, 0, 0), ([3, 5], 9, 1, 20), ([3, 0], 1, 1, 20)],
)
def test_of_several_limits_the_gravest_is_told(spent: list[int], second: int, rank: int, alone: int) -> None:
    budget = Budget([limit(8, Measure.PAGES), limit(second, Measure.CREDITS)], spent)

    refusal = budget.refusal(JOB, CONNECTION, Cost(pages=20, credits=5))

    assert refusal is not None
    assert (refusal.rank, refusal.alone, refusal.is_unknown) == (rank, alone, False)


def test_what_was_not_looked_at_to_the_end_is_told_as_the_least() -> None:
    message, _ = stop_told(Stop(limit(5, Measure.PAGES), 0, 0, 3, or_more=True), date(2026, 11, 29))

    assert "for at least 3 documents" in message


@pytest.mark.parametrize(
    ("measure", "amount", "shown"),
    [
        (Measure.DOCUMENTS, 1, "1 document"),
        (Measure.PAGES, 1200, "1,200 pages"),
        (Measure.CREDITS, 1_500_000, "1.50 credits"),
        (Measure.MONEY, 1234 * MILLION, "1,234 USD"),
        (Measure.MONEY, 1250, "0.00125 USD"),
    ],
)
def test_amounts_are_said_as_people_do(measure: Measure, amount: int, shown: str) -> None:
    assert measure.shown(amount) == shown


@pytest.mark.parametrize(
    ("of", "shown"),
    [
        ({"job": JOB}, "job 'invoices'"),
        ({"connection": CONNECTION}, "connection 'extend'"),
        ({}, "the project"),
    ],
)
def test_a_limit_says_what_it_is_about(of: dict[str, Any], shown: str) -> None:
    assert limit(1, **of).shown == f"1 document per month of {shown}"


def test_the_first_of_the_jobs_pays() -> None:
    assert charged_job({"b": 10, "a": 50, "c": 10}) == "b"
