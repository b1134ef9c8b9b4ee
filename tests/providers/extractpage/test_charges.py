"""What extract.page charges."""

import pytest

from docbatch.core.amounts import Bounds, exactly
from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.core.models import Operation
from tests.providers.charged import PDF, PICTURE, SLIDES, TEN, TEXT, WORKBOOK, amount, pages, tariff


@pytest.mark.parametrize("config", [{}, {"engine": "some"}, {"extract_text": False, "extract_images": False}])
def test_a_page_costs_the_same_with_any_options_and_in_batches(config: dict[str, object]) -> None:
    found = amount("extractpage", Operation.PARSE, config)

    assert (found.money, found.credits) == (exactly(30_000), exactly(0))
    assert tariff("extractpage", Operation.PARSE, config).in_batches


@pytest.mark.parametrize("media_type", [PDF, SLIDES, PICTURE])
def test_each_source_page_is_one_page(media_type: str) -> None:
    assert pages("extractpage", Operation.PARSE, {}, media_type, TEN) == exactly(10)


@pytest.mark.parametrize("media_type", [WORKBOOK, TEXT])
def test_what_workbooks_and_texts_count_as_is_not_documented(media_type: str) -> None:
    extent = Extent(sheets=2, cells=9) if media_type == WORKBOOK else UNCOUNTED

    assert pages("extractpage", Operation.PARSE, {}, media_type, extent) == Bounds(1, None)


def test_no_upper_bound_is_said_where_pages_are_unknown() -> None:
    assert amount("extractpage", Operation.PARSE, {}, PDF, UNCOUNTED).money == Bounds(3_000, None)
