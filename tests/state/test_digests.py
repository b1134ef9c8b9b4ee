"""Digests are text outside of the state and bytes in it, found by how they begin, and what waits comes in its order unsorted."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docbatch.core.models import Operation, Recipe, ResultPlace, WorkItem
from docbatch.state.digests import as_bytes, as_is, as_text, span
from docbatch.state.documents import RecordedJob
from docbatch.state.records import Collected
from docbatch.state.store import Store
from tests.state.made_digests import digest_of

NAMES = [f"{number:02}.txt" for number in range(40)]
KEYS = {digest_of(name): name for name in NAMES}


def item(name: str, priority: int = 50) -> WorkItem:
    key = digest_of(name)
    return WorkItem(key, "1", digest_of(key), 5, "text/plain", name, b"/in/" + name.encode(), priority)


def want(store: Store, name: str, priority: int = 50) -> None:
    with store.write():
        store.documents.put("job", name.encode(), store.items.want(item(name, priority), 1), None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a state with documents that wait."""
    with Store.writable(tmp_path) as opened:
        with opened.write():
            recipe = opened.documents.declare_recipe("recipe", Recipe("local", "local", Operation.PARSE))
            opened.documents.declare_job(RecordedJob("job", "local", recipe, {}, b"/in", 50))
        for name in NAMES:
            want(opened, name)
        yield opened


def plans(store: Store, ask: Callable[[], object]) -> list[str]:
    """Return how SQLite goes about what is asked of it."""
    asked: list[str] = []
    store.database.connection.set_trace_callback(asked.append)
    ask()
    store.database.connection.set_trace_callback(None)
    return [
        row[3]
        for sql in asked
        for row in store.database.execute(f"EXPLAIN QUERY PLAN {sql}", [1] * sql.count("?"))
    ]


def test_what_is_kept_is_bytes_and_comes_back_as_text(store: Store) -> None:
    (first, *_) = store.items.pending(1, ["job"], 1)
    result = digest_of("a result")
    with store.write():
        sink = store.deliveries.declare("job", "files", b"/out", None)
        store.deliveries.put(sink, first.place[4:], b"a.md", 7, due=False)
    store.outcomes.record(
        [(first, Collected(first.key, result, False, place=ResultPlace("a" * 16, 0, 9)))], []
    )
    store.deliveries.delivered(sink, [(first.place[4:], "stamp", result)])

    kept = store.database.execute(
        "SELECT item.key, digest, item.result, delivery.result FROM item, delivery WHERE item.result IS NOT NULL"
    ).fetchall()
    known = store.items.get(first.key)

    assert kept == [tuple(map(bytes.fromhex, (first.key, first.digest, result, result)))]
    assert known is not None
    assert (known.key, known.digest, known.result) == (first.key, first.digest, result)
    assert store.deliveries.of(sink, first.place[4:]) == (first.place[4:], b"a.md", result, "stamp", 0)
    assert list(store.documents.results("job")) == [result]
    assert {(row[1], row[4]) for row in store.documents.stream("job", [first.place[4:]])} == {
        (first.digest, result)
    }


@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 8, 63, 64])
def test_an_item_is_found_by_any_number_of_the_digits_it_begins_with(store: Store, length: int) -> None:
    for key in KEYS:
        alike = sorted(each for each in KEYS if each.startswith(key[:length]))
        assert [each.key for each in store.items.beginning(key[:length], 99)] == alike


@pytest.mark.parametrize("beginning", ["0" * 65, "xyz", "g", "A", " 1", "é", "'"])
def test_nothing_begins_with_what_are_no_digits(store: Store, beginning: str) -> None:
    assert store.items.beginning(beginning, 9) == []


@pytest.mark.parametrize("beginning", ["", "ff", "fff", "abc", "0"])
def test_an_index_leads_to_what_begins_so(store: Store, beginning: str) -> None:
    assert plans(store, lambda: store.items.beginning(beginning, 2)) == [
        "SEARCH item USING INDEX sqlite_autoindex_item_1 (key>? AND key<?)"
    ]


def test_the_digests_between_two_bounds_are_those_that_begin_so() -> None:
    for beginning in ("", "f", "ff", "fff", "0", "a0b", "f" * 63, "f" * 64):
        low, high = span(beginning)
        for digest in (
            beginning.ljust(64, "0"),
            beginning.ljust(64, "f"),
            "0" * 64,
            "f" * 64,
            "a0a" + "f" * 61,
            "a0c".ljust(64, "0"),
        ):
            assert (low <= as_bytes(digest) <= high) == digest.startswith(beginning)


def test_what_waits_comes_by_priority_and_then_as_it_was_found(store: Store) -> None:
    want(store, "urgent.txt", 10)
    want(store, "late.txt", 90)
    want(store, "other.txt")

    waiting = [each.name for each in store.items.pending(1, ["job"], 99)]

    assert waiting == ["urgent.txt", *NAMES, "other.txt", "late.txt"]


def test_what_waits_is_not_sorted_for_each_window(store: Store) -> None:
    steps = plans(store, lambda: store.items.pending(1, ["job"], 5))

    assert steps[:2] == [
        "SEARCH range_recipe USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH item USING INDEX item_pending (recipe=?)",
    ]
    assert not [step for step in steps if "TEMP B-TREE" in step]


@pytest.mark.parametrize("text", ["", "f", "F" * 64, "f" * 63, "f" * 66, "g" * 64, "f" * 62 + " 1", "é" * 32])
def test_text_that_was_no_digest_is_none_afterwards(text: str) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.create_function("as_is", 1, as_is)
        ((told,),) = database.execute(f"SELECT {as_text('kept')} FROM (SELECT as_is(?) AS kept)", (text,))

    assert told == text.encode().hex()
    assert told != text or not text


def test_a_digest_is_the_same_afterwards() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.create_function("as_is", 1, as_is)
        for text in (digest_of("a"), None):
            assert database.execute(
                f"SELECT {as_text('kept')} FROM (SELECT as_is(?) AS kept)", (text,)
            ).fetchall() == [(text,)]
