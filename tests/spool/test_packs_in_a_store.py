"""Packs that lie in a store as well: put as a whole before anything in them counts, and fetched once something in them is read."""

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from docbatch.core.errors import ResultLost, StateError
from docbatch.core.models import ResultPlace, StoredPack
from docbatch.spool import Spool, compaction, readable_spool
from docbatch.spool.compaction import compact
from docbatch.spool.pack import MAGIC, PackWriter, file_of, mark, packs_in
from docbatch.spool.restored_packs import settle_restored
from docbatch.state.results import Results
from docbatch.state.store import Store
from tests.spool.index_here import IndexHere
from tests.spool.packs_here import UNREACHABLE, PacksHere

TEXTS = [f"result {number}".encode() for number in range(5)]


@pytest.fixture
def index() -> IndexHere:
    return IndexHere()


@pytest.fixture
def packs() -> PacksHere:
    return PacksHere()


@pytest.fixture
def spool(tmp_path: Path, index: IndexHere, packs: PacksHere) -> Spool:
    return opened(tmp_path / "here", index, packs)


def opened(root: Path, index: IndexHere | Results, packs: PacksHere) -> Spool:
    made = Spool(root, index, packs=packs)
    made.sweep()
    made.clear_leftovers(whole=True)
    return made


def kept(spool: Spool, *payloads: bytes) -> list[str]:
    """Keep results, one pack for all, and record them; return their digests."""
    drafts = [spool.draft(each) for each in payloads]
    spool.record([(each.digest, spool.admit(each)) for each in drafts])
    return [each.digest for each in drafts]


@pytest.fixture
def fresh(tmp_path: Path, spool: Spool, index: IndexHere, packs: PacksHere) -> Spool:
    """The spool of a machine that has the state, and no pack: there are two, the last with one result."""
    kept(spool, *TEXTS[:4])
    kept(spool, TEXTS[4])
    spool.close()
    packs.asked.clear()
    return opened(tmp_path / "fresh", index, packs)


