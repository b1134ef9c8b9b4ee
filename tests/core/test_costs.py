"""What paid work came to, as values."""

from datetime import date
from typing import Any

import pytest

from docbatch.core.amounts import MILLION
from docbatch.core.costs import (
    CostLine,
    CostRow,
    CountedAmount,
    LimitStanding,
    Spending,
    checked_facets,
    first_day,
    last_day,
    number,
    standing,
    summed,
)
from docbatch.core.errors import UsageError
from docbatch.core.limits import Limit, Measure, Period

TWO = Spending(
    2,
    CountedAmount(0, 6, 0, 6),
    CountedAmount(4 * MILLION, 0, 0, 5 * MILLION),
    CountedAmount(50_000, 0, 0, 62_500),
)
DARK = Spending(1, CountedAmount(0, 0, 1, None), CountedAmount(0, 0, 1, None), CountedAmount(0, 0, 1, None))


def row(spending: Spending = TWO, job: str | None = "invoices", **more: Any) -> CostRow:
    values = {"connection": "extend", "labels": {"team": "finance"}, "when": "2026-01-15", **more}
    return CostRow(job, spending=spending, **values)


def names(by: str, *rows: CostRow) -> list[str | None]:
    return [line.by[by] for line in summed(rows, (by,)).lines]


def test_groups_are_told_apart_by_each_facet_and_all_of_them_are_summed() -> None:
    rows = [row(), row(DARK, "letters", when="2026-02-01"), row(TWO, "letters", when="2026-02-03")]
    report = summed(rows, ("job", "month"))

    assert [(tuple(line.by.values()), line.charged.documents) for line in report.lines] == [
        (("invoices", "2026-01"), 2),
        (("letters", "2026-02"), 3),
    ]
    assert report.total.charged == TWO + DARK + TWO
    assert names("day", *rows) == ["2026-01-15", "2026-02-01", "2026-02-03"]
    assert names("connection", *rows) == ["extend"]
    assert summed(rows, ()).lines == (report.total,)


def test_what_has_no_such_name_is_a_group_of_its_own_and_comes_last() -> None:
    rows = [row(job=None), row(labels={}), row(labels={"team": "admin"})]

    assert names("label.team", *rows) == ["admin", "finance", None]
    assert names("job", *rows) == ["invoices", None]


def test_connections_that_charged_are_named_once() -> None:
    assert summed([row(connection="eu"), row(), row()], ()).connections == ("eu", "extend")


def test_what_was_expected_is_known_where_it_is_of_all() -> None:
    assert (TWO + TWO).credits.expected == 10 * MILLION
    assert (TWO + DARK).credits == CountedAmount(4 * MILLION, 0, 1, None)
    assert (DARK + TWO).credits.expected is None


def test_work_that_is_not_through_is_apart() -> None:
    (line,) = summed([row(), row(DARK, reserved=True, uncertain=1)], ("job",)).lines

    assert (line.charged, line.reserved, line.uncertain) == (TWO, DARK, 1)
    assert line.all == TWO + DARK


def test_json_has_numbers_and_not_millionths() -> None:
    report = summed([row(), row(DARK, reserved=True, uncertain=1)], ("label.team",))
    cost, total = report.values()

    assert cost == {
        "type": "cost",
        "by": {"label.team": "finance"},
        "documents": 2,
        "pages": {"exact": 0, "estimated": 6, "unknown": 0, "expected": 6},
        "credits": {"exact": 4, "estimated": 0, "unknown": 0, "expected": 5},
        "usd": {"exact": 0.05, "estimated": 0, "unknown": 0, "expected": 0.0625},
        "reserved": {**{key: {"exact": 0, "estimated": 0, "unknown": 1, "expected": None} for key in ("pages", "credits", "usd")}, "documents": 1, "uncertain": 1},
    }  # fmt: skip
    bounds = {"since": None, "until": None, "job": None, "connections": ["extend"]}
    assert total == {**cost, "type": "total", "by": {}, **bounds}


def test_bounds_are_days_in_json() -> None:
    report = summed([], ())
    told = type(report)((), (), CostLine(), date(2026, 1, 1), date(2026, 1, 31), "invoices").values()[-1]

    assert (told["since"], told["until"], told["job"]) == ("2026-01-01", "2026-01-31", "invoices")


def test_amounts_are_whole_where_they_are() -> None:
    assert str(number(Measure.CREDITS, 3 * MILLION)) == "3"
    assert number(Measure.MONEY, 3_275_000) == 3.275
    assert number(Measure.PAGES, MILLION) == MILLION


def test_facets_are_checked_and_named_once() -> None:
    assert checked_facets(["job", "label.team/a", "job"]) == ("job", "label.team/a")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("jobs", "did you mean job? there is job, month,"),
        ("label", "there is job, month"),
        ("label.", "there is"),
        ("", "there is"),
        ("\x1b[31m", "there is"),
    ],
)
def test_costs_cannot_be_told_by_anything(word: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        checked_facets([word])

    assert "\x1b" not in raised.value.message
    assert (raised.value.hint or "").startswith(hint)


def test_a_month_is_from_its_first_day_to_its_last() -> None:
    assert first_day("2026-02", "since") == date(2026, 2, 1)
    assert last_day("2026-02", "until") == date(2026, 2, 28)
    assert last_day("2025-12", "until") == date(2025, 12, 31)
    assert first_day("2026-02-03", "since") == last_day("2026-02-03", "until") == date(2026, 2, 3)
    assert last_day("9999-12", "until") == date(9999, 12, 31)


@pytest.mark.parametrize(
    "text",
    ["2026", "2026-13", "2026-02-30", "2026-1", "0000-01", "yesterday", "", "2026-01-15\n", "\u0662\u0660\u0662\u0666-01"],
)  # fmt: skip
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"since is '.*', which is no day and no month"):
        first_day(text, "since")


def test_a_limit_stands_where_what_is_counted_leaves_it() -> None:
    counted = summed([row(), row(TWO, reserved=True), row(DARK)], ()).total
    day = date(2026, 1, 31)

    documents = standing(Limit(Period.MONTH, Measure.DOCUMENTS, 7), counted, day)
    assert (documents.spent, documents.reserved, documents.left, documents.unknown) == (5, 2, 2, 0)
    assert documents.until == date(2026, 2, 1)
    credit = standing(Limit(Period.TOTAL, Measure.CREDITS, 7 * MILLION), counted, day)
    assert (credit.spent, credit.reserved, credit.left, credit.unknown) == (8 * MILLION, 4 * MILLION, 0, 1)
    assert credit.until is None


def test_a_limit_as_json() -> None:
    limit = Limit(
        Period.DAY, Measure.MONEY, 50 * MILLION, enforce=False, job="invoices", place="jobs/a.yaml:3"
    )

    assert LimitStanding(limit, 12_500_000, 500_000, 1, date(2026, 1, 2)).values() == {
        "per": "day",
        "measure": "money",
        "job": "invoices",
        "connection": None,
        "place": "jobs/a.yaml:3",
        "mode": "audit",
        "most": 50,
        "spent": 12.5,
        "reserved": 0.5,
        "left": 37.5,
        "unknown": 1,
        "until": "2026-01-02",
    }
    assert LimitStanding(Limit(Period.RUN, Measure.PAGES, 5)).values()["mode"] == "enforce"
