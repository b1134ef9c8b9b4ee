"""What killed runs and restored states leave in packs: dropped where it cannot be missed, kept and made known where it can."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from docbatch.core.models import KnownPack
from docbatch.packed import packed
from docbatch.spool import Spool
from docbatch.spool.leftovers import remove_retired
from docbatch.spool.pack import MAGIC, MARK_SIZE, packs_in
from docbatch.spool.readers import reading
from tests.spool.index_here import IndexHere
from tests.spool.test_spool import keep

DIGESTS = {payload: hashlib.sha256(payload).hexdigest() for payload in (b"one", b"two", b"three")}


@pytest.fixture
def index() -> IndexHere:
    return IndexHere()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def left_by_a_kill(root: Path, index: IndexHere, *recorded: bytes, unrecorded: bytes = b"") -> Path:
    """Return the pack of a run that recorded some results and was killed before the last was."""
    spool = Spool(root, index)
    spool.sweep()
    if recorded:
        keep(spool, *recorded)
    if unrecorded:
        spool.write(unrecorded)
        spool.flush()
    (path,) = spool.packs.iterdir()
    return path


def start(root: Path, index: IndexHere, *, whole: bool = True) -> Spool:
    spool = Spool(root, index)
    spool.sweep()
    spool.clear_leftovers(whole=whole)
    return spool


def test_what_was_not_recorded_is_dropped_and_the_rest_is_read(root: Path, index: IndexHere) -> None:
    path = left_by_a_kill(root, index, b"one", b"two", unrecorded=b"three" * 99)
    spool = start(root, index)

    assert path.stat().st_size <= (index.known[path.stem].end or 0) + 38
    assert [spool.read(DIGESTS[each]) for each in (b"one", b"two")] == [b"one", b"two"]


@pytest.mark.parametrize("length", [1, 2, 20, 37, 39, 500])
def test_half_an_entry_is_dropped(root: Path, index: IndexHere, length: int) -> None:
    path = left_by_a_kill(root, index, b"one")
    end = path.stat().st_size
    with path.open("ab") as file:
        file.write(packed(os.urandom(1000))[:length])
    start(root, index)

    # What is no longer than a mark is left alone, as a mark at the end of a whole pack is.
    assert path.stat().st_size == end + (length if length <= MARK_SIZE else 0)
    assert start(root, index).read(DIGESTS[b"one"]) == b"one"


@pytest.mark.parametrize("whole", [True, False])
def test_what_lies_in_the_place_of_a_pack_and_is_another_file_stays(
    root: Path, index: IndexHere, *, whole: bool
) -> None:
    path = left_by_a_kill(root, index, b"one")
    content = b"a text that somebody put there " * 20
    path.write_bytes(content)
    start(root, index, whole=whole)

    assert path.read_bytes() == content


def test_the_longer_pack_of_another_project_stays_in_the_place_of_ours(
    root: Path, index: IndexHere, tmp_path: Path
) -> None:
    path = left_by_a_kill(root, index, b"one")
    other = left_by_a_kill(tmp_path / "other", IndexHere(), b"another, longer one", b"and one more")
    shutil.copy(other, path)
    start(root, index)

    assert path.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("call", ["open", "truncate", "unlink"])
def test_a_pack_that_cannot_be_put_in_order_keeps_nobody_from_anything(
    root: Path, index: IndexHere, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = left_by_a_kill(root, index, b"one", unrecorded=b"two" * 99)
    unknown = left_by_a_kill(root.parent / "other", IndexHere(), unrecorded=b"three").rename(
        path.with_name(f"{'0' * 16}.pack")
    )
    real = getattr(os, call)

    def refuse(at: object, *rest: object, **options: object) -> object:
        if str(at).endswith(".pack"):
            raise PermissionError(13, "no", str(at))
        return real(at, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        start(root, index)

    assert start(root, index).read(DIGESTS[b"one"]) == b"one"
    assert not unknown.exists()


@pytest.mark.parametrize("content", [None, b"", MAGIC[:5], MAGIC, bytes(500)])
def test_a_pack_of_which_nothing_is_recorded_goes(
    root: Path, index: IndexHere, content: bytes | None
) -> None:
    path = left_by_a_kill(root, index, unrecorded=b"one")
    if content is not None:
        path.write_bytes(content)
    start(root, index)

    assert packs_in(root / "packs") == {}


def test_a_file_that_is_no_pack_stays(root: Path, index: IndexHere) -> None:
    left_by_a_kill(root, index, b"one")
    strange = root / "packs" / f"{'0' * 16}.pack"
    strange.write_bytes(b"somebody's own")
    start(root, index)

    assert strange.read_bytes() == b"somebody's own"


def test_what_is_no_file_stays(root: Path, index: IndexHere) -> None:
    left_by_a_kill(root, index, b"one")
    os.mkfifo(root / "packs" / f"{'0' * 16}.pack")
    (root / "packs" / f"{'1' * 16}.pack").mkdir()

    assert start(root, index).read(DIGESTS[b"one"]) == b"one"
    assert len(list((root / "packs").iterdir())) == 3


def test_nothing_is_dropped_under_a_state_that_is_known_to_be_older(root: Path, index: IndexHere) -> None:
    path = left_by_a_kill(root, index, b"one", unrecorded=b"two" * 99)
    before = path.read_bytes()
    start(root, index, whole=False)
    start(root, IndexHere(), whole=False)

    assert path.read_bytes() == before


def test_nothing_is_dropped_where_the_record_of_a_pack_is_damaged(root: Path, index: IndexHere) -> None:
    path = left_by_a_kill(root, index, b"one", unrecorded=b"two" * 99)
    before = path.read_bytes()
    index.known[path.stem] = KnownPack(None, is_retired=False)
    start(root, index)

    assert path.read_bytes() == before


def test_what_a_later_state_recorded_is_kept_and_made_known(root: Path, index: IndexHere) -> None:
    spool = Spool(root, index)
    keep(spool, b"one")
    older = IndexHere(dict(index.results), dict(index.known))
    keep(spool, b"two")
    keep(spool, b"three")
    spool.close()
    (path,) = spool.packs.iterdir()
    before = path.read_bytes()

    restored = start(root, older)

    assert path.read_bytes() == before
    assert [restored.read(DIGESTS[each]) for each in DIGESTS] == list(DIGESTS)
    assert older.results == index.results


def test_what_another_state_recorded_is_kept_and_made_known(root: Path, index: IndexHere) -> None:
    spool = Spool(root, index)
    keep(spool, b"one", b"two")
    spool.close()

    fresh = IndexHere()
    assert start(root, fresh).read(DIGESTS[b"two"]) == b"two"
    assert fresh.results == index.results


def test_a_known_place_stands_unless_its_pack_is_gone(root: Path, index: IndexHere) -> None:
    spool = Spool(root, index)
    (before,) = keep(spool, b"one")
    spool.close()
    again = Spool(root, other := IndexHere())
    (elsewhere,) = keep(again, b"one")
    again.close()

    start(root, index)
    assert index.results == {DIGESTS[b"one"]: before}
    (root / "packs" / f"{before.pack}.pack").unlink()
    index.known.pop(elsewhere.pack)
    start(root, index)
    assert index.results == other.results


def test_a_clean_start_changes_nothing_and_reads_no_pack(
    root: Path, index: IndexHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(root, index)
    keep(spool, b"one")
    spool.close()
    (before,) = [(path.read_bytes(), path.stat().st_mtime_ns) for path in spool.packs.iterdir()]
    monkeypatch.setattr("docbatch.spool.leftovers.contents", lambda *_: pytest.fail("it was read"))
    start(root, index)

    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in spool.packs.iterdir()] == [before]


def test_a_retired_pack_goes_once_nobody_reads(root: Path, index: IndexHere) -> None:
    path = left_by_a_kill(root, index, b"one")
    index.known[path.stem] = KnownPack(index.known[path.stem].end, is_retired=True)
    with reading(root):
        start(root, index)
        assert path.exists()
    start(root, index)

    assert not path.exists()
    assert index.known == {}
    assert remove_retired(root, root / "packs", index)


def test_what_took_the_place_of_a_retired_pack_stays(root: Path, index: IndexHere) -> None:
    path = left_by_a_kill(root, index, b"one")
    index.known[path.stem] = KnownPack(index.known[path.stem].end, is_retired=True)
    path.unlink()
    path.mkdir()
    (path / "somebody's").write_text("own")

    assert remove_retired(root, root / "packs", index)
    assert index.known == {}
    assert (path / "somebody's").read_text() == "own"


def test_a_retired_pack_that_cannot_be_removed_is_removed_another_day(
    root: Path, index: IndexHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = left_by_a_kill(root, index, b"one")
    index.known[path.stem] = KnownPack(index.known[path.stem].end, is_retired=True)

    def refuse(at: Path, **_options: object) -> None:
        raise PermissionError(1, "no", str(at))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        assert not remove_retired(root, root / "packs", index)
    assert path.exists()
    assert remove_retired(root, root / "packs", index)
    assert not path.exists()