def digest_of(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()


DIGESTS = list(map(digest_of, TEXTS))


def test_what_was_admitted_is_put_as_one_object_that_the_index_knows(
    spool: Spool, index: IndexHere, packs: PacksHere
) -> None:
    for text in TEXTS:
        spool.write(text)

    assert spool.store()

    (name,) = packs.objects
    assert packs.objects[name] == file_of(spool.packs, name).read_bytes()
    assert index.known[name].stored == StoredPack(
        name, len(packs.objects[name]), digest_of(packs.objects[name])
    )
    assert index.known[name].end == len(packs.objects[name])


def test_nothing_is_put_where_nothing_new_was_admitted(spool: Spool, packs: PacksHere) -> None:
    kept(spool, TEXTS[0])

    assert not spool.store()
    assert not spool.store_left()
    assert len(packs.asked) == 1


def test_another_pack_begins_with_what_follows(spool: Spool, packs: PacksHere) -> None:
    kept(spool, TEXTS[0])
    kept(spool, TEXTS[1])

    assert len(packs.objects) == len(packs_in(spool.packs)) == 2


def test_a_pack_that_cannot_be_put_counts_for_nothing_and_is_put_later(
    spool: Spool, index: IndexHere, packs: PacksHere
) -> None:
    digest = spool.write(TEXTS[0])
    packs.is_away = True
    with pytest.raises(StateError, match=UNREACHABLE):
        spool.store()
    assert index.known == {}

    packs.is_away = False
    other = spool.write(TEXTS[1])
    assert spool.store()

    assert len(packs.objects) == 2
    assert {index.known[name].stored is not None for name in packs.objects} == {True}
    assert [spool.read(each) for each in (digest, other)] == TEXTS[:2]


def test_free_results_are_put_in_larger_steps(spool: Spool, packs: PacksHere) -> None:
    first = [(digest, spool.where(digest)) for digest in map(spool.write, TEXTS)]
    assert not spool.store(1000)
    assert packs.objects == {}
    assert all(place is not None for _, place in first)

    spool.write(os.urandom(1000))

    assert spool.store(1000)
    assert len(packs.objects) == 1


def test_what_is_left_here_is_put_at_the_end(
    tmp_path: Path, spool: Spool, index: IndexHere, packs: PacksHere
) -> None:
    draft = spool.draft(TEXTS[0])
    place = spool.admit(draft)
    assert not spool.store(1000)
    index.put([(draft.digest, place)])
    spool.close()
    again = opened(tmp_path / "here", index, packs)
    again.write(TEXTS[1])

    assert again.store_left()

    assert len(packs.objects) == 2
    assert opened(tmp_path / "fresh", index, packs).read(draft.digest) == TEXTS[0]
    assert not again.store_left()


def test_a_full_pack_waits_until_what_is_in_it_is_to_count(
    tmp_path: Path, index: IndexHere, packs: PacksHere
) -> None:
    spool = Spool(tmp_path / "here", index, packs=packs, largest=100)
    spool.sweep()
    for _ in range(4):
        spool.write(os.urandom(90))
    assert packs.objects == {}

    assert spool.store()

    assert len(packs.objects) == 4


def test_no_marks_are_written_of_a_state_that_never_goes_back(spool: Spool, packs: PacksHere) -> None:
    draft = spool.draft(TEXTS[0])
    spool.recorded([(draft.digest, spool.admit(draft))])
    kept(spool, TEXTS[1])

    (content,) = packs.objects.values()
    assert mark(len(MAGIC) + len(draft.entry if isinstance(draft.entry, bytes) else b"")) not in content


def test_a_fresh_machine_fetches_a_pack_once_for_all_that_is_read_of_it(
    fresh: Spool, packs: PacksHere
) -> None:
    assert [fresh.read(each) for each in DIGESTS[:4]] == TEXTS[:4]

    assert len(packs.asked) == 1
    assert list(packs_in(fresh.packs)) == [packs.asked[0].removeprefix("fetch ")]


def test_nothing_is_fetched_to_know_what_there_is(fresh: Spool, packs: PacksHere) -> None:
    assert all(map(fresh.has, DIGESTS))
    assert not any(map(fresh.is_here, DIGESTS))
    assert None not in fresh.places(DIGESTS)
    assert (fresh.is_empty(), fresh.lacks_packs(), fresh.count()) == (False, False, 5)
    assert fresh.size() == sum(map(len, packs.objects.values()))
    fresh.forget_gone_packs()
    assert fresh.forget_gone_stored() == []

    assert packs.asked == []


def test_one_asked_for_by_many_threads_is_fetched_once(fresh: Spool, packs: PacksHere) -> None:
    all_at_once = Barrier(8)

    def read(number: int) -> bytes:
        all_at_once.wait()
        return fresh.read(DIGESTS[number % 4])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, range(8))) == TEXTS[:4] * 2

    assert len(packs.asked) == 1


def test_packs_are_brought_for_who_reads_the_files_alone(fresh: Spool, packs: PacksHere) -> None:
    places = fresh.places(DIGESTS)

    fresh.bring([*places, None, ResultPlace("f" * 16, 16, 10)])

    elsewhere = Spool(fresh.root)
    assert [elsewhere.read(*each) for each in zip(DIGESTS, places, strict=True)] == TEXTS
    assert len(packs.asked) == 2


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [damaged, Path.unlink, lambda path: os.truncate(path, 20)])
def test_a_pack_that_is_spoilt_here_is_fetched_anew(
    spool: Spool, packs: PacksHere, spoil: Callable[[Path], object]
) -> None:
    (digest,) = kept(spool, TEXTS[0])
    assert spool.read(digest) == TEXTS[0]
    (name,) = packs.objects
    spool._open.forget()
    spoil(file_of(spool.packs, name))

    assert spool.read(digest) == TEXTS[0]
    assert packs.asked == [f"put {name}", f"fetch {name}"]


