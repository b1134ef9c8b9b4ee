"""What is expected of documents to be sent, by what those before came to."""

from docbatch.core.amounts import MILLION, UNKNOWN, Bounds, exactly
from docbatch.core.experience import ENOUGH, Expected, Experience, expected


def at_a_cent(spent: Bounds) -> Bounds:
    """Return what credits cost at 0.01 USD each."""
    return exactly(spent.low // 100)


def nobody_knows(_spent: Bounds) -> Bounds:
    return UNKNOWN


BEFORE = Experience(documents=40, pages=100, credits=200 * MILLION)


def test_it_goes_by_pages_where_they_are_known() -> None:
    assert expected(BEFORE, 3, exactly(50), at_a_cent) == Expected(100 * MILLION, MILLION, 40)


def test_else_it_goes_by_documents() -> None:
    assert expected(BEFORE, 4, Bounds(4, None), at_a_cent) == Expected(20 * MILLION, MILLION // 5, 40)
    without = Experience(40, None, 200 * MILLION)
    assert expected(without, 4, exactly(1000), at_a_cent) == Expected(20 * MILLION, MILLION // 5, 40)


def test_without_a_price_of_a_credit_only_credits_are_expected() -> None:
    found = expected(BEFORE, 4, UNKNOWN, nobody_knows)

    assert found == Expected(20 * MILLION, None, 40)


def test_of_a_few_documents_nothing_is_expected() -> None:
    assert expected(Experience(ENOUGH - 1, 100, 1), 3, exactly(3), at_a_cent) is None
    assert expected(Experience(), 3, exactly(3), at_a_cent) is None
