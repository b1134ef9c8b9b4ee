"""Reading SQLite's log: what counts is what SQLite itself would have, and what is none of its doing is refused."""

import io
import random
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.state.remote.wal_frames import (
    FRAME,
    HEADER,
    WalPosition,
    frames_behind,
    reaches,
    read_committed,
)


class Written:
    """A database whose log is never taken in but where a test says so."""

    def __init__(self, path: Path, page_size: int = 4096) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        for each in (f"page_size = {page_size}", "journal_mode = WAL", "wal_autocheckpoint = 0"):
            self.connection.execute(f"PRAGMA {each}")
        self.connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")

    def add(self, *lengths: int) -> None:
        rows = [(bytes(length),) for length in lengths]
        self.connection.execute("BEGIN")
        self.connection.executemany("INSERT INTO t (b) VALUES (?)", rows)
        self.connection.execute("COMMIT")

    @property
    def log(self) -> bytes:
        return self.path.with_name(self.path.name + "-wal").read_bytes()


def taken_in(folder: Path, content: bytes, log: bytes) -> bytes:
    """Return a database as it is when SQLite took its log in."""
    folder.mkdir()
    path = folder / "s.db"
    path.write_bytes(content)
    path.with_name("s.db-wal").write_bytes(log)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    one = Written(tmp_path / "s.db")
    yield one
    one.connection.close()


def applied(content: bytes, log: bytes, after: WalPosition | None = None) -> tuple[bytes, WalPosition]:
    found = read_committed(io.BytesIO(log), after)
    assert found.end is not None
    size = found.end.page_size
    if not found.pages:
        return content, found.end
    assert max(found.pages) <= found.size
    pages = [
        found.pages.get(number, content[(number - 1) * size : number * size])
        for number in range(1, found.size + 1)
    ]
    return b"".join(pages), found.end


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_the_last_version_of_each_page_is_what_sqlite_takes_in(tmp_path: Path, page_size: int) -> None:
    draw, one = random.Random(page_size), Written(tmp_path / "s.db", page_size)
    with closing(one.connection):
        content, end = applied(one.path.read_bytes(), one.log)
        for number in range(12):
            one.add(*(draw.randrange(9000) for _ in range(draw.randrange(1, 5))))
            if not number % 5:
                one.connection.execute("DELETE FROM t WHERE a % 2")
                one.connection.execute("VACUUM")
            content, end = applied(content, one.log, end)

            assert content == taken_in(tmp_path / f"n{number}", one.path.read_bytes(), one.log)
        assert end.frames == (len(one.log) - HEADER) // (FRAME + page_size)
        assert frames_behind(len(one.log), end, page_size) == 0


def test_nothing_is_read_twice(written: Written) -> None:
    written.add(1)
    end = read_committed(io.BytesIO(written.log)).end

    again = read_committed(io.BytesIO(written.log), end)

    assert (again.pages, again.size, again.end, again.is_clear) == ({}, 0, end, True)


def test_a_log_that_sqlite_did_not_begin_says_nothing() -> None:
    found = read_committed(io.BytesIO(b""))

    assert (found.pages, found.end, found.is_clear) == ({}, None, True)


def test_what_was_taken_back_does_not_count_and_is_not_clear(written: Written) -> None:
    written.connection.execute("PRAGMA cache_size = 5")
    written.add(1)
    before = read_committed(io.BytesIO(written.log))
    written.connection.execute("BEGIN")
    written.connection.executemany("INSERT INTO t (b) VALUES (?)", [(bytes(3000),)] * 40)
    written.connection.execute("ROLLBACK")

    spilled = read_committed(io.BytesIO(written.log))
    written.add(2)
    over = read_committed(io.BytesIO(written.log), before.end)

    assert len(written.log) > HEADER + 30 * (FRAME + 4096)
    assert (spilled.pages, spilled.end, spilled.is_clear) == (before.pages, before.end, False)
    assert over.pages
    assert not over.is_clear


def test_frames_of_a_former_log_are_no_part_of_this(written: Written) -> None:
    written.add(*[3000] * 40)
    written.connection.execute("PRAGMA wal_checkpoint(RESTART)")
    written.add(1)

    found = read_committed(io.BytesIO(written.log))

    assert found.end is not None
    assert found.end.frames < 5
    assert found.is_clear


def torn(log: bytes, draw: random.Random) -> bytes:
    return log[: draw.randrange(HEADER, len(log) - 1)]


def damaged(log: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(HEADER, len(log))
    return log[:place] + bytes([log[place] ^ (1 << draw.randrange(8))]) + log[place + 1 :]


@pytest.mark.parametrize("fault", [torn, damaged])
@pytest.mark.parametrize("seed", range(12))
def test_what_lies_behind_a_fault_is_not_believed(
    written: Written, tmp_path: Path, fault: Callable[[bytes, random.Random], bytes], seed: int
) -> None:
    """SQLite itself stops there."""
    for _ in range(3):
        written.add(3000, 5000)
    bad = fault(written.log, random.Random(seed))
    base = written.path.read_bytes()

    content, _ = applied(base, bad)

    assert content == taken_in(tmp_path / "there", base, bad)


def test_a_position_is_left_only_by_the_log_it_is_of(written: Written) -> None:
    written.add(1)
    log = written.log
    end = read_committed(io.BytesIO(log)).end
    assert end is not None
    start = end._replace(frames=0, sums=struct.unpack(">2I", log[24:32]))

    assert reaches(io.BytesIO(log), end)
    assert reaches(io.BytesIO(log), start)
    for other in (
        end._replace(sums=(1, 2)),
        end._replace(salts=(1, 2)),
        end._replace(frames=end.frames + 1),
        start._replace(sums=(1, 2)),
    ):
        assert not reaches(io.BytesIO(log), other)
        with pytest.raises(StateError, match="begun anew, or cut"):
            read_committed(io.BytesIO(log), other)
    with pytest.raises(StateError, match="begun anew, or cut"):
        read_committed(io.BytesIO(b""), end)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (0, "none that SQLite writes"),
        (5, "none that"),
        (9, "none that"),
        (17, "sums of its header"),
        (30, "sums of"),
    ],
)
def test_a_header_that_sqlite_does_not_write_is_refused(written: Written, place: int, words: str) -> None:
    log = bytearray(written.log)
    log[place] ^= 0x40

    with pytest.raises(StateError, match=words) as refused:
        read_committed(io.BytesIO(bytes(log)))

    assert refused.value.hint
    with pytest.raises(StateError, match="its header is cut off"):
        read_committed(io.BytesIO(written.log[:20]))
