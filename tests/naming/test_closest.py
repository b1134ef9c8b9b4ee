from docbatch.naming.closest import MOST_NAMES, closest, listed
from tests.steps import calls


def test_the_name_that_is_most_like_a_word_is_found() -> None:
    assert closest("priorty", ["provider", "priority"]) == "priority"
    assert closest("zzz", ["provider", "priority"]) is None


def test_of_many_or_long_names_few_are_compared() -> None:
    names = [f"name{index}" for index in range(100_000)]
    few = calls(lambda: closest("nmae", names[:MOST_NAMES]))
    assert calls(lambda: closest("nmae", names)) <= few + 10
    assert closest("x" * 50_000, ["x" * 50_001]) is None


def test_of_many_names_the_first_are_shown() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(map(str, range(1000))).endswith(", 99 and 900 more")