def alter(packs: PacksHere, name: str) -> None:
    packs.objects[name] += b"!"


def remove(packs: PacksHere, name: str) -> None:
    del packs.objects[name]


@pytest.mark.parametrize(("spoil", "why"), [(alter, "its content is another"), (remove, "it is missing")])
def test_one_that_is_gone_from_the_store_is_lost_and_named_once(
    fresh: Spool, index: IndexHere, packs: PacksHere, spoil: Callable[[PacksHere, str], object], why: str
) -> None:
    place = fresh.where(DIGESTS[0])
    assert place is not None
    spoil(packs, place.pack)

    for digest in DIGESTS[:2]:
        with pytest.raises(ResultLost, match=f"{place.pack}': {why}"):
            fresh.read(digest)

    assert len(packs.asked) == 1
    assert not packs_in(fresh.packs)
    assert not list(fresh.packs.iterdir())
    assert [fresh.has(each) for each in DIGESTS] == [False] * 4 + [True]
    assert fresh.lacks_packs()
    (told,) = fresh.forget_gone_stored()
    assert place.pack in told
    assert fresh.forget_gone_stored() == []
    assert index.known[place.pack].stored is None
    fresh.forget_gone_packs()
    assert place.pack not in index.known
    assert fresh.read(DIGESTS[4]) == TEXTS[4]


def test_a_store_that_does_not_answer_loses_nothing(fresh: Spool, packs: PacksHere) -> None:
    packs.is_away = True
    with pytest.raises(StateError, match=UNREACHABLE) as refused:
        fresh.read(DIGESTS[0])
    assert not isinstance(refused.value, ResultLost)
    with pytest.raises(StateError, match=UNREACHABLE):
        fresh.bring(fresh.places(DIGESTS))

    packs.is_away = False

    assert fresh.read(DIGESTS[0]) == TEXTS[0]


def test_leftovers_of_an_owner_that_was_replaced_are_dropped(
    tmp_path: Path, spool: Spool, index: IndexHere, packs: PacksHere
) -> None:
    kept(spool, TEXTS[0])
    (name,) = packs.objects
    spool.write(TEXTS[1])
    spool.flush()
    marked = PackWriter(spool.packs)
    marked.note_recorded(marked.append(spool_entry(spool, TEXTS[2])))
    marked.mark()
    draft = spool.packs / f"{name}.pack.0.part"
    draft.write_bytes(b"half of it")
    assert len(packs_in(spool.packs)) == 3

    opened(tmp_path / "here", index, packs)

    assert list(packs_in(spool.packs)) == [name]
    assert not draft.exists()
    assert list(index.known) == [name]


def spool_entry(spool: Spool, payload: bytes) -> bytes:
    entry = spool.draft(payload).entry
    assert isinstance(entry, bytes)
    return entry


def test_a_copy_that_is_not_as_long_as_what_is_in_the_store_is_dropped(
    tmp_path: Path, spool: Spool, index: IndexHere, packs: PacksHere
) -> None:
    (digest,) = kept(spool, TEXTS[0])
    (name,) = packs.objects
    with file_of(spool.packs, name).open("ab") as file:
        file.write(b"more")

    again = opened(tmp_path / "here", index, packs)

    assert packs_in(spool.packs) == {}
    assert again.read(digest) == TEXTS[0]


@pytest.fixture
def state(tmp_path: Path) -> Store:
    return Store.writable(tmp_path / "state")


def needed(state: Store, digests: Sequence[str]) -> None:
    """Have outputs need these results, and no others."""
    state.database.execute("PRAGMA foreign_keys = OFF")
    with state.write():
        for number, digest in enumerate(digests):
            state.database.execute(
                "INSERT INTO delivery (sink, path, output, result, stamp, due) VALUES (1, ?, x'', ?, '', 0)",
                (str(number).encode(), bytes.fromhex(digest)),
            )


