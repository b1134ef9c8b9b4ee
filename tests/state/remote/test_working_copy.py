"""A copy whose machine was killed in the midst of what it wrote is as good as it was, or is not believed."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from docbatch.state.homes import COPY_NOTE
from docbatch.state.remote import page_changes, working_copy
from docbatch.state.remote.copy_position import note, noted
from docbatch.state.remote.log_records import START, LogRecord, RecordKind
from docbatch.state.remote.page_changes import PageChanges
from docbatch.state.remote.remote_state import refresh
from docbatch.state.remote.state_chunks import ChunkForm
from docbatch.state.remote.working_copy import WorkingCopy
from tests.first_state import built_once
from tests.state.remote.cut_writes import Killed, cut_at
from tests.state.remote.folder_records import FolderRecords
from tests.state.remote.kept_records import KeptRecords
from tests.state.remote.machines import begin, kill, machine, names, place, rows


@pytest.fixture(autouse=True)
def _quick_state() -> Iterator[None]:
    with built_once():
        yield


class Past(NamedTuple):
    """A store, what is in it now, and copies that fell behind: let go of in order, killed, and before a snapshot.

    `former` is the store as it was when the copy `settled` was all there was.
    """

    store: KeptRecords
    former: KeptRecords
    now: bytes
    copies: dict[str, Path]


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    folder, store = tmp_path_factory.mktemp("past"), KeptRecords()
    with built_once():
        with machine(store, folder / "old") as one:
            one.add("s1")
        with machine(store, folder / "owner") as one:
            one.add("s2")
            assert one.state.snapshot()
        shutil.copytree(folder / "owner", folder / "settled")
        former = KeptRecords()
        former.objects = dict(store.objects)
        dead = begin(store, folder / "killed", "dead")
        dead.add("s3")
        dead.add("lost", None)
        kill(dead)
        with machine(store, folder / "owner", takes="dead") as one:
            one.add("s4")
    copies = {each: folder / each for each in ("old", "settled", "killed", "fresh")}
    return Past(store, former, (folder / "owner" / "state.db").read_bytes(), copies)


def copy_of(past: Past, which: str, to: Path) -> Path:
    if past.copies[which].exists():
        shutil.copytree(past.copies[which], to)
    return to


def refreshed(past: Past, folder: Path) -> None:
    refresh(place(past.store), "p", folder)


@pytest.mark.parametrize("which", ["old", "settled", "killed", "fresh"])
def test_a_copy_that_fell_behind_is_brought_up(past: Past, tmp_path: Path, which: str) -> None:
    folder = copy_of(past, which, tmp_path / "copy")

    refreshed(past, folder)

    assert (folder / "state.db").read_bytes() == past.now
    assert names(folder / "state.db") == ["s1", "s2", "s3", "s4"]


@contextmanager
def clock_stands_still(path: Path) -> Iterator[None]:
    """What is written to a file does not show in its date, as within one tick of a kernel's clock."""
    before = path.stat() if path.exists() else None
    yield
    if before is not None and path.exists():
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("which", ["old", "settled", "killed", "fresh"])
@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.full)])
def test_killed_in_any_write_it_is_brought_up_the_next_time(
    past: Past, tmp_path: Path, which: str, every: int
) -> None:
    with cut_at(None) as cut:
        refreshed(past, copy_of(past, which, tmp_path / "whole"))
    draw = random.Random(which)
    # The first and the last writes are small, the others pages.
    small = {*range(0, 1200, 11 * every), *range(cut.done - 600, cut.done, 7 * every)}
    for at in sorted(each for each in {*small, *range(0, cut.done, 4001 * every)} if 0 <= each < cut.done):
        folder = copy_of(past, which, tmp_path / f"k{at}")
        for end in (at, draw.randrange(cut.done)):
            with clock_stands_still(folder / "state.db"), cut_at(end), pytest.raises(Killed):
                refreshed(past, folder)
        refreshed(past, folder)

        assert (folder / "state.db").read_bytes() == past.now
        shutil.rmtree(folder)


@pytest.mark.parametrize("pages", [0.5, 2, 3.5])
def test_what_a_killed_one_had_begun_to_take_on_is_gone_with_a_store_that_was_set_back(
    past: Past, tmp_path: Path, pages: float
) -> None:
    folder = copy_of(past, "settled", tmp_path / "copy")
    before = (folder / "state.db").read_bytes()
    with clock_stands_still(folder / "state.db"), cut_at(None) as cut:
        note(folder, "p", noted(folder, "p"))
    with (
        clock_stands_still(folder / "state.db"),
        cut_at(cut.done + int(pages * 4096)),
        pytest.raises(Killed),
    ):
        refreshed(past, folder)
    assert (folder / "state.db").read_bytes() != before

    refresh(place(past.former), "p", folder)

    assert (folder / "state.db").read_bytes() == before


