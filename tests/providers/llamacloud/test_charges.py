"""What LlamaCloud charges, rule by rule."""

from typing import Any

import pytest

from docbatch.core.amounts import Bounds, exactly
from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.core.models import Operation
from docbatch.core.prices import Price
from tests.providers.charged import (
    CSV,
    LINK,
    PDF,
    PICTURE,
    SLIDES,
    TEN,
    TEXT,
    UNTOLD,
    WORKBOOK,
    amount,
    millionths,
    pages,
    tariff,
)

Config = dict[str, Any]
SHEETS = Extent(sheets=3, cells=1500)
SCHEMA = {"type": "object"}


def parse(parameters: Config, media_type: str = PDF, extent: Extent = TEN) -> Bounds:
    return amount("llamacloud", Operation.PARSE, {"parameters": parameters}, media_type, extent).credits


def extract(media_type: str = PDF, extent: Extent = TEN, **parameters: Any) -> Bounds:
    config = {"parameters": {"data_schema": SCHEMA, **parameters}}
    return amount("llamacloud", Operation.EXTRACT, config, media_type, extent).credits


def processing(tier: str = "agentic", **options: Any) -> Config:
    return {"tier": tier, "processing_options": options}


def rule(**chosen: Any) -> list[Config]:
    return [{"parsing_conf": chosen}]


@pytest.mark.parametrize(
    ("parameters", "low", "high"),
    [
        pytest.param({"tier": "fast"}, 10, 10, id="fast"),
        pytest.param({"tier": "cost_effective"}, 30, 30, id="cost_effective"),
        pytest.param({"tier": "agentic"}, 100, 100, id="agentic"),
        pytest.param({"tier": "agentic_plus"}, 450, 450, id="agentic_plus"),
        pytest.param(
            processing(confidence_score_effort="high"), 150, 150, id="high confidence is on each page"
        ),
        pytest.param(processing(forms="enrich"), 100, 200, id="forms are enriched on pages that are some"),
        pytest.param(processing(forms="default"), 100, 100, id="forms as usual"),
        pytest.param(
            processing(cost_optimizer={"enable": True}), 0, 100, id="the optimizer makes pages cheaper"
        ),
        pytest.param(processing(cost_optimizer={"enable": False}), 100, 100, id="the optimizer is off"),
        pytest.param(
            processing("fast", auto_mode_configuration=rule(tier="agentic", version="latest")),
            10,
            100,
            id="rules of the auto mode take another tier on some pages",
        ),
        pytest.param(
            processing("fast", auto_mode_configuration=rule(extract_layout=True)),
            10,
            40,
            id="a rule that adds layout",
        ),
        pytest.param(
            processing("fast", auto_mode_configuration=[{}]), 10, 10, id="a rule that changes nothing"
        ),
        pytest.param(
            processing(specialized_chart_parsing="efficient"),
            100,
            None,
            id="charts have a price that is not documented",
        ),
        pytest.param(
            processing("fast", auto_mode_configuration=rule(specialized_chart_parsing="agentic")),
            10,
            None,
            id="a rule that reads charts",
        ),
        pytest.param(
            {"tier": "agentic", "output_options": {"granular_bboxes": ["word"]}},
            100,
            130,
            id="places may be layout",
        ),
        pytest.param(
            {"tier": "agentic", "output_options": {"granular_bboxes": []}, "processing_options": None},
            100,
            100,
            id="options that ask for nothing",
        ),
    ],
)
def test_ten_pages_of_a_parse(parameters: Config, low: float, high: float | None) -> None:
    assert parse(parameters) == millionths(low, high)


def test_a_thousand_credits_are_a_dollar_and_a_quarter() -> None:
    found = amount("llamacloud", Operation.PARSE, {"parameters": {"tier": "agentic"}})

    assert found.money == exactly(125_000)


@pytest.mark.parametrize("media_type", [PDF, SLIDES, PICTURE])
def test_pages_slides_and_pictures_count_as_what_they_have(media_type: str) -> None:
    config = {"parameters": {"tier": "fast"}}

    assert pages("llamacloud", Operation.PARSE, config, media_type, TEN) == exactly(10)
    assert pages("llamacloud", Operation.PARSE, config, media_type, UNCOUNTED) == Bounds(1, None)


@pytest.mark.parametrize("tier", ["fast", "agentic_plus"])
def test_a_workbook_is_charged_by_the_sheet_on_every_tier(tier: str) -> None:
    assert parse({"tier": tier}, WORKBOOK, SHEETS) == millionths(3, 3)
    assert parse({"tier": tier}, WORKBOOK, UNCOUNTED) == millionths(1, None)
    assert pages("llamacloud", Operation.PARSE, {"parameters": {"tier": tier}}, WORKBOOK, SHEETS) == exactly(
        3
    )


def test_whether_add_ons_are_charged_on_sheets_is_not_documented() -> None:
    assert parse(processing(confidence_score_effort="high"), WORKBOOK, SHEETS) == millionths(3, 3 + 15)


@pytest.mark.parametrize(
    ("media_type", "low"),
    [
        pytest.param(TEXT, 10, id="what a text counts as is not documented"),
        pytest.param(CSV, 1, id="a table in plain text may be a workbook"),
        pytest.param(LINK, 1, id="nothing is known of a link"),
        pytest.param(UNTOLD, 0, id="what is not told apart may be sound"),
    ],
)
def test_what_nobody_can_count_has_no_upper_bound(media_type: str, low: float) -> None:
    assert parse({"tier": "agentic"}, media_type, UNCOUNTED) == millionths(low, None)


