"""Ranges of pages: those that overlap count once, and those beyond the end not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.page_ranges import merged, number_of, number_within

PAGES = st.integers(1, 30)


def test_ranges_that_overlap_are_merged() -> None:
    assert merged([(5, 9), (1, 3), (2, 6)]) == ((1, 3), (4, 6), (7, 9))


def test_a_range_inside_another_adds_nothing() -> None:
    assert merged([(1, 9), (2, 3)]) == ((1, 9),)


def test_a_range_that_ends_before_it_begins_holds_nothing() -> None:
    assert merged([(5, 3)]) == ()
    assert merged([(2, 2), (5, 3)]) == ((2, 2),)


@pytest.mark.parametrize(("pages", "selected"), [(0, 0), (1, 0), (4, 3), (20, 5)])
def test_pages_beyond_the_end_are_not_selected(pages: int, selected: int) -> None:
    assert number_within(merged([(2, 5), (10, 10)]), pages) == selected


@given(st.lists(st.tuples(PAGES, PAGES), max_size=6), PAGES)
def test_merged_ranges_hold_the_same_pages(ranges: list[tuple[int, int]], pages: int) -> None:
    held = {page for first, last in ranges for page in range(first, last + 1)}

    assert number_of(merged(ranges)) == len(held)
    assert number_within(merged(ranges), pages) == len([page for page in held if page <= pages])
