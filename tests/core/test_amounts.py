"""Amounts of work: sums of ranges."""

import pytest

from docbatch.core.amounts import UNKNOWN, Amount, Bounds, believed_credits, exactly


def test_ranges_add_up_at_both_ends() -> None:
    assert Bounds(1, 2) + Bounds(10, 20) == Bounds(11, 22)


def test_what_has_no_upper_bound_has_none_in_a_sum() -> None:
    assert Bounds(1, 2) + UNKNOWN == UNKNOWN + Bounds(1, 2) == Bounds(1, None)


def test_so_many_of_a_price_between_two_bounds() -> None:
    assert Bounds(2, 3).times(Bounds(5, 7)) == Bounds(10, 21)
    assert Bounds(2, None).times(Bounds(5, 7)) == Bounds(5, 7).times(Bounds(2, None)) == Bounds(10, None)


def test_none_of_something_is_nothing_even_if_its_price_is_unknown() -> None:
    assert UNKNOWN.times(exactly(0)) == exactly(0).times(UNKNOWN) == Bounds()


def test_a_range_of_one_number_is_exact() -> None:
    assert exactly(3).is_exact
    assert not Bounds(1, 2).is_exact
    assert not UNKNOWN.is_exact


def test_amounts_add_up_part_by_part() -> None:
    one = Amount(exactly(1), exactly(2), Bounds(3, 4), UNKNOWN)

    assert one + one == Amount(exactly(2), exactly(4), Bounds(6, 8), UNKNOWN)


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        (0, 0),
        (2.5, 2.5),
        (None, None),
        (-5.0, None),
        (float("nan"), None),
        (float("inf"), None),
        (1e30, None),
    ],
)
def test_credits_that_cannot_be_are_not_believed(told: float | None, believed: float | None) -> None:
    assert believed_credits(told) == believed
