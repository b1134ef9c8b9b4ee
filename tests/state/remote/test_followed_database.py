"""What the writer commits is told whole, or an error says that it cannot be."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.state.remote.log_records import RecordKind
from docbatch.state.remote.remote_state import refresh
from tests.first_state import built_once
from tests.state.remote.kept_records import KeptRecords
from tests.state.remote.machines import Machine, begin, kill, names, place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a"


@pytest.fixture
def one(store: KeptRecords, folder: Path) -> Iterator[Machine]:
    with built_once():
        one = begin(store, folder)
    one.add("s1")
    yield one
    if one.state._followed is not None:
        kill(one)


def spill(one: Machine) -> None:
    """Begin to write more than is kept in memory, and take it back."""
    connection = one.store.database.connection
    connection.execute("PRAGMA cache_size = 5")
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE filler (content BLOB)")
    connection.executemany("INSERT INTO filler VALUES (?)", [(bytes(4000),)] * 200)
    connection.execute("ROLLBACK")


def test_sqlite_takes_nothing_into_the_database_by_itself(one: Machine) -> None:
    assert one.store.database.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)


def test_what_was_taken_back_is_in_no_record(
    one: Machine, store: KeptRecords, folder: Path, tmp_path: Path
) -> None:
    before = (folder / "state.db-wal").stat().st_size
    spill(one)
    one.add("s2")
    spill(one)
    one.add("s3")
    assert (folder / "state.db-wal").stat().st_size > before + 200 * 4000
    one.state.close()

    refresh(place(store), "p", tmp_path / "b")

    assert names(tmp_path / "b" / "state.db") == ["s1", "s2", "s3"]
    assert (tmp_path / "b" / "state.db").read_bytes() == (folder / "state.db").read_bytes()


def test_a_frame_that_was_damaged_before_it_was_read_is_no_record(
    one: Machine, store: KeptRecords, folder: Path, tmp_path: Path
) -> None:
    log = folder / "state.db-wal"
    before = log.stat().st_size
    one.add("s2", None)
    with log.open("r+b") as stream:
        stream.seek(before + 5000)
        stream.write(b"\xff" * 90)

    with pytest.raises(StateError, match="one is damaged") as refused:
        one.state.publish(RecordKind.INTENT)

    assert "run the same command again" in str(refused.value.hint)
    one.state.close()
    refresh(place(store), "p", tmp_path / "b")
    assert names(tmp_path / "b" / "state.db") == ["s1"]


def test_what_was_not_read_is_not_taken_in(one: Machine) -> None:
    one.add("s2", None)
    followed = one.state._following()

    with pytest.raises(StateError, match="frames, of which"):
        followed.settled()


def test_nothing_is_told_of_a_transaction_that_is_open(one: Machine) -> None:
    with one.store.write(), pytest.raises(StateError, match="a transaction is open"):
        one.state.publish(RecordKind.CHANGES)


def test_a_log_that_is_gone_is_no_record(one: Machine, folder: Path) -> None:
    one.add("s2", None)
    (folder / "state.db-wal").unlink()

    with pytest.raises(StateError, match="cannot be told from its log: it is gone"):
        one.state.publish(RecordKind.CHANGES)
