"""Packs of results in the store of a state: put once, read as a whole, and removed once no snapshot has them."""

from pathlib import Path

import pytest

from docbatch.core.errors import AlteredState, StateError
from docbatch.core.models import StoredPack
from docbatch.spool import Spool
from docbatch.state.remote import stored_packs
from docbatch.state.remote.object_names import pack_name, pack_of
from docbatch.state.remote.recorded_history import newest_snapshot
from docbatch.state.remote.removal import KEPT_FOR, remove_covered, unused_packs
from docbatch.state.remote.state_chunks import PLAIN, ChunkForm
from docbatch.state.remote.state_key import StateKey
from docbatch.state.remote.state_snapshots import write_snapshot
from docbatch.state.remote.store_requests import Get, ListBelow, Put
from docbatch.state.remote.stored_packs import StoredPacks
from tests.first_state import built_once
from tests.state.remote.kept_records import KeptRecords
from tests.state.remote.machines import machine, place

NAME = "0123456789abcdef"
CONTENT = bytes(range(256)) * 3


LOCKED = ChunkForm(StateKey.of(b"k" * 32, "p"))
"""It writes other bytes each time."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / f"{NAME}.pack"
    path.write_bytes(CONTENT)
    return path


def packs(store: KeptRecords, epoch: int = 1, form: ChunkForm = PLAIN) -> StoredPacks:
    return StoredPacks(place(store, form), lambda: epoch)


def test_a_pack_is_one_object_in_the_epoch_of_its_owner(
    store: KeptRecords, file: Path, tmp_path: Path
) -> None:
    stored = packs(store, 7).put(NAME, file)

    assert stored.object == f"packs/0000000007/{NAME}"
    assert [type(each) for each in store.asked] == [Put]
    assert packs(store).names() == {stored.object}
    packs(store, 9).fetch(stored, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == CONTENT
    assert (tmp_path / "again").stat().st_mode & 0o777 == 0o600


def test_a_large_one_is_cut_so_that_no_more_than_a_part_is_in_memory(
    store: KeptRecords, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_packs, "PART", 300)

    stored = packs(store).put(NAME, file)

    assert [len(content) for content, _ in store.objects.values()] == [300, 300, 168]
    assert set(store.objects) == {stored.object, f"{stored.object}.2", f"{stored.object}.3"}
    monkeypatch.setattr(stored_packs, "PART", 100)
    packs(store).fetch(stored, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == CONTENT


@pytest.mark.parametrize("form", [PLAIN, LOCKED])
def test_what_stands_already_and_is_the_same_is_as_good(
    store: KeptRecords, file: Path, tmp_path: Path, form: ChunkForm
) -> None:
    packs(store, 1, form).put(NAME, file)
    before = dict(store.objects)

    stored = packs(store, 1, form).put(NAME, file)

    assert store.objects == before
    packs(store, 1, form).fetch(stored, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == CONTENT


def test_an_answer_that_was_lost_is_read_from_the_name(store: KeptRecords, file: Path) -> None:
    store.loses = lambda number: number == 0

    packs(store).put(NAME, file)

    assert [type(each) for each in store.asked] == [Put, Get]


def test_another_object_in_its_place_is_refused(store: KeptRecords, file: Path) -> None:
    store.objects[pack_name(1, NAME)] = (b"another", 0.0)

    with pytest.raises(AlteredState, match="another object stands in its place"):
        packs(store).put(NAME, file)


def test_a_store_that_says_nothing_is_no_lost_pack(store: KeptRecords, file: Path) -> None:
    store.loses = lambda _: False

    with pytest.raises(StateError, match="does not say whether") as refused:
        packs(store).put(NAME, file)

    assert not isinstance(refused.value, AlteredState)


@pytest.mark.parametrize(
    ("stands", "why"),
    [
        (None, "it is missing"),
        (CONTENT[:-1], "it is missing"),
        (CONTENT + b"!", "it is not as long as it was put"),
        (b"", "it is not as long as it was put"),
        (CONTENT[:-1] + b"!", "its content is another"),
    ],
)
def test_one_that_is_another_is_refused_by_name(
    store: KeptRecords, file: Path, tmp_path: Path, stands: bytes | None, why: str
) -> None:
    stored = packs(store).put(NAME, file)
    del store.objects[stored.object]
    if stands is not None:
        store.objects[stored.object] = (stands, 0.0)

    with pytest.raises(AlteredState, match=why) as refused:
        packs(store).fetch(stored, tmp_path / "again")

    assert stored.object in refused.value.message
    assert "nothing is paid again" in (refused.value.hint or "")


@pytest.mark.parametrize("name", ["packs/1/x", f"packs/0000000001/{NAME}.2", "../lease", "lease"])
def test_what_no_pack_is_called_is_not_asked_for(store: KeptRecords, tmp_path: Path, name: str) -> None:
    with pytest.raises(AlteredState, match="no pack is called so"):
        packs(store).fetch(StoredPack(name, 5, "0" * 64), tmp_path / "again")

    assert store.asked == []


def test_names_of_packs() -> None:
    assert pack_of(pack_name(3, NAME)) == (pack_name(3, NAME), 3)
    assert pack_of(pack_name(3, NAME, 12)) == (pack_name(3, NAME), 3)
    assert pack_of(f"packs/3/{NAME}") is None
    assert pack_of(f"{pack_name(3, NAME)}.0") is None


def later(store: KeptRecords) -> None:
    store.now += KEPT_FOR + 1


def test_packs_of_earlier_epochs_go_when_two_snapshots_do_without(store: KeptRecords, file: Path) -> None:
    one = store.take("one")
    names = [packs(store, 1).put(f"{number:016x}", file).object for number in range(4)]
    parts = pack_name(1, f"{3:016x}", 2)
    store.objects[parts] = (b"", store.now)
    _, first = store.do(
        write_snapshot(one.log, one.log.end, [b"1"], None, packs=(names[0], names[1], names[3]))
    )
    later(store)
    two = store.take("two", takes="one")
    own = packs(store, 2).put(NAME, file).object

    log, second = store.do(write_snapshot(two.log, two.log.end, [b"2"], first, packs=(names[0], names[3])))
    store.do(remove_covered(second, first))
    left = {*names, parts, own} - store.objects.keys()
    assert left == {names[2]}

    later(store)
    log, third = store.do(write_snapshot(log, log.end, [b"3"], second, packs=(names[0],)))
    store.do(remove_covered(third, second))
    assert {*names, parts, own} - store.objects.keys() == {names[1], names[2]}

    later(store)
    _, fourth = store.do(write_snapshot(log, log.end, [b"4"], third, packs=(names[0],)))
    store.do(remove_covered(fourth, third))
    assert {*names, parts, own} - store.objects.keys() == {*names[1:], parts}


def test_what_is_younger_than_a_week_stays(store: KeptRecords, file: Path) -> None:
    one = store.take("one")
    name = packs(store, 1).put(NAME, file).object
    store.now += KEPT_FOR - 60
    _, first = store.do(write_snapshot(one.log, one.log.end, [b"1"], None, packs=()))
    two = store.take("two", takes="one")
    _, second = store.do(write_snapshot(two.log, two.log.end, [b"2"], first, packs=()))

    store.do(remove_covered(second, first))

    assert name in store.objects


def test_of_a_snapshot_that_does_not_say_which_packs_it_has_none_goes(store: KeptRecords, file: Path) -> None:
    one = store.take("one")
    name = packs(store, 1).put(NAME, file).object
    _, first = store.do(write_snapshot(one.log, one.log.end, [b"1"], None))
    later(store)
    two = store.take("two", takes="one")
    _, second = store.do(write_snapshot(two.log, two.log.end, [b"2"], first, packs=()))
    store.asked.clear()

    store.do(remove_covered(second, first))

    assert name in store.objects
    assert ListBelow("packs/") not in store.asked
    assert list(unused_packs((), [second, first])) == []


def test_a_snapshot_of_a_state_names_its_packs_and_who_takes_over_reads_them(
    store: KeptRecords, tmp_path: Path
) -> None:
    with built_once():
        with machine(store, tmp_path / "a") as one:
            kept = packs(store, one.state.end.position.epoch)
            spool = Spool(tmp_path / "a" / "spool", one.store.results, packs=kept)
            spool.sweep()
            draft = spool.draft(b"a result")
            spool.record([(draft.digest, spool.admit(draft))])
            assert one.state.snapshot()
        with machine(store, tmp_path / "b") as two:
            snapshot = store.do(newest_snapshot("p"))
            assert snapshot is not None
            (name,) = snapshot.packs or ()
            fresh = Spool(tmp_path / "b" / "spool", two.store.results, packs=packs(store))

            assert fresh.read(draft.digest) == b"a result"
            assert name in store.objects
