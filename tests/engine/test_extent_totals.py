"""How much is to be sent, as the differences know it: each item once, what is unknown apart."""

import pytest

from docbatch.core.changes import ChangeKind, Reason
from docbatch.core.extents import UNCOUNTED, Extent, ExtentTotal
from docbatch.engine.planning.amounts.items_to_send import ItemToSend, SizedItem
from docbatch.engine.planning.differences_database import Change, Differences


def send(job: str, path: bytes, key: str, media_type: str = "application/pdf") -> Change:
    return Change(job, path, ChangeKind.SEND, Reason.NEW, False, key, f"d{key}", media_type, 10)


@pytest.fixture
def differences() -> Differences:
    made = Differences()
    made.order(["one", "two"])
    made.change(
        [
            send("one", b"a", "k1"),
            send("one", b"b", "k1"),
            send("one", b"c", "k2"),
            send("two", b"a", "k1"),
            send("two", b"d", "k3", "text/word"),
            send("two", b"e", "k4", "book"),
            Change("two", b"f", ChangeKind.FAIL, Reason.NEW, False, "k5"),
        ]
    )
    return made


def test_each_item_is_to_be_counted_once_for_the_first_of_its_jobs(differences: Differences) -> None:
    assert [item for window in differences.items_to_send(["one"]) for item in window] == [
        ItemToSend("k1", "one", "application/pdf", "dk1", 10, b"a"),
        ItemToSend("k2", "one", "application/pdf", "dk2", 10, b"c"),
    ]
    assert [item.key for window in differences.items_to_send(["two"]) for item in window] == ["k3", "k4"]


def test_the_first_in_the_order_of_jobs_pays_whatever_it_is_called(differences: Differences) -> None:
    differences.order(["two", "one"])

    assert [item.key for window in differences.items_to_send(["one"]) for item in window] == ["k2"]
    assert [(item.key, item.path) for window in differences.items_to_send(["two"]) for item in window] == [
        ("k1", b"a"),
        ("k3", b"d"),
        ("k4", b"e"),
    ]


def test_totals_say_what_is_known_what_is_stated_and_what_is_not_known(differences: Differences) -> None:
    differences.extent(
        [("k1", Extent(pages=7)), ("k2", UNCOUNTED), ("k3", Extent(pages=2)), ("k4", Extent(None, 3, 40))]
    )

    assert differences.extent_totals(["text/word"]) == [
        ExtentTotal("one", items=2, paged=1, pages=7, stated=0, books=0, sheets=0, cells=0, unknown=1),
        ExtentTotal("two", items=2, paged=1, pages=2, stated=2, books=1, sheets=3, cells=40, unknown=0),
    ]


def test_all_that_is_to_be_sent_comes_with_what_is_known_of_it(differences: Differences) -> None:
    differences.extent([("k1", Extent(pages=7))])

    assert [item for window in differences.sized() for item in window] == [
        SizedItem("one", "k1", "application/pdf", 10, Extent(pages=7)),
        SizedItem("one", "k2", "application/pdf", 10, UNCOUNTED),
        SizedItem("two", "k3", "text/word", 10, UNCOUNTED),
        SizedItem("two", "k4", "book", 10, UNCOUNTED),
    ]
