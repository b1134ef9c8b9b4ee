"""What an item comes to: units times prices, at both ends, exact to the millionth."""

from dataclasses import replace
from datetime import UTC, time

import pytest

from docbatch.core.amounts import UNKNOWN, Bounds, exactly
from docbatch.core.estimate import estimate
from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.core.prices import CREDIT, Price, Unit
from docbatch.core.tariffs import (
    FREE,
    SOMETIMES,
    UNKNOWN_TARIFF,
    Charge,
    Raise,
    Tariff,
    pages_as_counted,
)
from docbatch.core.windows import SendingHours, SendingWindow

PDF = "application/pdf"
SHEETS = "application/vnd.oasis.opendocument.spreadsheet"
TEN = Extent(pages=10)
BILLION = 10**9


def spent(low: float, high: float | None = None) -> Price:
    """Return a price of so many credits a page."""
    return Price(
        "cloud", "", credits=Bounds(int(low * BILLION), int((low if high is None else high) * BILLION))
    )


NIGHT = SendingWindow(time(21), time(6), UTC)
BY_NIGHT = SendingHours(SendingWindow(time(22), time(5), UTC))
BY_DAY = SendingHours(SendingWindow(time(9), time(17), UTC))
IN_THE_EVENING = SendingHours(SendingWindow(time(20), time(23), UTC))

CREDIT_PRICE = Price("cloud", CREDIT, Unit.CREDIT, money=exactly(12_500_000))
PRICES = {
    CREDIT: CREDIT_PRICE,
    "page": spent(2),
    "cheap": spent(0.5),
    "auto": spent(0.5, 2),
    "dollars": Price("cloud", "", money=exactly(3_000_000)),
    "sheet": replace(spent(1), unit=Unit.SHEET),
    "cells": Price("cloud", "", Unit.CELLS, credits=exactly(3_000_000)),
    "minute": replace(spent(3), unit=Unit.MINUTE),
    "twice": Price("cloud", "", Unit.NONE, factor=exactly(2_000_000)),
    "less": Price("cloud", "", Unit.NONE, factor=exactly(500_000)),
    "gap": Price("cloud", "gap"),
    "agents": replace(spent(2), unbounded="agents"),
    "night": replace(spent(2), batch=800_000, off_peak=500_000, quiet=NIGHT),
}


def tariff(*charges: Charge, in_batches: bool = False) -> Tariff:
    return Tariff(charges, pages_as_counted, in_batches=in_batches)


def of(*items: str) -> Tariff:
    return tariff(*(Charge((item,)) for item in items))


def test_credits_and_dollars_of_pages_are_exact() -> None:
    amount = estimate(of("page"), PRICES, PDF, TEN, 1)

    assert (amount.documents, amount.pages) == (exactly(1), exactly(10))
    assert (amount.credits, amount.money) == (exactly(20_000_000), exactly(250_000))


def test_a_price_in_dollars_spends_no_credits() -> None:
    amount = estimate(of("dollars"), PRICES, PDF, Extent(pages=7), 1)

    assert (amount.credits, amount.money) == (exactly(0), exactly(21_000))


def test_charges_add_up_and_ranges_stay_ranges() -> None:
    amount = estimate(of("page", "auto"), PRICES, PDF, TEN, 1)

    assert amount.credits == Bounds(25_000_000, 40_000_000)


def test_one_of_several_items_is_between_the_cheapest_and_the_dearest() -> None:
    assert estimate(tariff(Charge(("page", "cheap"))), PRICES, PDF, TEN, 1).credits == Bounds(
        5_000_000, 20_000_000
    )


def test_what_happens_on_some_pages_may_cost_nothing() -> None:
    assert estimate(tariff(Charge(("page",), SOMETIMES)), PRICES, PDF, TEN, 1).credits == Bounds(
        0, 20_000_000
    )


