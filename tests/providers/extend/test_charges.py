"""What Extend charges, rule by rule."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.amounts import Bounds, exactly
from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.core.models import Operation
from docbatch.core.prices import Price
from tests.providers.charged import (
    CSV,
    LINK,
    NONE,
    OLD_WORKBOOK,
    PDF,
    PICTURE,
    SLIDES,
    TEN,
    TEXT,
    WORKBOOK,
    amount,
    millionths,
    pages,
    tariff,
)

Config = dict[str, Any]
SHEETS = Extent(sheets=3, cells=1500)


def parse(config: Config, media_type: str = PDF, extent: Extent = TEN) -> Bounds:
    return amount("extend", Operation.PARSE, config, media_type, extent).credits


def processed(
    operation: Operation, override: Config | None = None, own: Mapping[str, Price] = NONE
) -> Bounds:
    """Return the credits of ten pages through a saved processor."""
    name = {Operation.EXTRACT: "ex_1", Operation.CLASSIFY: "cl_1", Operation.SPLIT: "spl_1"}[operation]
    processor = {"id": name} if override is None else {"id": name, "override": override}
    return amount("extend", operation, {"processor": processor}, own=own).credits


def agentic(**blocks: Any) -> Config:
    return {"blockOptions": {block: {"agentic": value} for block, value in blocks.items()}}


@pytest.mark.parametrize(
    ("config", "low", "high"),
    [
        pytest.param({}, 20, 20, id="the performance engine is the default"),
        pytest.param({"engine": None}, 20, 20, id="an engine that is null is left out"),
        pytest.param({"engine": "parse_performance"}, 20, 20, id="performance"),
        pytest.param({"engine": "parse_light"}, 5, 5, id="light"),
        pytest.param({"engine": "parse_auto"}, 5, 20, id="auto is billed page by page by complexity"),
        pytest.param(agentic(text={"enabled": True}), 20, 30, id="correction of text only where it triggers"),
        pytest.param(
            agentic(tables={"enabled": True}), 20, 30, id="correction of tables only where it triggers"
        ),
        pytest.param(
            agentic(text={"enabled": True}, tables={"enabled": True}),
            20,
            40,
            id="both corrections on one page",
        ),
        pytest.param(
            agentic(text={"customInstructions": "x"}),
            20,
            30,
            id="a correction whose switch is left out may be on",
        ),
        pytest.param(agentic(text={"enabled": False}), 20, 20, id="a correction that is off"),
        pytest.param(agentic(text=None), 20, 20, id="a correction that is null"),
        pytest.param({"priority": 5}, 20, 40, id="a priority may double the parse"),
        pytest.param(
            {"priority": 5, **agentic(text={"enabled": True})}, 20, 60, id="a priority may double corrections"
        ),
        pytest.param(
            {"advancedOptions": {"excelParsingMode": "advanced"}}, 20, 20, id="cells are of workbooks alone"
        ),
    ],
)
def test_ten_pages_of_a_parse(config: Config, low: float, high: float) -> None:
    assert parse(config) == millionths(low, high)


def test_a_credit_of_the_smallest_plan_is_one_and_a_quarter_cents() -> None:
    assert amount("extend", Operation.PARSE, {}).money == exactly(250_000)


@pytest.mark.parametrize(
    ("ranges", "counted", "unknown"),
    [
        pytest.param([], exactly(10), Bounds(1, None), id="none is all"),
        pytest.param([(1, 3)], exactly(3), Bounds(1, 3), id="selected pages alone are billed"),
        pytest.param([(2, 4), (3, 6)], exactly(5), Bounds(0, 5), id="overlaps are merged"),
        pytest.param([(8, 750)], exactly(3), Bounds(0, 743), id="the end may lie behind the last page"),
    ],
)
def test_pages_that_a_job_selects(ranges: list[tuple[int, int]], counted: Bounds, unknown: Bounds) -> None:
    written = [{"start": start, "end": end} for start, end in ranges]
    config = {"advancedOptions": {"pageRanges": written}}

    assert pages("extend", Operation.PARSE, config, PDF, TEN) == counted
    assert pages("extend", Operation.PARSE, config, PDF, UNCOUNTED) == unknown


@pytest.mark.parametrize("media_type", [PDF, SLIDES, PICTURE])
def test_pages_slides_and_pictures_count_as_what_they_have(media_type: str) -> None:
    assert pages("extend", Operation.PARSE, {}, media_type, TEN) == exactly(10)


@pytest.mark.parametrize("media_type", [WORKBOOK, OLD_WORKBOOK, CSV])
def test_spreadsheets_count_as_pages_that_extend_estimates(media_type: str) -> None:
    assert pages("extend", Operation.PARSE, {}, media_type, SHEETS) == Bounds(1, None)


def test_what_page_ranges_are_to_a_workbook_is_not_documented() -> None:
    config = {"advancedOptions": {"pageRanges": [{"start": 2, "end": 3}]}}

    assert pages("extend", Operation.PARSE, config, WORKBOOK, SHEETS) == Bounds(1, None)


@pytest.mark.parametrize("media_type", [TEXT, LINK])
def test_what_texts_and_links_count_as_is_not_known(media_type: str) -> None:
    assert pages("extend", Operation.PARSE, {}, media_type) == Bounds(1, None)


@pytest.mark.parametrize(
    ("media_type", "credits"),
    [
        pytest.param(WORKBOOK, 2 + 4.5, id="the advanced mode adds three credits for a thousand cells"),
        pytest.param(OLD_WORKBOOK, 2, id="xls is always basic"),
        pytest.param(CSV, 2, id="a table in plain text is no workbook"),
    ],
)
def test_cells_of_workbooks_in_the_advanced_mode(media_type: str, credits: float) -> None:  # noqa: A002
    config = {"advancedOptions": {"excelParsingMode": "advanced"}}

    assert parse(config, media_type, SHEETS) == millionths(credits, None)


PARSED = {
    "parseConfig": {"engine": "parse_light", **agentic(text={"enabled": False}, tables={"enabled": False})}
}
PLAIN = {
    "advancedOptions": {
        "reviewAgent": {"enabled": False},
        "arrayStrategy": {"type": "large_array_heuristics"},
    }
}
NO_GROUPS = {"extraction_schema_groups": Price("extend", "extraction_schema_groups", credits=Bounds())}


def merge(*parts: Config) -> Config:
    found: Config = {"advancedOptions": {"pageRanges": []}}
    for part in parts:
        found |= {**part, "advancedOptions": {**found["advancedOptions"], **part.get("advancedOptions", {})}}
    return found


@pytest.mark.parametrize(
    ("base", "low", "high"),
    [
        pytest.param("extraction_performance", 30, 35, id="performance, and a parse unless parsed before"),
        pytest.param("extraction_light", 7, 12, id="light, and a parse unless parsed before"),
        pytest.param(
            "extraction_operator", 20, None, id="an operator is charged for its model without a bound"
        ),
        pytest.param("extraction_of_tomorrow", 0, None, id="one that has no price is not known"),
    ],
)
def test_ten_pages_of_an_extraction_whose_base_is_known(base: str, low: float, high: float | None) -> None:
    override = merge({"baseProcessor": base}, PARSED, PLAIN)

    assert processed(Operation.EXTRACT, override, NO_GROUPS) == millionths(low, high)


@pytest.mark.parametrize(
    ("options", "low", "high"),
    [
        pytest.param({"reviewAgent": {"enabled": True}}, 40, 45, id="a review adds a credit a page"),
        pytest.param({"reviewAgent": {}}, 30, 45, id="a review whose switch is left out may be on"),
        pytest.param(
            {"arrayStrategy": {"type": "large_array_max_context"}},
            60,
            65,
            id="max context doubles the extraction",
        ),
        pytest.param({"arrayStrategy": None}, 30, 65, id="a strategy that is not said may be max context"),
    ],
)
def test_what_an_extraction_has_on_top(options: Config, low: float, high: float) -> None:
    override = merge({"baseProcessor": "extraction_performance"}, PARSED, PLAIN, {"advancedOptions": options})

    assert processed(Operation.EXTRACT, override, NO_GROUPS) == millionths(low, high)


def test_groups_of_a_schema_are_charged_nobody_says_how_much() -> None:
    override = merge({"baseProcessor": "extraction_performance"}, PARSED, PLAIN)

    assert processed(Operation.EXTRACT, override) == millionths(30, None)


def test_a_saved_extractor_may_be_an_operator_and_so_has_no_upper_bound() -> None:
    assert processed(Operation.EXTRACT) == millionths(0.7, None)


def test_who_knows_what_the_saved_extractor_and_its_parse_come_to_has_a_bound() -> None:
    known = {item: Price("extend", item, credits=exactly(3 * 10**9)) for item in ("extract", "parse")}

    assert processed(Operation.EXTRACT, None, known) == millionths(3, 60)


@pytest.mark.parametrize(
    ("operation", "override", "low", "high"),
    [
        pytest.param(
            Operation.CLASSIFY,
            {"baseProcessor": "classification_performance"},
            10,
            20,
            id="classify, performance",
        ),
        pytest.param(
            Operation.CLASSIFY, {"baseProcessor": "classification_light"}, 3, 13, id="classify, light"
        ),
        pytest.param(
            Operation.CLASSIFY,
            {"baseProcessor": "classification_standard"},
            0,
            None,
            id="a classifier without a price",
        ),
        pytest.param(
            Operation.SPLIT, {"baseProcessor": "splitting_performance"}, 20, 25, id="split, performance"
        ),
        pytest.param(Operation.SPLIT, {"baseProcessor": "splitting_light"}, 5, 10, id="split, light"),
    ],
)
def test_ten_pages_of_classifiers_and_splitters(
    operation: Operation, override: Config, low: float, high: float | None
) -> None:
    assert processed(operation, merge(override, PARSED)) == millionths(low, high)


def test_a_review_of_a_classification_is_half_a_credit_a_page() -> None:
    override = merge(
        {"baseProcessor": "classification_light"},
        PARSED,
        {"advancedOptions": {"reviewAgent": {"enabled": True}}},
    )

    assert processed(Operation.CLASSIFY, override) == millionths(8, 13)


def test_the_parse_beneath_a_saved_processor_may_be_any() -> None:
    override = merge({"baseProcessor": "splitting_light"})

    assert processed(Operation.SPLIT, override) == millionths(5, 5 + 20 + 10 + 10)


def test_a_priority_doubles_the_parse_beneath_at_most() -> None:
    config = {"processor": {"id": "spl_1", "override": merge({"baseProcessor": "splitting_light"}, PARSED)}}

    assert amount("extend", Operation.SPLIT, {**config, "priority": 9}).credits == millionths(5, 15)


def test_a_saved_processor_may_select_pages_unless_the_job_does() -> None:
    saved: Config = {"processor": {"id": "ex_1"}}
    chosen = {
        "processor": {"id": "ex_1", "override": {"advancedOptions": {"pageRanges": [{"start": 1, "end": 4}]}}}
    }
    every: Config = {"processor": {"id": "ex_1", "override": {"advancedOptions": {"pageRanges": []}}}}

    assert pages("extend", Operation.EXTRACT, saved, PDF, TEN) == Bounds(1, 10)
    assert pages("extend", Operation.EXTRACT, chosen, PDF, TEN) == exactly(4)
    assert pages("extend", Operation.EXTRACT, every, PDF, TEN) == exactly(10)
    every["processor"]["override"]["parseConfig"] = {
        "advancedOptions": {"pageRanges": [{"start": 1, "end": 4}]}
    }
    assert pages("extend", Operation.EXTRACT, every, PDF, TEN) == Bounds(1, 10)


@pytest.mark.parametrize("mode", [None, "basic", "advanced"])
def test_cells_beneath_a_saved_processor(mode: str | None) -> None:
    advanced = {} if mode is None else {"parseConfig": {"advancedOptions": {"excelParsingMode": mode}}}
    config = {"processor": {"id": "spl_1", "override": advanced}}
    items = [
        charge.items
        for charge in tariff("extend", Operation.SPLIT, config).charges
        if charge.of(WORKBOOK) and not charge.of(PDF)
    ]

    assert items == ([] if mode == "basic" else [("advanced_excel_parsing",)])


@pytest.mark.parametrize("operation", [Operation.EXTRACT, Operation.SPLIT])
def test_what_makes_it_a_range_is_said(operation: Operation) -> None:
    name = "ex_1" if operation is Operation.EXTRACT else "spl_1"
    notes = " ".join(tariff("extend", operation, {"processor": {"id": name}}).notes)

    assert ("operator" in notes) is (operation is Operation.EXTRACT)
    assert "known there alone" in notes


WORDS = (
    "advancedOptions parseConfig blockOptions text agentic enabled pageRanges start end reviewAgent arrayStrategy type"
    " baseProcessor engine excelParsingMode"
)
NAMES = st.sampled_from(WORDS.split())
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(NAMES, ANYTHING, max_size=4), st.sampled_from([PDF, WORKBOOK, TEXT]))
def test_whatever_a_job_overrides_is_charged_something(override: Config, media_type: str) -> None:
    config = {"processor": {"id": "ex_1", "override": override}}
    found = amount("extend", Operation.EXTRACT, config, media_type, TEN)

    assert found.credits.high is None
    assert 0 <= found.pages.low <= 10