@pytest.mark.parametrize("at", range(0, 1500, 301))
def test_killed_while_it_notes_a_record_the_record_is_had_all_the_same(at: int, tmp_path: Path) -> None:
    store = KeptRecords()
    one = begin(store, tmp_path / "a", "one")
    one.add("s1")
    one.add("s2", None)
    with cut_at(at), suppress(Killed):
        one.state.publish(RecordKind.INTENT)
    kill(one)

    refresh(place(store), "p", tmp_path / "a")
    refresh(place(store), "p", tmp_path / "b")

    assert names(tmp_path / "a" / "state.db") == ["s1", "s2"]
    assert rows(tmp_path / "a" / "state.db") == rows(tmp_path / "b" / "state.db")


def test_of_what_records_changed_one_at_a_time_is_in_memory(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    read, apply = page_changes.read_changes, PageChanges.apply

    def noted_read(record: LogRecord, form: ChunkForm) -> object:
        done.append("read")
        return read(record, form)

    def noted_apply(changes: PageChanges, descriptor: int) -> None:
        done.append("apply")
        apply(changes, descriptor)

    monkeypatch.setattr(working_copy, "read_changes", noted_read)
    monkeypatch.setattr(PageChanges, "apply", noted_apply)

    refreshed(past, copy_of(past, "old", tmp_path / "copy"))

    assert done == ["read", "apply"] * (len(done) // 2)
    assert len(done) > 2


def by_another_program(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM submission")


def a_frame_less(folder: Path) -> None:
    log = folder / "state.db-wal"
    os.truncate(log, log.stat().st_size // 2)


def a_frame_damaged(folder: Path) -> None:
    with (folder / "state.db-wal").open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"\xff" * 90)


def no_log(folder: Path) -> None:
    (folder / "state.db-wal").unlink()


def a_longer_file(folder: Path) -> None:
    with (folder / "state.db").open("ab") as stream:
        stream.write(b"x")


def a_journal(folder: Path) -> None:
    (folder / "state.db-journal").write_bytes(b"something")


def no_database(folder: Path) -> None:
    (folder / "state.db").unlink()


def a_torn_note(folder: Path) -> None:
    os.truncate(folder / COPY_NOTE, 100)


def a_note_of_another(folder: Path) -> None:
    note(folder, "another", None)


@pytest.mark.parametrize(
    "done",
    [
        by_another_program,
        a_frame_less,
        a_frame_damaged,
        no_log,
        a_longer_file,
        a_journal,
        no_database,
        a_torn_note,
        a_note_of_another,
    ],
)
def test_a_copy_that_another_changed_is_not_believed(
    past: Past, tmp_path: Path, done: Callable[[Path], None]
) -> None:
    folder = copy_of(past, "killed", tmp_path / "copy")
    done(folder)

    end = WorkingCopy(folder, "p").begin()
    refreshed(past, folder)

    assert end == START
    assert (folder / "state.db").read_bytes() == past.now


def test_a_copy_as_it_was_left_is_believed(past: Past, tmp_path: Path) -> None:
    ends = [
        WorkingCopy(copy_of(past, which, tmp_path / which), "p").begin().position
        for which in ("old", "settled", "killed")
    ]

    assert ends == [(1, 3), (2, 4), (3, 2)]


VICTIM = """
import os, signal, sys
from pathlib import Path
from tests.first_state import built_once
from tests.state.remote.machines import begin
from tests.state.remote.folder_records import FolderRecords
with built_once():
    one = begin(FolderRecords(Path(sys.argv[1])), Path(sys.argv[2]), "victim")
    one.add("s1")
    one.add("s2", None)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_was_really_killed_leaves_what_it_recorded(tmp_path: Path) -> None:
    store = FolderRecords(tmp_path / "store")
    dead = subprocess.run([sys.executable, "-c", VICTIM, tmp_path / "store", tmp_path / "a"], check=False)

    end = WorkingCopy(tmp_path / "a", "p").begin()
    with machine(store, tmp_path / "b", takes="victim") as one:
        one.add("s3")
    refresh(place(store), "p", tmp_path / "a")

    assert dead.returncode == -signal.SIGKILL
    assert end.position == (1, 2)
    assert names(tmp_path / "a" / "state.db") == ["s1", "s3"]
    assert rows(tmp_path / "a" / "state.db") == rows(tmp_path / "b" / "state.db")
