"""The state file: made whole, opened only when it is ours and usable, and otherwise left exactly as it is."""

import contextlib
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from docbatch.core.errors import DocbatchError, NoState, StateError
from docbatch.core.lifecycle import Event
from docbatch.state import files
from docbatch.state.foreign_things import refuse_foreign_entries
from docbatch.state.migrations import migrations
from docbatch.state.store import Store
from docbatch.state.upgrade import VERSION, build
from tests.first_state import copy_into

NOBODY = 65534
OPEN: list[Callable[[Path], Store]] = [Store.readable, Store.writable]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a state that has been used."""
    folder = tmp_path / ".docbatch"
    Store.writable(folder).close()
    return folder


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return the folder of a used state that every user can reach."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / ".docbatch"
        Store.writable(folder).close()
        yield folder
        folder.chmod(0o755)


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Act as somebody whom permissions stop."""
    if os.getuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


class Killed(BaseException):
    pass


def die(*_arguments: object) -> None:
    raise Killed


def test_a_state_of_the_first_version_is_brought_up_to_date_and_keeps_what_it_knows(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as first:
        migrations.apply(Database(first), stop_before="deadlines")
        first.execute("INSERT INTO meta VALUES ('lineage', 'first')")
        first.execute("INSERT INTO recipe VALUES (1, 'key', 'extend', 'acme', 'parse', '{}', '{}')")
        first.execute("INSERT INTO job VALUES ('job', 'extend', 1, '{}', x'2f', 50, '{}', 3)")
        first.execute(f"PRAGMA application_id = {files.APPLICATION_ID}")
        first.execute("PRAGMA user_version = 1")
    before = (tmp_path / "state.db").read_bytes()
    with Store.readable(tmp_path) as read:
        assert (read.lineage, read.documents.job("job") is not None) == ("first", True)
    assert (tmp_path / "state.db").read_bytes() == before

    Store.writable(tmp_path).close()

    with Store.readable(tmp_path) as store:
        job = store.documents.job("job")
        assert job is not None
        assert (job.revision, job.timeout, store.lineage) == (3, None, "first")


def test_a_new_state_has_its_folder_explained_and_kept_out_of_version_control(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [".gitignore", "README", "state.db"]
    assert (folder / ".gitignore").read_text() == "*\n"
    assert "Do not edit it by hand" in (folder / "README").read_text()


@pytest.mark.parametrize("effect", [(os, "fsync"), (Path, "rename")])
def test_a_state_whose_making_was_killed_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, effect: tuple[object, str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(*effect, die)
        with pytest.raises(Killed):
            files.create(tmp_path)

    assert not (tmp_path / "state.db").exists()
    with Store.writable(tmp_path) as store:
        assert store.events.last() == 0


def test_what_a_killed_making_left_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "state.00000000.new").write_bytes(b"half a file")

    with Store.writable(tmp_path) as store:
        assert store.lineage


def test_what_other_tests_begin_with_is_a_state_as_it_is_built() -> None:
    copied, built = (sqlite3.connect(":memory:", isolation_level=None) for _ in range(2))
    with contextlib.closing(copied), contextlib.closing(built):
        copy_into(copied)
        built.execute(f"PRAGMA application_id = {files.APPLICATION_ID}")
        build(built)

        assert lines_and_marks(copied) == lines_and_marks(built)


def lines_and_marks(connection: sqlite3.Connection) -> tuple[list[str], list[int]]:
    """Return all that a state holds, but for when its steps were taken, and what its first page says of it."""
    lines = [line for line in connection.iterdump() if 'INTO "_sqlite_migrations"' not in line]
    marks = [
        connection.execute(f"PRAGMA {each}").fetchone()[0]
        for each in ("application_id", "user_version", "page_size", "auto_vacuum")
    ]
    return lines, marks


def test_every_state_has_a_lineage_of_its_own(tmp_path: Path) -> None:
    with Store.writable(tmp_path / "one") as one, Store.writable(tmp_path / "other") as other:
        assert one.lineage != other.lineage


def test_a_state_keeps_its_lineage(folder: Path) -> None:
    with Store.writable(folder) as store:
        born = store.lineage
    with Store.readable(folder) as again:
        assert again.lineage == born


def test_what_is_committed_is_on_the_disk_before_anything_else_happens(folder: Path) -> None:
    with Store.writable(folder) as store:
        settings = {
            name: store.database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_without_a_state_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(NoState, match="there is no state yet") as raised:
        Store.readable(tmp_path)

    assert raised.value.exit_code == 10
    assert list(tmp_path.iterdir()) == []


def foreign(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE their (own TEXT)")


def newer(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def short(path: Path) -> None:
    os.truncate(path, 60)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database, but some text\n" * 300)


WRONG = [
    (foreign, "is a database of another program"),
    (newer, "was written by a newer docbatch .state version 99"),
    (truncated, "is truncated"),
    (short, "is not a state file"),
    (emptied, "is not a state file"),
    (garbage, "is not a state file"),
]


@pytest.mark.parametrize("opened", OPEN)
@pytest.mark.parametrize(("spoil", "message"), WRONG)
def test_a_file_that_cannot_be_used_is_named_and_left_as_it_is(
    folder: Path, opened: Callable[[Path], Store], spoil: Callable[[Path], None], message: str
) -> None:
    spoil(folder / "state.db")
    before = digests(folder)

    with pytest.raises(StateError, match=message) as raised:
        opened(folder)

    assert "nothing was changed" in str(raised.value.hint)
    assert digests(folder) == before


@pytest.mark.parametrize("opened", OPEN)
def test_a_folder_in_the_place_of_the_state_is_named(tmp_path: Path, opened: Callable[[Path], Store]) -> None:
    (tmp_path / "state.db").mkdir()

    with pytest.raises(StateError, match="is a folder, which docbatch never puts there"):
        opened(tmp_path)


@pytest.mark.parametrize("opened", OPEN)
@pytest.mark.parametrize("start", [100, 4096])
def test_a_state_with_damaged_pages_is_left_as_it_is(
    folder: Path, opened: Callable[[Path], Store], start: int
) -> None:
    path = folder / "state.db"
    sound = path.read_bytes()
    path.write_bytes(sound[:start] + bytes(len(sound) - start))
    before = digests(folder)["state.db"]

    with pytest.raises(StateError, match="the state cannot be used"):
        opened(folder)

    assert digests(folder)["state.db"] == before


def older(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 0")


def test_a_state_of_an_older_version_is_read_and_stays_as_it_is(folder: Path) -> None:
    older(folder / "state.db")
    before = digests(folder)["state.db"]

    with Store.readable(folder) as store:
        assert store.lineage

    assert digests(folder)["state.db"] == before


def test_a_state_of_an_older_version_is_brought_up_to_date_when_it_is_written(folder: Path) -> None:
    older(folder / "state.db")
    Store.writable(folder).close()

    with contextlib.closing(sqlite3.connect(folder / "state.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / ".docbatch").write_text("")

    with pytest.raises(StateError, match="the state folder cannot be made"):
        Store.writable(tmp_path / ".docbatch")


def test_a_state_is_read_where_nothing_may_be_written(open_folder: Path) -> None:
    (open_folder / "state.db").chmod(0o444)
    open_folder.chmod(0o555)

    with ordinary_user(), Store.readable(open_folder) as store:
        assert store.events.last() == 0

    assert sorted(path.name for path in open_folder.iterdir()) == [".gitignore", "README", "state.db"]


def test_a_state_that_may_not_be_written_is_not_opened_for_writing(open_folder: Path) -> None:
    (open_folder / "state.db").chmod(0o444)
    open_folder.chmod(0o555)
    before = digests(open_folder)

    with ordinary_user(), pytest.raises(StateError):
        Store.writable(open_folder)

    assert digests(open_folder) == before


def mounted(monkeypatch: pytest.MonkeyPatch, *mounts: tuple[Path | str, str]) -> None:
    lines = "".join(
        f"device {str(point).replace(' ', chr(92) + '040')} {kind} rw 0 0\n" for point, kind in mounts
    )
    read = Path.read_text

    def told(path: Path, *arguments: str | None, **options: str | None) -> str:
        return lines if str(path) == "/proc/self/mounts" else read(path, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", told)


def test_a_state_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = tmp_path / "our share"
    mounted(monkeypatch, ("/", "ext4"), (share, "nfs4"))

    with pytest.raises(StateError, match=r"network file system \(nfs4\)") as raised:
        files.create(share / ".docbatch")

    assert "local disk" in str(raised.value.hint)
    assert not share.exists()


def test_a_local_disk_below_a_network_file_system_is_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted(monkeypatch, ("/", "nfs4"), (tmp_path, "ext4"), (tmp_path / "elsewhere", "cifs"))

    files.create(tmp_path)

    assert (tmp_path / "state.db").exists()


def test_a_full_disk_stops_a_transaction_whole(folder: Path) -> None:
    with Store.writable(folder) as store:
        pages = store.database.execute("PRAGMA page_count").fetchone()[0]
        store.database.execute(f"PRAGMA max_page_count = {pages}")

        rows = [("small", "fits"), ("large", "x" * 100_000)]
        with pytest.raises(StateError, match="full") as raised, store.write():
            store.database.executemany("INSERT INTO meta VALUES (?, ?)", rows)

        assert "mend that and run the same command again" in str(raised.value.hint)
        assert store.database.execute("SELECT count(*) FROM meta").fetchone()[0] == 1


def half_a_transaction(store: Store) -> None:
    with store.write():
        store.database.execute("INSERT INTO meta VALUES ('half', 'done')")
        raise Killed


def test_a_transaction_that_dies_leaves_nothing(folder: Path) -> None:
    with Store.writable(folder) as store:
        with pytest.raises(Killed):
            half_a_transaction(store)

        assert store.database.execute("SELECT count(*) FROM meta").fetchone()[0] == 1


def test_an_expected_error_inside_a_transaction_stays_what_it_is(folder: Path) -> None:
    with Store.writable(folder) as store, pytest.raises(DocbatchError, match="as it was said"), store.write():
        raise DocbatchError("as it was said")


def test_a_file_that_a_run_removes_meanwhile_is_nothing_strange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "cache.db-journal"
    journal.touch()
    listed = os.scandir

    @contextlib.contextmanager
    def listed_before(folder: Path) -> Iterator[list[os.DirEntry[str]]]:
        with listed(folder) as entries:
            found = list(entries)
        journal.unlink()
        yield found

    monkeypatch.setattr(os, "scandir", listed_before)

    refuse_foreign_entries(tmp_path)

    assert not journal.exists()


LOOK = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(*c.execute('SELECT count(*) FROM event').fetchone()); c.close()"


def seen_by_another_program(folder: Path) -> str:
    """Open and close a state in another process, and return how many events it finds."""
    look = [sys.executable, "-c", LOOK, str(folder / "state.db")]
    return subprocess.run(look, capture_output=True, check=True, text=True).stdout.strip()


def test_another_program_that_looks_into_a_state_leaves_the_log_of_who_writes_it(folder: Path) -> None:
    with Store.writable(folder) as store:
        for last in (1, 2):
            with store.write():
                store.events.append("s1", Event.INTENDED, {})

            assert seen_by_another_program(folder) == str(last)


def test_a_reader_in_the_process_of_the_writer_lets_go_of_none_of_its_locks(folder: Path) -> None:
    with Store.writable(folder) as store:
        for last in (1, 2):
            with Store.readable(folder):
                """A program that asks for the status while it applies."""
            with store.write():
                store.events.append("s1", Event.INTENDED, {})

            assert seen_by_another_program(folder) == str(last)


def test_nothing_is_kept_open_of_a_state_that_nobody_writes(folder: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        with Store.writable(folder), Store.readable(folder):
            """Both are closed again."""

    assert len(list(Path("/dev/fd").iterdir())) == before
