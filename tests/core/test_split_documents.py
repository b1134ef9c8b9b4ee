"""Parts of documents: which pages they hold, and what identifies them."""

from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.keys import item_key, recipe_key
from docbatch.core.models import Operation, Recipe
from docbatch.core.split_documents import parts, ranges, whole_recipe

RECIPE = Recipe("local", "local", Operation.PARSE, {"ocr": "off"}, {"liteparse": "1"})
PDF = "application/pdf"


@given(st.integers(1, 5000), st.integers(1, 600))
def test_every_page_is_in_one_part(pages: int, size: int) -> None:
    found = ranges(pages, size)

    held = [page for first, last in found for page in range(first, last + 1)]
    assert held == list(range(1, len(found) * size + 1))
    assert len(held) - size < pages <= len(held)


@given(st.integers(11, 100))
def test_a_document_that_is_counted_otherwise_has_the_same_parts_as_far_as_it_goes(pages: int) -> None:
    assert parts(RECIPE, 10, pages)[:2] == parts(RECIPE, 10, 11)


def test_a_part_is_known_by_its_pages_and_by_how_the_document_is_split() -> None:
    keys = [part.key(PDF, "ab" * 32) for size in (10, 20) for part in parts(RECIPE, size, 40)]
    plain = item_key(recipe_key(RECIPE), PDF, "ab" * 32)
    whole = [item_key(recipe_key(whole_recipe(RECIPE, size)), PDF, "ab" * 32) for size in (10, 20)]

    assert len({*keys, plain, *whole}) == len(keys) + 3


def test_these_keys_stay_as_they_are() -> None:
    """Another key would have every part that was ever read, and paid, read again."""
    first, second = parts(RECIPE, 500, 743)

    assert (first.first, first.last, second.first, second.last) == (1, 500, 501, 1000)
    assert first.key(PDF, "ab" * 32).startswith("4f09bd3b9dadb702")
    assert second.key(PDF, "ab" * 32).startswith("68afea000be93ae0")


def test_the_last_part_holds_what_is_there() -> None:
    assert [part.holds_of(23) for part in parts(RECIPE, 10, 23)] == [10, 10, 3]
    assert parts(RECIPE, 10, 11)[1].holds_of(5) == 0
