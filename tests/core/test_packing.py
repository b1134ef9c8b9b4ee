from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.models import Recovery, Traits, WorkItem
from docbatch.core.packing import pack


def item(number: int, size: int) -> WorkItem:
    return WorkItem(f"k{number}", "recipe", "digest", size, "text/plain", "name", b"/name")


def items(*sizes: int) -> list[WorkItem]:
    return [item(number, size) for number, size in enumerate(sizes)]


def limits(most: int, size: int | None = None) -> Traits:
    return Traits(Recovery.KEYED, max_items=most, max_bytes=size)


def sizes(chunks: list[tuple[WorkItem, ...]]) -> list[list[int]]:
    return [[each.size for each in chunk] for chunk in chunks]


def test_nothing_makes_no_batch() -> None:
    assert list(pack([], limits(3))) == []


def test_a_full_batch_is_cut_by_count() -> None:
    assert sizes(list(pack(items(1, 1, 1, 1, 1), limits(2)))) == [[1, 1], [1, 1], [1]]


def test_a_batch_is_cut_before_its_size_is_exceeded() -> None:
    assert sizes(list(pack(items(4, 6, 1), limits(9, 10)))) == [[4, 6], [1]]


def test_an_item_above_the_limit_travels_alone_and_not_with_its_neighbours() -> None:
    assert sizes(list(pack(items(3, 50, 3), limits(9, 10)))) == [[3], [50], [3]]


def test_an_item_above_the_limit_makes_no_empty_batch_before_it() -> None:
    assert sizes(list(pack(items(50), limits(9, 10)))) == [[50]]


@given(st.lists(st.integers(0, 30)), st.integers(1, 5), st.none() | st.integers(1, 40))
def test_every_item_travels_once_in_order_within_the_limits(
    wanted: list[int], most: int, size: int | None
) -> None:
    chunks = list(pack(items(*wanted), limits(most, size)))

    assert [each for chunk in chunks for each in chunk] == items(*wanted)
    assert all(0 < len(chunk) <= most for chunk in chunks)
    assert all(
        size is None or len(chunk) == 1 or sum(each.size for each in chunk) <= size for chunk in chunks
    )