def test_many_small_packs_become_one_and_what_nothing_needs_is_not_fetched(
    tmp_path: Path, state: Store, packs: PacksHere
) -> None:
    with state:
        spool = opened(tmp_path / "here", state.results, packs)
        digests = [kept(spool, f"text {number}".encode())[0] for number in range(compaction.MANY + 2)]
        needed(state, digests[1:])
        spool.close()
        shutil.rmtree(spool.root)
        packs.asked.clear()
        fresh = opened(tmp_path / "here", state.results, packs)
        wanted = state.results.find(digests[0])
        assert wanted is not None

        done = compact(fresh, state.results)

        assert (done.packs, done.dropped, done.damaged, done.waits) == (compaction.MANY + 2, 1, 0, False)
        assert len([each for each in packs.asked if each.startswith("put")]) == 1
        assert f"fetch {wanted.pack}" not in packs.asked
        assert len(state.results.packs()) == 1
        assert [fresh.read(each) for each in digests[1:]] == [
            f"text {number}".encode() for number in range(1, compaction.MANY + 2)
        ]


def test_a_rehearsal_of_that_fetches_nothing(tmp_path: Path, state: Store, packs: PacksHere) -> None:
    with state:
        spool = opened(tmp_path / "here", state.results, packs)
        kept(spool, TEXTS[0])
        shutil.rmtree(spool.root)
        packs.asked.clear()

        done = compact(opened(tmp_path / "here", state.results, packs), state.results, dry_run=True)

        assert (done.packs, done.dropped) == (1, 1)
        assert packs.asked == []


def test_a_pack_that_is_gone_from_the_store_stays_as_it_is_recorded(
    tmp_path: Path, state: Store, packs: PacksHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "MANY", 1)
    with state:
        spool = opened(tmp_path / "here", state.results, packs)
        digests = [kept(spool, text)[0] for text in TEXTS[:2]]
        needed(state, digests)
        shutil.rmtree(spool.root)
        place = state.results.find(digests[0])
        assert place is not None
        del packs.objects[place.pack]

        compact(fresh := opened(tmp_path / "here", state.results, packs), state.results)

        assert state.results.find(digests[0]) == place
        assert fresh.read(digests[1]) == TEXTS[1]


def test_packs_of_a_restored_state_are_put_anew_but_for_those_that_certainly_stay(
    tmp_path: Path, state: Store, packs: PacksHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    with state:
        spool = opened(tmp_path / "here", state.results, packs)
        digests = [kept(spool, text)[0] for text in TEXTS[:3]]
        places = [state.results.find(each) for each in digests]
        names = [place.pack for place in places if place is not None]
        before = {names[0]: state.results.packs()[names[0]].stored}
        del packs.objects[names[2]]
        shutil.rmtree(spool.root)
        packs.asked.clear()
        fresh = opened(tmp_path / "here", state.results, packs)

        settle_restored(fresh, state.results, {name: each for name, each in before.items() if each})

        assert packs.asked == [f"fetch {names[1]}", f"fetch {names[2]}", f"put {names[1]}"]
        assert [state.results.stored(name) is not None for name in names] == [True, True, False]


def test_without_a_store_no_pack_of_a_restored_state_counts_as_being_in_one(
    tmp_path: Path, state: Store, packs: PacksHere
) -> None:
    with state:
        spool = opened(tmp_path / "here", state.results, packs)
        (digest,) = kept(spool, TEXTS[0])
        here = Spool(spool.root, state.results)

        settle_restored(here, state.results, {})

        assert here.read(digest) == TEXTS[0]
        assert [each.stored for each in state.results.packs().values()] == [None]


def test_large_packs_are_closed_early_where_they_are_fetched_as_a_whole(spool: Spool) -> None:
    assert spool._largest == readable_spool.LARGEST_STORED
