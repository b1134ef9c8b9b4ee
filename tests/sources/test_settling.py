"""Files that may still be written are neither read nor taken for gone, and nothing waits longer than it has to."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.sources import content
from docbatch.sources.documents import FoundDocuments
from docbatch.sources.folder import FolderSource
from docbatch.sources.settling import Settling
from docbatch.sources.statcache import StatCache
from tests.time_in_hand import Hands

SETTLE = 5.0


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def settling(hands: Hands) -> Iterator[Settling]:
    made = Settling(SETTLE, monotonic=hands.monotonic, is_open=lambda place, _status: place in hands.open)
    yield made
    made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def looked(root: Path, settling: Settling, cache: Path | None = None) -> tuple[list[bytes], FoundDocuments]:
    """Look at all files once; return the paths of those taken, and what was found."""
    known = StatCache(cache, margin_ns=-(10**12))
    settling.begin_look()
    found = FolderSource(root, ["**"], settling=settling).find(known)
    taken = [each.path for window in found.windows for each in window.documents]
    settling.end_look()
    known.close()
    return taken, found


def test_a_file_is_taken_at_the_second_look(root: Path, settling: Settling, hands: Hands) -> None:
    (root / "a").write_text("one")

    taken, found = looked(root, settling)
    assert taken == []
    assert b"a" in found.unsettled
    assert found.selection is not None
    assert (found.selection.unsettled, found.selection.first_unsettled) == (1, "a")

    hands.now += SETTLE
    taken, found = looked(root, settling)
    assert taken == [b"a"]
    assert b"a" not in found.unsettled


def test_the_clock_of_a_file_server_plays_no_part(root: Path, settling: Settling, hands: Hands) -> None:
    for name, moment in (("past", 1), ("future", 4_000_000_000)):
        (root / name).write_text("one")
        os.utime(root / name, (moment, moment))
    looked(root, settling)
    hands.now += SETTLE

    assert looked(root, settling)[0] == [b"future", b"past"]


def test_a_file_that_grows_is_left_and_the_others_are_not(
    root: Path, settling: Settling, hands: Hands
) -> None:
    for name in ("a", "grows", "z"):
        (root / name).write_text("one")
    looked(root, settling)
    for number in range(5):
        hands.now += SETTLE
        (root / "grows").write_text("more" * (number + 1))
        taken, found = looked(root, settling)
        assert taken == [b"a", b"z"]
        assert b"grows" in found.unsettled

    hands.now += SETTLE
    assert looked(root, settling)[0] == [b"a", b"grows", b"z"]


def test_what_was_known_before_is_taken_at_once(
    root: Path, settling: Settling, tmp_path: Path, hands: Hands
) -> None:
    (root / "a").write_text("one")
    cache = tmp_path / "cache.db"
    looked(root, settling, cache)
    hands.now += SETTLE
    looked(root, settling, cache)

    with Settling(SETTLE) as other:
        assert looked(root, other, cache)[0] == [b"a"]


def test_what_was_known_before_waits_once_something_is_heard_of_it(
    root: Path, settling: Settling, tmp_path: Path, hands: Hands
) -> None:
    for name in ("a", "b"):
        (root / name).write_text("one")
    cache = tmp_path / "cache.db"
    looked(root, settling, cache)
    hands.now += SETTLE
    assert looked(root, settling, cache)[0] == [b"a", b"b"]

    settling.note([os.fsencode(root / "a")])
    taken, found = looked(root, settling, cache)

    assert taken == [b"b"]
    assert b"a" in found.unsettled


def test_a_file_that_somebody_writes_is_left_however_long_it_is_the_same(
    root: Path, settling: Settling, hands: Hands
) -> None:
    (root / "a").write_text("one")
    hands.open = frozenset([os.fsencode(root / "a")])
    looked(root, settling)
    hands.now += 10 * SETTLE
    assert looked(root, settling)[0] == []

    hands.open = frozenset()
    assert looked(root, settling)[0] == [b"a"]


def test_who_has_a_file_open_for_writing_is_seen(root: Path, hands: Hands) -> None:
    with Settling(SETTLE, monotonic=hands.monotonic) as settling:
        with (root / "a").open("w") as stream:
            stream.write("one")
            stream.flush()
            looked(root, settling)
            hands.now += SETTLE
            assert looked(root, settling)[0] == []

        assert looked(root, settling)[0] == [b"a"]


def test_a_file_that_is_moved_into_place_waits_as_well(root: Path, settling: Settling, hands: Hands) -> None:
    (root / "a").write_text("one")
    looked(root, settling)
    hands.now += SETTLE
    (root.parent / "other").write_text("two")
    (root.parent / "other").rename(root / "a")

    assert looked(root, settling)[0] == []
    hands.now += SETTLE
    assert looked(root, settling)[0] == [b"a"]


def test_what_changes_while_it_is_read_is_left(
    root: Path, settling: Settling, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a").write_text("one")
    looked(root, settling)
    hands.now += SETTLE
    real = content.measure

    def write_first(path: bytes) -> object:
        Path(os.fsdecode(path)).write_text("one and more")
        return real(path)

    monkeypatch.setattr("docbatch.sources.scan.measure", write_first)
    taken, found = looked(root, settling)

    assert taken == []
    assert b"a" in found.unsettled


def test_members_of_an_archive_that_may_be_written_are_not_gone(root: Path, settling: Settling) -> None:
    (root / "a.zip").write_text("half")
    _, found = looked(root, settling)

    assert b"a.zip!inside/b.pdf" in found.unsettled
    assert b"b.zip!inside/b.pdf" not in found.unsettled


def test_it_is_told_when_a_file_is_worth_a_look_and_whether_it_was(
    root: Path, settling: Settling, hands: Hands
) -> None:
    assert settling.waiting == (0, b"")
    (root / "a").write_text("one")
    settling.note([os.fsencode(root / "a"), os.fsencode(root / "nothing")])
    assert settling.due_at == hands.now + SETTLE
    assert settling.waiting == (1, os.fsencode(root / "a"))

    hands.now += SETTLE
    (root / "a").write_text("more")
    assert not settling.look_again()
    assert settling.due_at == hands.now + SETTLE

    hands.now += SETTLE
    assert settling.look_again()
    assert settling.due_at is None


def test_a_file_that_is_gone_is_waited_for_no_more(root: Path, settling: Settling, hands: Hands) -> None:
    (root / "a").write_text("one")
    settling.note([os.fsencode(root / "a")])
    (root / "a").unlink()
    hands.now += SETTLE

    assert settling.look_again()
    assert settling.waiting == (0, b"")


def test_a_file_that_goes_on_changing_is_told_once(root: Path, settling: Settling, hands: Hands) -> None:
    place = os.fsencode(root / "log")
    for number in range(4):
        (root / "log").write_text("line\n" * number)
        settling.note([place])
        hands.now += 100.0

    assert settling.long_changes(600.0) == []
    assert settling.long_changes(300.0) == [(place, 400.0)]
    assert settling.long_changes(300.0) == []

    settling.look_again()
    settling.note([place])
    hands.now += 300.0
    assert settling.long_changes(300.0) == [(place, 300.0)]


def test_nothing_is_kept_of_files_that_settled_long_ago(
    root: Path, settling: Settling, tmp_path: Path, hands: Hands
) -> None:
    cache = tmp_path / "cache.db"
    for number in range(50):
        (root / f"{number}").write_text("one")
    looked(root, settling, cache)
    hands.now += SETTLE
    looked(root, settling, cache)
    looked(root, settling, cache)

    assert settling.number == 0