def test_pages_that_nobody_counted_have_no_upper_bound() -> None:
    amount = estimate(of("page"), PRICES, PDF, UNCOUNTED, 1)

    assert amount.pages == Bounds(1, None)
    assert (amount.credits, amount.money) == (Bounds(2_000_000, None), Bounds(25_000, None))


def test_assumed_pages_bound_what_nobody_counted_and_nothing_else() -> None:
    assert estimate(of("page"), PRICES, PDF, UNCOUNTED, 1, assumed=20).pages == Bounds(1, 20)
    assert estimate(of("page"), PRICES, PDF, UNCOUNTED, 1, assumed=0).pages == exactly(0)
    assert estimate(of("page"), PRICES, PDF, TEN, 1, assumed=20).pages == exactly(10)
    assert estimate(of("sheet"), PRICES, SHEETS, UNCOUNTED, 1, assumed=4).credits == Bounds(
        1_000_000, 4_000_000
    )


def test_sheets_are_charged_by_the_sheet() -> None:
    assert estimate(of("sheet"), PRICES, SHEETS, Extent(sheets=3), 1).credits == exactly(3_000_000)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [(0, exactly(0)), (1000, exactly(3_000_000)), (1001, Bounds(3_003_000, 6_000_000)), (None, UNKNOWN)],
)
def test_cells_are_charged_by_the_thousand_of_which_the_last_may_count_in_full(
    cells: int | None, expected: Bounds
) -> None:
    assert estimate(of("cells"), PRICES, SHEETS, Extent(cells=cells), 1).credits == expected


def test_minutes_are_not_counted_here() -> None:
    assert estimate(of("minute"), PRICES, PDF, TEN, 1).credits == UNKNOWN


@pytest.mark.parametrize("item", ["gap", "unheard of", "twice"])
def test_an_item_without_a_price_is_unknown_and_never_free(item: str) -> None:
    amount = estimate(of("page", item), PRICES, PDF, TEN, 1)

    assert (amount.credits, amount.money) == (Bounds(20_000_000, None), Bounds(250_000, None))


def test_no_pages_cost_nothing_whatever_the_price() -> None:
    amount = estimate(of("gap", "page", "agents"), PRICES, PDF, Extent(pages=0), 1)

    assert (amount.credits, amount.money) == (exactly(0), exactly(0))


@pytest.mark.parametrize("prices", [{"page": PRICES["page"]}, {**PRICES, CREDIT: Price("cloud", CREDIT)}])
def test_credits_without_a_price_in_dollars_are_no_money_that_is_known(prices: dict[str, Price]) -> None:
    amount = estimate(of("page"), prices, PDF, TEN, 1)

    assert (amount.credits, amount.money) == (exactly(20_000_000), UNKNOWN)
    assert estimate(of("page"), prices, PDF, Extent(pages=0), 1).money == exactly(0)


def test_what_comes_on_top_without_a_bound_has_none() -> None:
    amount = estimate(of("agents"), PRICES, PDF, TEN, 1)

    assert (amount.credits, amount.money) == (Bounds(20_000_000, None), Bounds(250_000, None))


def test_a_surcharge_multiplies_what_it_raises() -> None:
    sure = tariff(Charge(("page",), raised_by=(Raise("twice", is_certain=True),)))
    perhaps = tariff(Charge(("page",), raised_by=(Raise("twice"),)))

    assert estimate(sure, PRICES, PDF, TEN, 1).money == exactly(500_000)
    assert estimate(perhaps, PRICES, PDF, TEN, 1).money == Bounds(250_000, 500_000)


def test_a_discount_that_may_apply_lowers_the_lower_end_alone() -> None:
    perhaps = tariff(Charge(("page",), raised_by=(Raise("less"),)))

    assert estimate(perhaps, PRICES, PDF, TEN, 1).credits == Bounds(10_000_000, 20_000_000)


