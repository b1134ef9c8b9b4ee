"""A restored backup is told from the state that went on without it."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.errors import GuardRefused
from docbatch.core.lifecycle import Event
from docbatch.state.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.writable(tmp_path) as store:
        yield store


def go_on(store: Store) -> None:
    with store.write():
        store.events.append("s1", Event.INTENDED, {})
    store.raise_serial()


def set_back(store: Store) -> None:
    with store.write():
        store.database.execute("DELETE FROM event")


def restored(folder: Path) -> str | None:
    """Return what a state is taken for when it is opened."""
    with Store.writable(folder) as store:
        return store.restored()


def test_a_state_that_went_on_is_not_taken_for_a_restored_one(tmp_path: Path) -> None:
    assert restored(tmp_path) is None
    with Store.writable(tmp_path) as store:
        go_on(store)

    assert restored(tmp_path) is None


def test_a_state_older_than_what_was_done_with_it_is_refused_for_good(tmp_path: Path) -> None:
    with Store.writable(tmp_path) as store:
        go_on(store)
        set_back(store)
    with Store.writable(tmp_path) as store:
        go_on(store)
        go_on(store)

    with (
        Store.writable(tmp_path) as store,
        pytest.raises(GuardRefused, match="ends at event 0, and event 1") as raised,
    ):
        store.refuse_restored()

    assert raised.value.exit_code == 6
    assert "docbatch recover" in str(raised.value.hint)


def test_a_new_state_in_the_place_of_a_lost_one_is_refused(tmp_path: Path) -> None:
    with Store.writable(tmp_path) as store:
        go_on(store)
    (tmp_path / "state.db").unlink()

    with Store.writable(tmp_path) as store, pytest.raises(GuardRefused, match="this is another"):
        store.refuse_restored()


def test_events_recorded_since_do_not_matter(tmp_path: Path) -> None:
    with Store.writable(tmp_path) as store:
        go_on(store)
        with store.write():
            store.events.append("s1", Event.ACCEPTED, {})

    assert restored(tmp_path) is None


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (b"another 3 here", "and this is another"),
        (b"{lineage} many here", "serial is damaged, and how far the state had come before is not known"),
        (b"{lineage} \xff\xfe", "serial is damaged"),
        ("{lineage} \u0663 here".encode(), "serial is damaged"),
        (b"{lineage} -1 here", "serial is damaged"),
        (b"{lineage} " + b"9" * 5000, "serial is damaged"),
        (b"\xff \xfe", "serial is damaged"),
        (b"only-one-word", "serial is damaged"),
        (b"", "serial is damaged"),
    ],
)
def test_a_note_that_does_not_vouch_for_the_state_refuses_it(tmp_path: Path, note: bytes, why: str) -> None:
    with Store.writable(tmp_path) as store:
        lineage = store.lineage.encode()
    (tmp_path / "serial").write_bytes(note.replace(b"{lineage}", lineage))

    assert why in (restored(tmp_path) or "")


def test_a_note_without_an_end_is_not_read_to_it(tmp_path: Path) -> None:
    assert restored(tmp_path) is None
    with (tmp_path / "serial").open("wb") as note:
        note.truncate(1 << 40)

    assert "serial is damaged" in (restored(tmp_path) or "")


def test_the_note_is_replaced_whole(store: Store) -> None:
    go_on(store)
    go_on(store)

    assert (store.folder / "serial").read_text().split()[:2] == [store.lineage, "2"]
    assert not (store.folder / "serial.new").exists()


def test_only_a_copy_of_the_folder_counts_as_moved(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.mkdir()
    with Store.writable(original) as store:
        assert not store.home.is_moved()
        go_on(store)
        assert not store.home.is_moved()
    shutil.copytree(original, copy)

    with Store.writable(copy) as moved, Store.writable(original) as store:
        assert moved.home.is_moved()
        assert not store.home.is_moved()
        moved.raise_serial()
        assert not moved.home.is_moved()


def test_a_state_that_is_trusted_again_is_refused_no_longer(tmp_path: Path) -> None:
    with Store.writable(tmp_path) as store:
        go_on(store)
    (tmp_path / "state.db").unlink()
    with Store.writable(tmp_path) as store:
        assert store.restored() is not None
        store.trust()

    with Store.writable(tmp_path) as store:
        store.refuse_restored()
        assert store.restored() is None


def test_a_state_that_needs_no_trust_leaves_the_note_alone(store: Store) -> None:
    store.trust()

    assert store.last_spent() is None


def test_the_note_tells_when_something_was_last_about_to_be_sent(store: Store) -> None:
    go_on(store)
    os.utime(store.folder / "serial", (1000, 1000))
    assert store.last_spent() == 1000

    go_on(store)

    assert store.last_spent() == (store.folder / "serial").stat().st_mtime != 1000


@pytest.mark.parametrize("is_writing", [True, False])
def test_an_interrupt_while_a_checksum_is_made_is_an_interrupt(tmp_path: Path, is_writing: bool) -> None:
    def interrupted(*_values: object) -> int:
        raise KeyboardInterrupt

    def use_the_state() -> None:
        with Store.writable(tmp_path) as store:
            store.database.connection.create_function("row_sum", -1, interrupted)
            with store.write() if is_writing else contextlib.nullcontext():
                store.database.execute("SELECT row_sum(1)").fetchone()

    with pytest.raises(KeyboardInterrupt):
        use_the_state()