@pytest.mark.parametrize(
    ("selection", "counted"),
    [
        pytest.param({"max_pages": 4}, Bounds(4, 10), id="the first pages"),
        pytest.param({"max_pages": 40}, exactly(10), id="more than there are"),
        pytest.param({"target_pages": "2,4-6,5-7"}, Bounds(5, 10), id="pages that are named"),
        pytest.param({"target_pages": "9-99", "max_pages": 1}, Bounds(2, 10), id="named pages win"),
        pytest.param({"target_pages": "7-5"}, Bounds(0, 10), id="a range the wrong way round"),
        pytest.param({}, exactly(10), id="all"),
    ],
)
def test_whether_pages_that_are_left_out_are_charged_is_not_documented(
    selection: Config, counted: Bounds
) -> None:
    parsed = {"parameters": {"tier": "fast", "page_ranges": selection}}
    extracted = {"parameters": {"data_schema": SCHEMA, "tier": "turbo", **selection}}

    assert pages("llamacloud", Operation.PARSE, parsed, PDF, TEN) == counted
    assert pages("llamacloud", Operation.EXTRACT, extracted, PDF, TEN) == counted


@pytest.mark.parametrize(
    ("parameters", "low", "high"),
    [
        pytest.param({"tier": "cost_effective"}, 80, 80, id="cost_effective over its own parse"),
        pytest.param({"tier": "agentic"}, 250, 250, id="agentic over its own parse"),
        pytest.param({"tier": "agentic_plus"}, 950, 950, id="agentic_plus over its own parse"),
        pytest.param({"tier": "turbo"}, 350, 350, id="turbo has no parse"),
        pytest.param({"tier": "agentic", "parse_tier": "fast"}, 160, 160, id="a parse tier of its own"),
        pytest.param({}, 50, 950, id="a tier that is left to the service"),
        pytest.param({"parse_tier": "fast"}, 60, 510, id="an extract tier that is left to the service"),
        pytest.param(
            {"tier": "agentic", "parse_config_id": "cfg-x"},
            160,
            None,
            id="a saved parse may be any, with anything",
        ),
    ],
)
def test_ten_pages_of_an_extraction(parameters: Config, low: float, high: float | None) -> None:
    assert extract(**parameters) == millionths(low, high)


def test_an_extraction_of_a_workbook_counts_pages_that_the_service_derives() -> None:
    config = {"parameters": {"data_schema": SCHEMA, "tier": "agentic_plus", "spreadsheet_mode": True}}

    assert pages("llamacloud", Operation.EXTRACT, config, WORKBOOK, SHEETS) == Bounds(1, None)
    assert extract(WORKBOOK, SHEETS, tier="agentic") == millionths(15 + 3, None)


def test_a_workbook_read_directly_may_have_no_parse() -> None:
    assert extract(WORKBOOK, SHEETS, tier="agentic_plus", spreadsheet_mode=True) == millionths(50, None)
    assert extract(PDF, TEN, tier="agentic_plus", spreadsheet_mode=True) == millionths(500, 950)


def test_a_preset_is_charged_as_the_tier_of_its_name() -> None:
    config = {"configuration_id": "cfg-PARSE_AGENTIC"}

    assert amount("llamacloud", Operation.PARSE, config).credits == millionths(100, 100)
    assert amount("llamacloud", Operation.PARSE, config, WORKBOOK, SHEETS).credits == millionths(3, 3)


@pytest.mark.parametrize("name", ["cfg-PARSE_TOMORROW", "cfg-0a1b"])
def test_a_saved_configuration_may_be_any_with_anything(name: str) -> None:
    config = {"configuration_id": name}

    assert amount("llamacloud", Operation.PARSE, config).credits == millionths(1, None)
    assert pages("llamacloud", Operation.PARSE, config, PDF, TEN) == Bounds(1, 10)


def test_a_saved_extraction_may_be_any_over_any_parse_or_none() -> None:
    assert amount("llamacloud", Operation.EXTRACT, {"configuration_id": "cfg-0a1b"}).credits == millionths(
        5, None
    )


def test_who_knows_what_the_saved_configuration_comes_to_has_a_bound() -> None:
    known = {item: Price("llamacloud", item, credits=exactly(10 * 10**9)) for item in ("extract", "parse")}
    saved = {"configuration_id": "cfg-0a1b"}

    assert amount("llamacloud", Operation.PARSE, saved, own=known).credits == millionths(10, 100)
    assert amount("llamacloud", Operation.EXTRACT, saved, own=known).credits == millionths(10, 200)


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"tier": "agentic"}, "48 hours"),
        (processing(cost_optimizer={"enable": True}), "optimizer"),
        ({"tier": "fast", "page_ranges": {"max_pages": 1}}, "left out"),
    ],
)
def test_what_makes_it_a_range_is_said(parameters: Config, word: str) -> None:
    notes = tariff("llamacloud", Operation.PARSE, {"parameters": parameters}).notes

    assert [note for note in notes if word in note] == [notes[-1]]
