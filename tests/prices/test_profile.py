"""The prices that are shipped, and what becomes of a line."""

import tomllib
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

import docbatch
from docbatch.core.amounts import Bounds, exactly
from docbatch.core.estimate import estimate
from docbatch.core.extents import Extent
from docbatch.core.models import Operation
from docbatch.core.prices import CREDIT, Unit
from docbatch.core.windows import SendingWindow
from docbatch.hours import HoursOfDay
from docbatch.prices.lines import OwnLine, Profile
from docbatch.prices.profile import FILE, price, price_list, shipped
from docbatch.providers import REGISTRY


def own(**values: Any) -> OwnLine:
    return OwnLine(**{"provider": "extend", "item": "parse_light", **values})


def test_every_line_has_a_date_and_a_source() -> None:
    assert shipped().version >= 1
    assert [line for line in shipped().lines if not line.date or not line.source] == []


def test_no_item_is_priced_twice() -> None:
    lines = [(line.provider, line.item) for line in shipped().lines]

    assert len(lines) == len(set(lines))


def test_what_has_no_price_says_so() -> None:
    assert [
        line.item for line in shipped().lines if not line.rates and line.credit is None and not line.note
    ] == []


def test_prices_are_of_providers_that_there_are_and_charge() -> None:
    paid = {kind.name for kind in REGISTRY.kinds() if kind.service is not None}

    assert {line.provider for line in shipped().lines} == paid


@pytest.mark.parametrize("provider", sorted({line.provider for line in shipped().lines}))
def test_every_item_of_a_tariff_is_in_the_profile(provider: str) -> None:
    """Configs that ask for nothing special name the most items; what is special is each provider's own test."""
    saved: dict[str, Any] = {"configuration_id": "cfg-0", "processor": {"id": "ex_1"}, "priority": 1}
    kind, known = REGISTRY.kind(provider), price_list().of(provider)
    charges = [charge for each in kind.operations for charge in kind.tariff(each, saved).charges]
    named = {
        name
        for charge in charges
        for name in (*charge.items, *(each.item for each in charge.raised_by), charge.whole)
        if name
    }

    assert named - set(known) == set()


@pytest.mark.parametrize(
    ("line", "unit", "number"),
    [
        ({"credits_per_page": 0.3}, Unit.PAGE, exactly(300_000_000)),
        ({"credits_per_page": [0.5, 2]}, Unit.PAGE, Bounds(500_000_000, 2_000_000_000)),
        ({"credits_per_sheet": 1}, Unit.SHEET, exactly(1_000_000_000)),
        ({"credits_per_1000_cells": 3}, Unit.CELLS, exactly(3_000_000)),
        ({"credits_per_minute": 3}, Unit.MINUTE, exactly(3_000_000_000)),
        ({"usd_per_1000_pages": 3.01}, Unit.PAGE, exactly(3_010_000)),
        ({"times": 1.5}, Unit.NONE, exactly(1_500_000)),
        ({"item": None, "credit": 0.00125}, Unit.CREDIT, exactly(1_250_000)),
    ],
)
def test_a_line_becomes_whole_numbers(line: dict[str, Any], unit: Unit, number: Bounds) -> None:
    found = price(own(**line), "docbatch.yaml:3")

    assert (found.unit, found.credits or found.money or found.factor) == (unit, number)
    assert (found.item, found.replaced) == (line.get("item", "parse_light") or CREDIT, "docbatch.yaml:3")


def test_less_than_a_millionth_is_rounded_away_from_the_middle() -> None:
    assert price(own(usd_per_1000_pages=0.0000015)).money == Bounds(1, 2)


def test_shares_of_batches_and_quiet_hours_are_kept() -> None:
    hours = HoursOfDay(hours="22:00-06:00")
    found = price(own(credits_per_page=1, batch=0.8, off_peak=0.5, off_peak_hours=hours))

    assert (found.batch, found.off_peak) == (800_000, 500_000)
    assert found.quiet == SendingWindow(time(22), time(6), ZoneInfo("UTC"))


@pytest.mark.parametrize(
    "line",
    [
        {"credits_per_page": -1},
        {"credits_per_page": float("nan")},
        {"credits_per_page": float("inf")},
        {"credits_per_page": 1_000_000},
        {"credits_per_page": 10**400},
        {"credits_per_page": 1e-12},
        {"credits_per_page": [2, 1]},
        {"credits_per_page": []},
        {"credits_per_page": [1, 2, 3]},
        {"credits_per_page": True},
        {"credits_per_page": "1"},
        {"credits_per_page": 1, "times": 2},
        {"credits_per_page": 1, "credit": 1},
        {"credits_per_page": 1, "batch": 1.5},
        {"credits_per_page": 1, "date": "2026-13"},
        {"credits_per_page": 1, "source": "a\nb"},
        {"item": None, "credit": 0.1, "times": 2},
        {"item": None},
        {},
        {"item": "Parse", "credits_per_page": 1},
    ],
)
def test_a_line_that_makes_no_sense_is_refused(line: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        own(**line)


def test_a_profile_with_gaps_makes_an_estimate_unknown_and_never_free() -> None:
    lines = [
        {"provider": "extend", "item": "parse_performance", "source": "x", "date": "2026"},
        {"provider": "extend", "item": "parse_light", "credits_per_page": 1, "source": "x", "date": "2026"},
    ]
    profile = Profile.model_validate({"version": 9, "checked": "2026-11-28", "lines": lines})
    prices, kind = price_list(profile=profile).of("extend"), REGISTRY.kind("extend")
    priceless, without_dollars = (
        estimate(kind.tariff(Operation.PARSE, config), prices, "application/pdf", Extent(pages=2), 1)
        for config in ({}, {"engine": "parse_light"})
    )

    assert (priceless.credits, priceless.money) == (Bounds(0, None), Bounds(0, None))
    assert (without_dollars.credits, without_dollars.money) == (exactly(2_000_000), Bounds(0, None))


@pytest.mark.parametrize("missing", ["date", "source"])
def test_a_shipped_line_without_date_or_source_is_refused(missing: str) -> None:
    line = {"provider": "extend", "item": "x", "source": "x", "date": "2026"}
    del line[missing]

    with pytest.raises(ValidationError, match=missing):
        Profile.model_validate({"version": 1, "checked": "2026", "lines": [line]})


def test_a_wheel_holds_every_file_that_is_no_code() -> None:
    root = Path(docbatch.__file__).parent
    declared = tomllib.loads((root.parent / "pyproject.toml").read_text())["tool"]["setuptools"][
        "package-data"
    ]
    files = {path for path in root.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}

    assert root / "prices" / FILE in files
    assert files == {path for pattern in declared["docbatch"] for path in root.glob(pattern)}
