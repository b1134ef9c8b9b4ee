"""Results of before on their way into packs: none is ever in neither place, whenever a run ends."""

import errno
import gzip
import hashlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from docbatch.core.errors import ResultLost
from docbatch.core.models import ResultPlace
from docbatch.engine.planning import plan_session
from docbatch.packed import Codec
from docbatch.spool import Spool, moving
from docbatch.spool.moving import move_old_entries
from docbatch.spool.old_entries import OldEntries
from docbatch.spool.pack import contents
from docbatch.testing.tripwire import Tripwire
from tests.cli.project import Project
from tests.kept_results import kept_results, unpack_all
from tests.spool.index_here import IndexHere
from tests.spool.opened import killed, opened, unread
from tests.spool.power_cut import power_cuts

PAYLOADS = [f"result {number}".encode() * 20 for number in range(12)]
DIGESTS = [hashlib.sha256(each).hexdigest() for each in PAYLOADS]
FEW = 4


def still() -> float:
    return 0.0


@pytest.fixture
def index() -> IndexHere:
    return IndexHere()


@pytest.fixture
def spool(tmp_path: Path, index: IndexHere) -> Spool:
    spool = Spool(tmp_path / "spool", index)
    spool.sweep()
    for payload, digest in zip(PAYLOADS, DIGESTS, strict=True):
        path = spool.old.path(digest)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(payload))
    return spool


def test_results_of_before_are_moved_as_they_are_compressed(spool: Spool, index: IndexHere) -> None:
    assert move_old_entries(spool, still) == (12, 0)

    assert list(spool.old.digests()) == []
    assert sorted(path.name for path in spool.root.iterdir()) == ["incoming", "packs", "readers"]
    assert [spool.read(each) for each in DIGESTS] == PAYLOADS
    (path,) = spool.packs.iterdir()
    assert {each.head.codec for each in contents(path) if each.head is not None} == {Codec.GZIP}
    assert move_old_entries(spool, still) == (0, 0)


def test_they_go_only_once_every_successor_knows_where_they_lie_now(spool: Spool, index: IndexHere) -> None:
    found: list[tuple[int, int]] = []

    move_old_entries(
        spool, still, publish=lambda: found.append((len(index.results), len(list(spool.old.digests()))))
    )

    assert found == [(12, 12)]


def test_the_folders_of_a_run_that_was_killed_before_it_removed_them_go(spool: Spool) -> None:
    for digest in DIGESTS[:3]:
        spool.old.path(digest).unlink()
    (spool.root / "zz").mkdir()

    assert move_old_entries(spool, still) == (9, 0)
    assert sorted(path.name for path in spool.root.iterdir()) == ["incoming", "packs", "readers", "zz"]


def test_what_there_is_no_time_for_is_left_and_read(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "BATCH", 5)
    seconds = itertools.count()

    assert move_old_entries(spool, lambda: float(next(seconds)), patience=2.0) == (5, 7)
    assert [spool.read(each) for each in DIGESTS] == PAYLOADS
    assert move_old_entries(spool, still) == (7, 0)


def test_a_batch_is_bounded_in_bytes(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "BATCH_BYTES", 1)
    batches: list[int] = []
    record = Spool.record

    def note(self: Spool, placed: Sequence[tuple[str, ResultPlace]]) -> None:
        batches.append(len(placed))
        record(self, placed)

    monkeypatch.setattr(Spool, "record", note)
    move_old_entries(spool, still)

    assert batches == [1] * 12


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b"another", mtime=0), gzip.compress(PAYLOADS[0], mtime=0)[:-3]]
)
def test_what_is_damaged_stays_where_it_is(spool: Spool, index: IndexHere, content: bytes) -> None:
    spool.old.path(DIGESTS[0]).write_bytes(content)

    assert move_old_entries(spool, still) == (11, 0)
    assert spool.old.path(DIGESTS[0]).read_bytes() == content
    assert DIGESTS[0] not in index.results
    with pytest.raises(ResultLost):
        spool.read(DIGESTS[0])


def test_what_lies_soundly_in_a_pack_already_is_removed_only(spool: Spool, index: IndexHere) -> None:
    kept = spool.root.parent / "kept"
    shutil.copytree(spool.root, kept)
    move_old_entries(spool, still)
    before = dict(index.results)
    for digest in DIGESTS:
        spool.old.path(digest).parent.mkdir(exist_ok=True)
        shutil.copy(kept / digest[:2] / f"{digest}.gz", spool.old.path(digest))

    assert move_old_entries(spool, still) == (12, 0)
    assert index.results == before
    assert list(spool.old.digests()) == []


def test_what_is_damaged_in_a_pack_is_moved_once_more(spool: Spool, index: IndexHere) -> None:
    whole = spool.old.path(DIGESTS[0]).read_bytes()
    move_old_entries(spool, still)
    (path,) = spool.packs.iterdir()
    place = index.results[DIGESTS[0]]
    content = bytearray(path.read_bytes())
    content[place.start + place.length - 1] ^= 1
    path.write_bytes(content)
    spool.old.path(DIGESTS[0]).parent.mkdir()
    spool.old.path(DIGESTS[0]).write_bytes(whole)

    assert move_old_entries(spool, still) == (1, 0)
    assert spool.read(DIGESTS[0]) == PAYLOADS[0]


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "somebody's").write_text("own")


