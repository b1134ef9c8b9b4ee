"""Where results lie, as the state keeps it: noted with what they are results of, and never believed beyond its checksum."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.models import KnownPack, PackUse, ResultPlace
from docbatch.state.store import Store

ONE, TWO, THREE = (f"{number:064x}" for number in (1, 2, 3))
PACK, OTHER = "a" * 16, "b" * 16


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.writable(tmp_path) as opened:
        yield opened


def put(store: Store, **places: ResultPlace) -> None:
    with store.write():
        store.results.put((digest, place) for digest, place in places.items())


def test_a_place_is_found_by_its_digest_and_the_newest_counts(store: Store) -> None:
    before, after = ResultPlace(PACK, 16, 50), ResultPlace(OTHER, 16, 60)
    put(store, **{ONE: before, TWO: before})
    put(store, **{ONE: after})

    assert (store.results.find(ONE), store.results.find(TWO), store.results.find(THREE)) == (
        after,
        before,
        None,
    )
    assert list(store.results.digests()) == [ONE, TWO]
    assert store.results.count() == 2


def test_what_is_not_committed_is_not_known(store: Store) -> None:
    def fail() -> None:
        with store.write():
            store.results.put([(ONE, ResultPlace(PACK, 16, 50))])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert store.results.find(ONE) is None
    assert store.results.packs() == {}


def test_a_pack_is_known_as_far_as_its_last_result(store: Store) -> None:
    put(store, **{ONE: ResultPlace(PACK, 100, 50)})
    put(store, **{TWO: ResultPlace(PACK, 16, 50)})
    with store.write():
        store.results.reach(OTHER, 99)

    assert store.results.packs() == {
        PACK: KnownPack(150, is_retired=False),
        OTHER: KnownPack(99, is_retired=False),
    }


@pytest.mark.parametrize("change", ["reach = 20", "retired = 1", "checksum = 7", f"name = '{OTHER}'"])
def test_a_record_of_a_pack_that_was_altered_says_no_end(store: Store, change: str) -> None:
    put(store, **{ONE: ResultPlace(PACK, 100, 50)})
    with store.write():
        store.database.execute(f"UPDATE pack SET {change}")

    assert [pack.end for pack in store.results.packs().values()] == [None]


def need(store: Store, table: str, digest: str) -> None:
    columns = {
        "item": f"(key, recipe, digest, size, media_type, priority, status, result, checksum)"
        f" VALUES (x'6b', 1, x'64', 1, 't', 50, 'succeeded', x'{digest}', 0)",
        "delivery": f"(sink, path, output, result) VALUES (1, x'61', x'62', x'{digest}')",
    }
    store.database.execute("PRAGMA foreign_keys = OFF")
    with store.write():
        store.database.execute(f"INSERT INTO {table} {columns[table]}")


@pytest.mark.parametrize("table", ["item", "delivery"])
def test_what_an_item_or_an_output_names_is_needed(store: Store, table: str) -> None:
    place = ResultPlace(PACK, 66, 40)
    put(store, **{ONE: ResultPlace(PACK, 16, 50), TWO: place})
    need(store, table, TWO)

    assert store.results.gather_uses() == [PackUse(PACK, 2, 1, 40)]
    assert list(store.results.needed_of(PACK)) == [(TWO, place)]


def test_a_name_of_a_result_that_is_none_is_passed_over(store: Store) -> None:
    put(store, **{ONE: ResultPlace(PACK, 16, 50)})
    need(store, "item", ONE[2:])

    assert store.results.gather_uses() == [PackUse(PACK, 1, 0, 0)]


def test_a_retired_pack_holds_nothing_and_keeps_what_was_moved(store: Store) -> None:
    put(store, **{ONE: ResultPlace(PACK, 16, 50), TWO: ResultPlace(PACK, 66, 50)})
    need(store, "item", TWO)
    store.results.gather_uses()
    put(store, **{TWO: ResultPlace(OTHER, 16, 50)})
    with store.write():
        store.results.retire(PACK)

    assert list(store.results.digests()) == [TWO]
    assert store.results.packs()[PACK] == KnownPack(116, is_retired=True)
    with store.write():
        store.results.forget_pack(PACK)
    assert list(store.results.packs()) == [OTHER]


def test_a_pack_that_is_gone_takes_along_what_lay_in_it(store: Store) -> None:
    put(store, **{ONE: ResultPlace(PACK, 16, 50), TWO: ResultPlace(OTHER, 16, 50)})
    with store.write():
        store.results.lose_pack(PACK)

    assert list(store.results.digests()) == [TWO]
    assert list(store.results.packs()) == [OTHER]


def test_a_reader_knows_it_too(store: Store, tmp_path: Path) -> None:
    put(store, **{ONE: ResultPlace(PACK, 16, 50)})

    with Store.readable(tmp_path) as reader:
        assert reader.results.find(ONE) == ResultPlace(PACK, 16, 50)
