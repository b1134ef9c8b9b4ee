"""A state that machines work on by turns, each with a copy of its own: what one recorded, the next has."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.core.errors import AlteredState, GuardRefused, OwnerReplaced, StateError
from docbatch.state.remote import followed_database, remote_state
from docbatch.state.remote.log_records import RecordKind
from docbatch.state.remote.page_changes import PageChanges
from docbatch.state.remote.remote_state import refresh
from docbatch.state.remote.store_requests import Get
from docbatch.state.store import Store
from tests.state.remote.kept_records import KeptRecords
from tests.state.remote.machines import begin, kill, machine, names, place, rows

pytestmark = pytest.mark.usefixtures("quick_state")


def database(folder: Path) -> bytes:
    return (folder / "state.db").read_bytes()


def test_what_one_machine_recorded_the_next_has(store: KeptRecords, a: Path, b: Path) -> None:
    with machine(store, a) as one:
        one.add("s1")
        one.add("s2", None)
    with machine(store, b) as two:
        assert rows(b / "state.db") == rows(a / "state.db")
        two.add("s3")
    with machine(store, a):
        pass

    assert names(a / "state.db") == ["s1", "s2", "s3"]
    assert database(a) == database(b)


def test_a_copy_that_goes_on_reads_what_it_has_not_and_no_more(store: KeptRecords, a: Path, b: Path) -> None:
    with machine(store, a) as one:
        one.add("s1")
    refresh(place(store), "p", b)
    with machine(store, a) as one:
        one.add("s2")
    store.asked.clear()

    refresh(place(store), "p", b)

    got = [request.name for request in store.asked if isinstance(request, Get)]
    assert [name for name in got if name.startswith("chunks/")] == []
    assert rows(b / "state.db") == rows(a / "state.db")


def test_a_copy_that_is_all_there_is_costs_one_request(store: KeptRecords, a: Path) -> None:
    with machine(store, a) as one:
        one.add("s1")
    store.asked.clear()
    before = database(a)

    refresh(place(store), "p", a)

    assert store.asked == [Get("lease")]
    assert database(a) == before


def test_what_was_not_recorded_is_gone_with_the_machine(store: KeptRecords, a: Path, b: Path) -> None:
    one = begin(store, a, "one")
    one.add("s1")
    one.add("s2", None)
    kill(one)

    with machine(store, a, takes="one"):
        assert names(a / "state.db") == ["s1"]
    refresh(place(store), "p", b)

    assert rows(b / "state.db") == rows(a / "state.db")


def test_who_was_replaced_records_nothing_more(store: KeptRecords, a: Path, b: Path) -> None:
    one = begin(store, a, "one")
    one.add("s1")
    two = begin(store, b, "two", takes="one")
    with pytest.raises(OwnerReplaced):
        one.add("s2")
    with pytest.raises(StateError, match="nothing more is recorded"):
        one.state.publish(RecordKind.INTENT)
    one.state.close()
    two.add("s3")
    two.state.close()

    refresh(place(store), "p", a)

    assert names(a / "state.db") == ["s1", "s3"]
    assert rows(a / "state.db") == rows(b / "state.db")


def test_twenty_machines_that_are_thrown_away_are_as_good_as_one(store: KeptRecords, tmp_path: Path) -> None:
    draw = random.Random(7)
    for number in range(20):
        folder = tmp_path / f"m{number}"
        with machine(store, folder) as one:
            one.add(f"s{number:02}a")
            if not draw.randrange(4):
                assert one.state.snapshot()
            one.add(f"s{number:02}b", draw.choice([None, RecordKind.CHANGES]))
        if number < 19:
            shutil.rmtree(folder)

    assert names(tmp_path / "m19" / "state.db") == [f"s{n:02}{end}" for n in range(20) for end in "ab"]
    assert store.waited == []
    rows(tmp_path / "m19" / "state.db")


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_whichever_answers_are_lost_the_next_has_it_all(
    store: KeptRecords, a: Path, b: Path, seed: int, *, done: bool
) -> None:
    draw = random.Random(seed)
    store.loses = lambda _: done if draw.random() < 0.3 else None
    with machine(store, a) as one:
        one.add("s1")
        one.state.snapshot()
        one.add("s2")

    with machine(store, b):
        assert rows(b / "state.db") == rows(a / "state.db")
    assert names(b / "state.db") == ["s1", "s2"]


def test_a_snapshot_puts_only_pieces_that_the_last_had_not(store: KeptRecords, a: Path, b: Path) -> None:
    with machine(store, a) as one:
        with one.store.write():
            one.store.database.execute("CREATE TABLE filler (content BLOB)")
            one.store.database.executemany(
                "INSERT INTO filler VALUES (?)", [(random.Random(n).randbytes(4000),) for n in range(600)]
            )
        one.state.snapshot()
        before = {name for name in store.objects if name.startswith("chunks/")}
        one.add("s1")
        one.state.snapshot()
        after = {name for name in store.objects if name.startswith("chunks/")}

    assert len(before) > 10
    assert 0 < len(after - before) < 5
    refresh(place(store), "p", b)
    assert database(b) == database(a)


def test_a_copy_that_is_too_old_reads_only_pieces_it_has_not(store: KeptRecords, a: Path, b: Path) -> None:
    with machine(store, a) as one, one.store.write():
        one.store.database.execute("CREATE TABLE filler (content BLOB)")
        one.store.database.executemany(
            "INSERT INTO filler VALUES (?)", [(random.Random(n).randbytes(4000),) for n in range(600)]
        )
    refresh(place(store), "p", b)
    with machine(store, a) as one:
        one.add("s1")
        one.state.snapshot()
    store.asked.clear()

    refresh(place(store), "p", b)

    read = [each for each in store.asked if isinstance(each, Get) and each.name.startswith("chunks/")]
    assert 0 < len(read) < 5
    assert database(b) == database(a)


def test_a_change_that_is_too_much_for_a_record_names_all_pieces(
    store: KeptRecords, a: Path, b: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine(store, a) as one:
        one.add("s1")
        monkeypatch.setattr(followed_database, "MOST_FRAMES", 3)
        one.add("s2")
        monkeypatch.undo()
        one.add("s3")
        kinds = [isinstance(one.state._following().changes(), PageChanges)]

    refresh(place(store), "p", b)

    assert kinds == [True]
    assert names(b / "state.db") == ["s1", "s2", "s3"]
    assert database(b) == database(a)


def test_a_log_that_was_recorded_is_taken_in_now_and_then(
    store: KeptRecords, a: Path, b: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_database, "MOST_KEPT", 10)
    log = a / "state.db-wal"
    with machine(store, a) as one:
        sizes = []
        for number in range(6):
            one.add(f"s{number}")
            sizes.append(log.stat().st_size)

    assert sizes.count(0) > 1
    refresh(place(store), "p", b)
    assert database(b) == database(a)


@pytest.mark.parametrize("how", ["PRAGMA wal_checkpoint(TRUNCATE)", "SELECT count(*) FROM item"])
def test_another_program_that_opens_the_copy_takes_nothing_from_the_log(
    store: KeptRecords, a: Path, b: Path, how: str
) -> None:
    """Its connection is of the same process here, which is the harder case: their locks are told apart by SQLite alone."""
    with machine(store, a) as one:
        for number in range(3):
            one.add(f"s{number}", None if number == 1 else RecordKind.INTENT)
            with closing(sqlite3.connect(a / "state.db", timeout=0, isolation_level=None)) as other:
                other.execute(how).fetchall()

    refresh(place(store), "p", b)

    assert names(b / "state.db") == ["s0", "s1", "s2"]
    assert rows(b / "state.db") == rows(a / "state.db")


def test_a_reader_on_the_machine_only_delays_a_snapshot(store: KeptRecords, a: Path, b: Path) -> None:
    with machine(store, a) as one:
        one.add("s1")
        with closing(sqlite3.connect(a / "state.db", isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM item").fetchone()
            one.add("s2")
            assert not one.state.snapshot()
            one.add("s3")
        assert one.state.snapshot()

    refresh(place(store), "p", b)

    assert names(b / "state.db") == ["s1", "s2", "s3"]


def test_a_snapshot_is_due_after_many_records(
    store: KeptRecords, a: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_state, "MOST_RECORDS", 4)
    for _ in range(3):
        with machine(store, a) as one:
            one.add(f"s{len(store.objects)}")

    assert len([name for name in store.objects if name.startswith("snapshots/")]) == 1


@pytest.mark.parametrize("end", ["missing", "another", "longer", "nothing"])
def test_a_chunk_that_is_not_as_it_was_is_noticed(store: KeptRecords, a: Path, b: Path, end: str) -> None:
    with machine(store, a) as one:
        one.add("s1")
    (chunk, *_) = [name for name in store.objects if name.startswith("chunks/")]
    content, date = store.objects.pop(chunk)
    forged = {"another": content[:-9] + bytes(9), "longer": content + b"x", "nothing": b""}
    if end in forged:
        store.objects[chunk] = (forged[end], date)

    with pytest.raises(AlteredState, match=r"chunks/.*: (it is missing|its content is another)"):
        refresh(place(store), "p", b)

    store.objects[chunk] = (content, date)
    refresh(place(store), "p", b)
    assert database(b) == database(a)


def test_a_state_that_is_no_copy_is_left_alone(store: KeptRecords, a: Path) -> None:
    Store.writable(a).close()
    before = database(a)

    with pytest.raises(GuardRefused, match="no copy of one in a store"):
        begin(store, a)

    assert database(a) == before
    assert store.asked == []
