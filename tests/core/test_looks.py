"""Looks count when they are far enough apart by the vendor's clock, however many runs they were made in."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.looks import Looks, SpacedLooks
from docbatch.core.models import Recovery, Traits

GRACE = 60.0
TRAITS = Traits(Recovery.FINDABLE, 10, grace=GRACE, looks=4)


def made(*times: float) -> SpacedLooks:
    looks = SpacedLooks()
    for at in times:
        looks = looks.with_one(at, TRAITS)
    return looks


def test_four_looks_over_the_grace_are_enough() -> None:
    assert made(100, 120, 140, 160).are_enough(TRAITS)
    assert not made(100, 120, 140, 159).are_enough(TRAITS)
    assert not made(100, 130, 160).are_enough(TRAITS)


def test_a_look_less_than_a_quarter_of_the_grace_after_the_last_does_not_count() -> None:
    assert made(100, 114.9) == made(100)
    assert made(100, 115).count == 2


def test_once_there_are_enough_any_later_look_tells_that_the_grace_has_passed() -> None:
    assert made(100, 115, 130, 145, 161).are_enough(TRAITS)


@pytest.mark.parametrize("back", [0.0, 99.0, 119.0])
def test_a_look_whose_time_goes_back_does_not_count(back: float) -> None:
    assert made(100, 120, back).count in {1, 2}
    assert not made(100, 120, back, 140, 159).are_enough(TRAITS)


def test_after_a_clock_that_was_far_ahead_counting_begins_anew_and_comes_to_an_end() -> None:
    assert made(4e9, 100, 120, 140) == made(100, 120, 140)
    assert made(4e9, 100, 120, 140, 160).are_enough(TRAITS)


def test_they_go_on_until_the_grace_has_passed_and_there_were_enough() -> None:
    assert made(100).until(TRAITS) == 160
    assert made(100, 190).until(TRAITS) == 230


def test_the_kind_that_is_nearest_to_an_end_is_told() -> None:
    assert Looks(empty=made(100, 120), blind=made(100)).most.count == 2
    assert Looks(empty=made(100), blind=made(100, 120)).most.count == 2


@given(st.floats(0.5, 500), st.floats(0, 1e9))
def test_runs_that_come_regularly_settle_it_in_the_time_that_is_promised(gap: float, begin: float) -> None:
    looks = SpacedLooks()
    runs = 0
    while not looks.are_enough(TRAITS):
        looks = looks.with_one(begin + runs * gap, TRAITS)
        runs += 1

    most = math.ceil(GRACE / gap) + 3 if gap < GRACE / 4 else 5
    assert runs <= most
    assert (runs - 1) * gap >= GRACE - 1e-3