def a_link(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize("put", [a_folder, os.mkfifo, a_link])
def test_what_is_no_file_is_no_result_of_before_and_keeps_nobody_from_the_rest(
    spool: Spool, index: IndexHere, put: Callable[[Path], None]
) -> None:
    path = spool.old.path(DIGESTS[0])
    path.unlink()
    put(path)

    assert move_old_entries(spool, still) == (11, 0)
    assert DIGESTS[0] not in index.results
    assert not spool.has(DIGESTS[0])
    with pytest.raises(ResultLost):
        spool.read(DIGESTS[0])
    spool.record([(DIGESTS[0], spool.admit(spool.draft(PAYLOADS[0])))])
    assert move_old_entries(spool, still) == (0, 0)
    assert [spool.read(each) for each in DIGESTS] == PAYLOADS
    assert spool.size() == sum(each.stat().st_size for each in spool.packs.iterdir())
    assert os.path.lexists(path)


def test_what_cannot_be_removed_is_read_in_its_pack_and_removed_once_it_can(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: OldEntries, digest: str) -> None:
        raise PermissionError(errno.EACCES, "refused", digest)

    with monkeypatch.context() as patch:
        patch.setattr(OldEntries, "remove", refuse)
        assert move_old_entries(spool, still) == (0, 0)
    assert [spool.read(each) for each in DIGESTS] == PAYLOADS
    assert move_old_entries(spool, still) == (12, 0)
    assert len(list(spool.packs.iterdir())) == 1
    assert list(spool.old.digests()) == []


def test_the_size_can_be_asked_for_while_another_moves_them(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list(spool.old._files())
    spool.old.remove(DIGESTS[0])
    monkeypatch.setattr(OldEntries, "_files", lambda _self: iter(found))

    assert spool.size() == sum(spool.old.path(each).stat().st_size for each in DIGESTS[1:])


def older(folder: Path) -> Path:
    """Make a state whose results lie as versions of before put them."""
    with opened(folder) as spool:
        for payload, digest in zip(PAYLOADS[:FEW], DIGESTS, strict=False):
            path = spool.old.path(digest)
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(gzip.compress(payload))
    return folder


def move(spool: Spool) -> None:
    move_old_entries(spool, still)


def lost_by_kills(template: Path, root: Path) -> Iterator[str]:
    """Kill who moves at each of its effects; yield what cannot be read then, or after the next start."""
    wire = Tripwire()
    killed(shutil.copytree(template, root / "undisturbed"), move, wire)
    for at in range(1, len(wire.names) + 1):
        folder = shutil.copytree(template, root / str(at))
        killed(folder, move, Tripwire(at))
        yield from (f"killed at {at}: {each}" for each in unread(folder, DIGESTS[:FEW]))
        killed(folder, move, Tripwire())
        yield from (f"left at {at}: {each}" for each in OldEntries(folder / "spool").digests())
        yield from (f"moved after {at}: {each}" for each in unread(folder, DIGESTS[:FEW]))


def test_a_power_cut_anywhere_loses_nothing(tmp_path: Path) -> None:
    template = older(tmp_path / "template")
    with power_cuts():
        assert list(lost_by_kills(template, tmp_path)) == []


def test_a_flush_that_is_left_out_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = older(tmp_path / "template")
    monkeypatch.setattr(Spool, "flush", lambda _self: None)

    with power_cuts():
        assert next(lost_by_kills(template, tmp_path), None) is not None


def test_killed_anywhere_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = older(tmp_path / "template")
    monkeypatch.setattr(moving, "BATCH", 2)

    assert list(lost_by_kills(template, tmp_path)) == []


def remove_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove old results before it is recorded that they lie elsewhere."""
    record = Spool.record

    def late(self: Spool, placed: Sequence[tuple[str, ResultPlace]]) -> None:
        for digest, _ in placed:
            self.old.remove(digest)
        record(self, placed)

    monkeypatch.setattr(Spool, "record", late)


def test_another_order_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = older(tmp_path / "template")
    remove_first(monkeypatch)

    assert next(lost_by_kills(template, tmp_path), None) is not None


def test_a_run_of_the_command_moves_them_and_says_so_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_session, "MANY_RESULTS", 3)
    project = Project(tmp_path)
    project.job()
    project.write({f"in/{number}.txt": f"text {number}" for number in range(3)})
    project.applied()
    before = project.outputs()
    unpack_all(tmp_path / ".docbatch")
    project.write({"in/3.txt": "new"})
    ended = project.call("apply")
    quiet = project.call("apply")

    assert "3 stored results of an older version moved into packs" in ended.err
    assert "older" not in quiet.err
    assert len(kept_results(tmp_path / ".docbatch")) == 4
    assert project.outputs() == {**before, "3.txt.md": b"new\n"}
    assert project.call("state", "check").code == 0
