import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from docbatch.sources.cachefile import FORMAT
from docbatch.sources.documents import Observed
from docbatch.sources.found_files import Window, packed
from docbatch.sources.globs import Globs, compile_globs
from docbatch.sources.known_stretch import KnownFile
from docbatch.sources.scan import scan
from docbatch.sources.statcache import StatCache
from docbatch.sources.walk import walk

TRUST_AT_ONCE = -(10**12)
ALL = compile_globs(["**"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name in ("a.txt", "b/c.txt", "b/d.txt", "e.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state" / "cache.db"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Collect the names of the files whose bytes are read."""
    opened: list[bytes] = []
    real = os.open

    def spy(path: bytes, flags: int, *rest: int, **more: int) -> int:
        if flags & os.O_NONBLOCK:
            opened.append(path.rpartition(b"/")[2])
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", spy)
    return opened


def run(root: Path, place: Path | None, globs: Globs = ALL, margin_ns: int = TRUST_AT_ONCE) -> list[Observed]:
    cache = StatCache(place, margin_ns=margin_ns)
    try:
        return [document for seen in scan(root, globs, cache) for document in seen.documents]
    finally:
        cache.close()


def remembered(place: Path) -> list[bytes]:
    with sqlite3.connect(place) as db:
        rows = db.execute(
            "SELECT paths FROM stretch JOIN scan ON scan.id = scan ORDER BY scan.root, first"
        ).fetchall()
    db.close()
    return [path for (paths,) in rows for path in paths.split(b"\0")]


def test_an_unchanged_file_is_not_read_again(root: Path, place: Path, hashed: list[bytes]) -> None:
    first = run(root, place)
    hashed.clear()
    assert run(root, place) == first
    assert hashed == []


def test_a_file_without_a_cache_is_read_every_time(root: Path, hashed: list[bytes]) -> None:
    assert run(root, None) == run(root, None)
    assert len(hashed) == 8


def test_an_edit_that_keeps_size_and_time_is_seen(root: Path, place: Path, hashed: list[bytes]) -> None:
    run(root, place)
    before = (root / "a.txt").stat()
    (root / "a.txt").write_text("A.TXT")
    os.utime(root / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    hashed.clear()
    run(root, place)
    assert hashed == [b"a.txt"]


def test_a_file_put_in_place_of_another_is_seen(root: Path, place: Path, hashed: list[bytes]) -> None:
    run(root, place)
    (root / "new").write_text("other")
    (root / "new").replace(root / "a.txt")
    hashed.clear()
    run(root, place)
    assert hashed == [b"a.txt"]


def test_a_file_as_fresh_as_its_hashing_is_read_again(root: Path, place: Path, hashed: list[bytes]) -> None:
    os.utime(root / "a.txt", (0, 0))
    run(root, place, margin_ns=2_000_000_000)
    assert remembered(place) == []
    hashed.clear()
    run(root, place, margin_ns=2_000_000_000)
    assert len(hashed) == 4


def test_a_file_dated_in_the_future_is_read_again(root: Path, place: Path) -> None:
    os.utime(root / "a.txt", (2**32, 2**32))
    run(root, place)
    assert remembered(place) == [b"b/c.txt", b"b/d.txt", b"e.md"]


def test_an_inode_of_all_64_bits_is_remembered(root: Path, place: Path, hashed: list[bytes]) -> None:
    status = packed((5, 0, 0, 2**64 - 1, 1, 0o100644))
    window = Window()
    window.add(b"", [b"a.txt"], status)
    for _ in range(2):
        cache = StatCache(place, margin_ns=TRUST_AT_ONCE)
        known = cache.known(bytes(root), ALL)
        recalled = known.recall(window)
        known.keep(KnownFile(b"a.txt", status, "0" * 64, "text/plain"), fresh=True)
        known.finish()
        cache.close()
    assert [file and file.digest for file in recalled] == ["0" * 64]
    assert status != packed((5, 0, 0, 2**63 - 1, 1, 0o100644))
    assert hashed == []


def test_a_file_that_vanished_is_forgotten(root: Path, place: Path) -> None:
    run(root, place)
    (root / "b/c.txt").unlink()
    (root / "e.md").unlink()
    run(root, place)
    assert remembered(place) == [b"a.txt", b"b/d.txt"]


def test_globs_over_one_root_share_what_is_known(root: Path, place: Path, hashed: list[bytes]) -> None:
    run(root, place, compile_globs(["b/*.txt"]))
    run(root, place, compile_globs(["*.md"]))
    assert remembered(place) == [b"b/c.txt", b"b/d.txt", b"e.md"]
    hashed.clear()
    run(root, place)
    assert hashed == [b"a.txt"]


def test_a_root_spelled_two_ways_is_one(root: Path, place: Path, hashed: list[bytes]) -> None:
    run(root, place)
    (root.parent / "link").symlink_to(root)
    hashed.clear()
    run(root.parent / "link", place)
    assert hashed == []


def test_two_roots_do_not_share(root: Path, place: Path) -> None:
    run(root, place)
    run(root / "b", place)
    assert remembered(place) == [b"a.txt", b"b/c.txt", b"b/d.txt", b"e.md", b"c.txt", b"d.txt"]


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_scan_given_up_keeps_what_it_learned_and_what_it_did_not_reach(
    root: Path, place: Path, earlier: int
) -> None:
    for _ in range(earlier):
        run(root, place)
    cache = StatCache(place, margin_ns=TRUST_AT_ONCE)
    scanning = scan(root, ALL, cache)
    next(scanning)
    scanning.close()
    cache.close()
    assert len(remembered(place)) == 4


@pytest.mark.parametrize(
    "content", [b"", b"not a database at all, but long enough" * 99, b"SQLite format 3\0" + b"\7" * 5000]
)
def test_a_damaged_file_is_rebuilt(root: Path, place: Path, content: bytes) -> None:
    place.write_bytes(content)
    expected = run(root, None)
    assert run(root, place) == expected
    assert len(remembered(place)) == 4


@pytest.mark.parametrize("keep", [0.1, 0.4, 0.7, 0.99])
def test_a_truncated_file_is_done_without_and_rebuilt(root: Path, place: Path, keep: float) -> None:
    for number in range(300):
        (root / f"{number}.txt").write_text(str(number))
    expected = run(root, place)
    os.truncate(place, int(place.stat().st_size * keep))
    assert run(root, place) == expected
    assert run(root, place) == expected
    assert len(remembered(place)) == 304


def set_pragma(place: Path, statement: str) -> bytes:
    db = sqlite3.connect(place, isolation_level=None)
    db.execute(statement)
    db.close()
    return place.read_bytes()


@pytest.mark.parametrize("statement", ["PRAGMA application_id = 7", f"PRAGMA user_version = {FORMAT + 1}"])
def test_a_foreign_or_newer_file_is_left_alone(root: Path, place: Path, statement: str) -> None:
    run(root, place)
    before = set_pragma(place, statement)
    (root / "new").write_text("new")
    assert run(root, place) == run(root, None)
    assert place.read_bytes() == before


def test_an_older_file_is_rebuilt(root: Path, place: Path, hashed: list[bytes]) -> None:
    run(root, place)
    set_pragma(place, f"PRAGMA user_version = {FORMAT - 1}")
    hashed.clear()
    run(root, place)
    assert len(hashed) == 4
    assert len(remembered(place)) == 4


def test_a_file_in_use_is_not_removed(root: Path, place: Path) -> None:
    run(root, place)
    other = StatCache(place)
    inode = place.stat().st_ino
    set_pragma(place, f"PRAGMA user_version = {FORMAT - 1}")
    assert len(run(root, place)) == 4
    assert place.stat().st_ino == inode
    other.close()


def test_a_folder_in_the_files_place_is_done_without(root: Path, place: Path) -> None:
    place.mkdir()
    assert len(run(root, place)) == 4


def test_a_missing_state_folder_is_done_without(root: Path, place: Path) -> None:
    place.parent.rmdir()
    assert len(run(root, place)) == 4
    assert not place.parent.exists()


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN; SELECT count(*) FROM stretch"])
def test_another_process_at_the_file_costs_only_what_would_have_been_remembered(
    root: Path, place: Path, monkeypatch: pytest.MonkeyPatch, lock: str
) -> None:
    monkeypatch.setattr("docbatch.sources.cachefile.PATIENCE", 0.01)
    cache = StatCache(place, margin_ns=TRUST_AT_ONCE)
    db = sqlite3.connect(place, isolation_level=None)
    for statement in lock.split(";"):
        db.execute(statement).fetchall()
    assert sum(len(seen.documents) for seen in scan(root, ALL, cache)) == 4
    db.execute("ROLLBACK")
    db.close()
    assert remembered(place) == []
    assert sum(len(seen.documents) for seen in scan(root, ALL, cache)) == 4
    assert len(remembered(place)) == 4
    cache.close()


SCAN = """
import sys
from pathlib import Path
from docbatch.sources.globs import compile_globs
from docbatch.sources.scan import scan
from docbatch.sources.statcache import StatCache
from docbatch.sources.walk import walk
cache = StatCache(Path(sys.argv[2]), margin_ns=-10**12)
print(sum(len(seen.documents) for seen in scan(Path(sys.argv[1]), compile_globs(["**"]), cache)), flush=True)
if len(sys.argv) > 3:
    sys.stdin.read()
cache.close()
"""


def start(root: Path, place: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCAN, str(root), str(place), *more]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_processes_scan_at_the_same_time(root: Path, place: Path) -> None:
    processes = [start(root, place) for _ in range(3)]
    assert [process.communicate()[0].strip() for process in processes] == ["4", "4", "4"]
    assert len(remembered(place)) == 4


def test_a_process_killed_after_its_scan_leaves_what_it_learned(root: Path, place: Path) -> None:
    process = start(root, place, "wait")
    assert process.stdout is not None
    assert process.stdout.readline() == "4\n"
    process.kill()
    process.communicate()
    assert len(remembered(place)) == 4


def test_a_read_only_cache_is_read(root: Path, place: Path, hashed: list[bytes]) -> None:
    run(root, place)
    place.chmod(0o400)
    place.parent.chmod(0o500)
    (root / "a.txt").write_text("new")
    hashed.clear()
    assert len(run(root, place)) == 4
    assert hashed == [b"a.txt"]
    place.parent.chmod(0o700)


def crowd(root: Path, number: int) -> None:
    root.mkdir(exist_ok=True)
    for each in range(number):
        (root / f"{each:05}.txt").write_text(str(each))


def stretches(place: Path) -> set[int]:
    """Return the numbers of the stretches in the file; one that is written anew has another."""
    with sqlite3.connect(place) as db:
        rows = db.execute("SELECT id FROM stretch").fetchall()
    db.close()
    return {number for (number,) in rows}


def test_a_new_file_makes_few_stretches_others(root: Path, place: Path, hashed: list[bytes]) -> None:
    crowd(root / "many", 6000)
    run(root, place)
    before = stretches(place)
    hashed.clear()
    (root / "many/00000a.txt").write_text("new")
    run(root, place)
    assert hashed == [b"00000a.txt"]
    assert len(stretches(place) - before) < len(before) - 2
    assert run(root, place) == run(root, None)


def test_nothing_is_written_where_nothing_changed(root: Path, place: Path) -> None:
    run(root, place)
    before = place.read_bytes()
    run(root, place)
    assert place.read_bytes() == before


def test_a_file_that_cannot_be_remembered_lets_the_others_be(
    root: Path, place: Path, hashed: list[bytes]
) -> None:
    (root / "b/empty.txt").touch()
    os.utime(root / "e.md", (2**32, 2**32))
    run(root, place)
    before = stretches(place)
    hashed.clear()
    run(root, place)
    assert hashed == [b"e.md"]
    assert stretches(place) == before


def test_a_document_that_was_wrong_is_forgotten_alone(root: Path, place: Path, hashed: list[bytes]) -> None:
    run(root, place)
    before = stretches(place)
    cache = StatCache(place, margin_ns=TRUST_AT_ONCE)
    cache.forget(b"b/c.txt")
    cache.close()
    assert not stretches(place) & before
    hashed.clear()
    run(root, place)
    assert hashed == [b"c.txt"]


@pytest.mark.parametrize("part", ["paths", "statuses", "digests"])
def test_a_damaged_stretch_is_not_believed(root: Path, place: Path, hashed: list[bytes], part: str) -> None:
    expected = run(root, place)
    set_pragma(place, f"UPDATE stretch SET {part} = substr({part}, 1, length({part}) - 8)")
    hashed.clear()
    assert run(root, place) == expected
    assert len(hashed) == 4
    assert len(remembered(place)) == 4


def test_what_patterns_found_that_nobody_uses_goes(root: Path, place: Path) -> None:
    run(root, place, compile_globs(["*.md"]))
    set_pragma(place, "UPDATE scan SET used = 1")
    run(root, place, compile_globs(["b/*"]))
    assert remembered(place) == [b"b/c.txt", b"b/d.txt"]


def test_a_scan_that_takes_long_keeps_what_it_has_so_far(
    root: Path, place: Path, monkeypatch: pytest.MonkeyPatch, hashed: list[bytes]
) -> None:
    run(root, place)
    monkeypatch.setattr("docbatch.sources.statcache._FLUSH_SECONDS", 0.0)
    (root / "b/c.txt").write_text("other")
    cache = StatCache(place, margin_ns=TRUST_AT_ONCE)
    known = cache.known(os.path.realpath(bytes(root)), ALL)
    (window,) = walk(root, ALL)
    recalled = known.recall(window)
    for file, row in zip(window.files, recalled, strict=True):
        known.keep(row or KnownFile(*file, "0" * 64, "text/plain"), fresh=row is None)
        if row is None:
            break
    cache.close()
    assert sorted(remembered(place)) == [b"a.txt", b"b/c.txt", b"b/d.txt", b"e.md"]
    hashed.clear()
    run(root, place)
    assert hashed == []
