"""How often a document that failed is tried again by itself, and after which pause."""

from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.retry_policy import JITTER, LONGEST, RetryRule

RULE = RetryRule(3, 300.0)


def test_as_many_tries_follow_as_the_rule_says() -> None:
    assert [RULE.allows(attempt) for attempt in range(5)] == [True, True, True, False, False]


@given(st.integers(0, 2000), st.text())
def test_a_pause_doubles_up_to_the_longest_and_is_a_little_longer(attempt: int, seed: str) -> None:
    least = min(300.0 * 2.0 ** min(attempt, 20), LONGEST)

    assert least <= RULE.pause(attempt, seed) <= least * (1 + JITTER)


def test_a_pause_is_the_same_each_time_it_is_asked_for_and_differs_by_document() -> None:
    assert RULE.pause(1, "a") == RULE.pause(1, "a")
    assert len({RULE.pause(0, str(number)) for number in range(20)}) > 15


def test_a_first_pause_that_is_longer_than_the_longest_stays() -> None:
    assert RetryRule(2, 2 * LONGEST).pause(5, "a") >= 2 * LONGEST