@pytest.mark.parametrize("item", ["unheard of", "gap"])
@pytest.mark.parametrize("certain", [True, False])
def test_a_surcharge_of_unknown_size_has_no_upper_bound(item: str, certain: bool) -> None:
    raised = tariff(Charge(("page",), raised_by=(Raise(item, certain),)))

    assert estimate(raised, PRICES, PDF, TEN, 1).credits == Bounds(20_000_000, None)


def test_batches_and_quiet_hours_have_the_prices_that_are_said() -> None:
    batches = tariff(Charge(("night",)), in_batches=True)

    assert estimate(of("night"), PRICES, PDF, TEN, 1, hours=BY_DAY).credits == exactly(20_000_000)
    assert estimate(batches, PRICES, PDF, TEN, 1, hours=BY_DAY).credits == exactly(16_000_000)
    assert estimate(batches, PRICES, PDF, TEN, 1, hours=BY_NIGHT).credits == exactly(8_000_000)
    assert estimate(of("page"), PRICES, PDF, TEN, 1, hours=BY_NIGHT).credits == exactly(20_000_000)


@pytest.mark.parametrize(
    "hours",
    [SendingHours(), IN_THE_EVENING, replace(BY_NIGHT, may_leave=True), replace(BY_DAY, may_leave=True)],
)
def test_what_may_be_sent_in_quiet_hours_or_not_is_between_both_prices(hours: SendingHours) -> None:
    assert estimate(of("night"), PRICES, PDF, TEN, 1, hours=hours).credits == Bounds(10_000_000, 20_000_000)


def test_of_quiet_hours_that_nobody_knows_both_prices_are_told() -> None:
    prices = {"night": replace(PRICES["night"], quiet=None)}

    assert estimate(of("night"), prices, PDF, TEN, 1, hours=BY_NIGHT).credits == Bounds(
        10_000_000, 20_000_000
    )


def test_credits_may_be_cheaper_at_night() -> None:
    prices = {**PRICES, CREDIT: replace(CREDIT_PRICE, off_peak=500_000, quiet=NIGHT)}
    amount = estimate(of("page"), prices, PDF, TEN, 1, hours=BY_NIGHT)

    assert (amount.credits, amount.money) == (exactly(20_000_000), exactly(125_000))


def test_less_than_a_millionth_counts_at_the_upper_end_alone() -> None:
    tiny = {"page": Price("cloud", "", money=exactly(1))}

    assert estimate(of("page"), tiny, PDF, TEN, 1).money == Bounds(0, 1)


def test_a_charge_concerns_the_documents_that_it_is_of() -> None:
    pdf_only = Charge(("page",), of=lambda media_type: media_type == PDF)

    assert estimate(tariff(pdf_only), PRICES, "image/png", TEN, 1).credits == exactly(0)


def test_a_price_of_the_whole_stands_for_all_its_parts() -> None:
    parts = tariff(
        Charge(("page", "agents"), whole="all"), Charge(("gap",), SOMETIMES, whole="all"), Charge(("cheap",))
    )

    assert estimate(parts, PRICES, PDF, TEN, 1).credits == Bounds(25_000_000, None)
    assert estimate(parts, {**PRICES, "all": spent(4)}, PDF, TEN, 1).credits == exactly(45_000_000)
    assert estimate(parts, {**PRICES, "all": Price("", "all")}, PDF, TEN, 1).credits.high is None


def test_free_work_costs_nothing_and_unknown_work_is_not_taken_for_free() -> None:
    free = estimate(FREE, {}, PDF, TEN, 1)
    unknown = estimate(UNKNOWN_TARIFF, PRICES, PDF, TEN, 1)

    assert (free.documents, free.pages, free.credits, free.money) == (exactly(1), *(exactly(0),) * 3)
    assert (unknown.documents, unknown.pages) == (exactly(1), exactly(10))
    assert (unknown.credits, unknown.money) == (UNKNOWN, UNKNOWN)
