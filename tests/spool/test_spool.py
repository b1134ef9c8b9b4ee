import errno
import gzip
import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from docbatch.core.errors import ResultLost, StateError
from docbatch.core.models import Draft, ResultPlace
from docbatch.packed import MOST_CARRIED
from docbatch.spool import Spool
from docbatch.spool.pack import MAGIC, PackWriter, contents, packs_in
from docbatch.testing.patience import LONG
from tests.spool.index_here import IndexHere

PAYLOAD = b"what the vendor answered" * 100
DIGEST = hashlib.sha256(PAYLOAD).hexdigest()
LARGE = os.urandom(MOST_CARRIED + 1)


@pytest.fixture
def index() -> IndexHere:
    return IndexHere()


@pytest.fixture
def spool(tmp_path: Path, index: IndexHere) -> Spool:
    spool = Spool(tmp_path / "spool", index)
    spool.sweep()
    return spool


def keep(spool: Spool, *payloads: bytes) -> list[ResultPlace]:
    """Keep payloads as a run does: written, made durable, recorded."""
    drafts = [spool.draft(payload) for payload in payloads]
    placed = [(draft.digest, spool.admit(draft)) for draft in drafts]
    spool.flush()
    assert isinstance(spool.index, IndexHere)
    spool.index.put(placed)
    spool.recorded(placed)
    return [place for _, place in placed]


def pack_of(spool: Spool) -> Path:
    (path,) = spool.packs.iterdir()
    return path


def write_old(spool: Spool, payload: bytes, content: bytes | None = None) -> Path:
    """Put a result there as versions of before did."""
    digest = hashlib.sha256(payload).hexdigest()
    path = spool.root / digest[:2] / f"{digest}.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(payload) if content is None else content)
    return path


def test_a_payload_is_read_back_before_and_after_it_is_recorded(spool: Spool) -> None:
    assert spool.write(PAYLOAD) == DIGEST
    assert spool.read(DIGEST) == PAYLOAD

    keep(spool, PAYLOAD)
    assert spool.read(DIGEST) == PAYLOAD


def test_many_payloads_lie_in_one_file(spool: Spool) -> None:
    payloads = [b"", b"x", LARGE, *(str(number).encode() for number in range(200))]
    keep(spool, *payloads)

    assert [spool.read(hashlib.sha256(each).hexdigest()) for each in payloads] == payloads
    assert len(packs_in(spool.packs)) == 1


def test_another_process_reads_what_it_is_told_the_place_of(spool: Spool) -> None:
    spool.write(PAYLOAD)
    place = spool.where(DIGEST)

    assert Spool(spool.root).read(DIGEST, place) == PAYLOAD
    with pytest.raises(ResultLost):
        Spool(spool.root).read(DIGEST)


def test_a_pack_is_read_without_the_index(spool: Spool) -> None:
    places = keep(spool, PAYLOAD, b"another")

    found = [each for each in contents(pack_of(spool)) if each.head is not None]
    assert [(each.start, each.end - each.start) for each in found] == [place[1:] for place in places]
    assert found[0].head is not None
    assert found[0].head.digest == DIGEST


def test_an_empty_run_makes_no_pack(spool: Spool) -> None:
    spool.flush()
    spool.close()

    assert packs_in(spool.packs) == {}
    assert spool.is_empty()


def test_a_run_never_writes_to_the_pack_of_another(spool: Spool, index: IndexHere) -> None:
    keep(spool, PAYLOAD)
    spool.close()
    (before,) = [path.read_bytes() for path in spool.packs.iterdir()]
    keep(Spool(spool.root, index), b"another")

    assert len(packs_in(spool.packs)) == 2
    assert before in [path.read_bytes() for path in spool.packs.iterdir()]


def test_a_large_pack_is_closed_and_another_begun(tmp_path: Path, index: IndexHere) -> None:
    spool = Spool(tmp_path / "spool", index, largest=1000)
    payloads = [os.urandom(400) for _ in range(9)]
    keep(spool, *payloads)

    assert len(packs_in(spool.packs)) == 3
    assert [spool.read(hashlib.sha256(each).hexdigest()) for each in payloads] == payloads


def test_a_full_pack_is_durable_before_another_is_begun(
    tmp_path: Path, index: IndexHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(PackWriter, "flush", lambda self: flushed.append(self.name))
    spool = Spool(tmp_path / "spool", index, largest=1000)
    for _ in range(4):
        spool.write(os.urandom(400))
    spool.flush()

    assert len(set(flushed)) == 2


def test_equal_payloads_that_come_together_are_kept_once(spool: Spool) -> None:
    first, second = (spool.admit(spool.draft(PAYLOAD)) for _ in range(2))

    assert first == second


def test_what_is_recorded_already_is_kept_anew_so_that_damage_heals(spool: Spool) -> None:
    (before,) = keep(spool, PAYLOAD)
    damage(spool, before, b"\0")
    (after,) = keep(spool, PAYLOAD)

    assert after != before
    assert spool.read(DIGEST) == PAYLOAD


def damage(spool: Spool, place: ResultPlace, byte: bytes, at: int = -1) -> None:
    path = spool.packs / f"{place.pack}.pack"
    content = bytearray(path.read_bytes())
    where = place.start + (at % place.length)
    content[where : where + 1] = byte if content[where : where + 1] != byte else b"\xaa"
    path.write_bytes(content)


@pytest.mark.parametrize("at", [0, 1, 2, 5, 6, 20, 37, 38, 50, -1])
def test_a_damaged_result_is_noticed_and_the_others_are_read(spool: Spool, at: int) -> None:
    _, place, _ = keep(spool, b"before", PAYLOAD, b"after")
    damage(spool, place, b"\x17", at)

    with pytest.raises(ResultLost, match=DIGEST):
        spool.read(DIGEST)
    for payload in (b"before", b"after"):
        assert spool.read(hashlib.sha256(payload).hexdigest()) == payload


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 50)


def swap(path: Path) -> None:
    path.write_bytes(MAGIC + os.urandom(path.stat().st_size))


@pytest.mark.parametrize("act", [Path.unlink, truncate, swap])
def test_a_spoilt_pack_is_a_result_that_is_lost(
    spool: Spool, index: IndexHere, act: Callable[[Path], None]
) -> None:
    keep(spool, PAYLOAD)
    spool.close()
    act(pack_of(spool))

    with pytest.raises(ResultLost, match=DIGEST):
        spool.read(DIGEST)
    assert spool.has(DIGEST) == (act is not Path.unlink)


@pytest.mark.parametrize(
    "place",
    [("../../etc", 0, 9), ("0" * 16, 16, 60), ("0" * 16, -5, 60), ("0" * 16, 1 << 50, 1 << 50)],
)
def test_an_index_that_says_nonsense_leads_nowhere(
    spool: Spool, index: IndexHere, place: tuple[str, int, int]
) -> None:
    (spool.packs).mkdir()
    (spool.packs / f"{'0' * 16}.pack").write_bytes(MAGIC + bytes(20))
    index.results[DIGEST] = ResultPlace(*place)

    with pytest.raises(ResultLost, match=DIGEST):
        spool.read(DIGEST)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_waited_for(
    spool: Spool, index: IndexHere, make: Callable[[Path], None]
) -> None:
    (place,) = keep(spool, PAYLOAD)
    spool.close()
    pack_of(spool).unlink()
    make(spool.packs / f"{place.pack}.pack")
    old = spool.old.path(DIGEST)
    old.parent.mkdir()
    make(old)

    with pytest.raises(ResultLost, match=DIGEST):
        spool.read(DIGEST)


def test_a_missing_entry_says_what_is_safe(spool: Spool) -> None:
    with pytest.raises(ResultLost, match="is missing") as caught:
        spool.read(DIGEST)

    assert "'docbatch state check --repair', then 'docbatch apply'" in str(caught.value.hint)


@pytest.mark.parametrize("digest", ["../../x", DIGEST.upper(), DIGEST + "\n", ""])
def test_a_draft_whose_digest_is_none_is_refused(spool: Spool, digest: str) -> None:
    with pytest.raises(StateError, match="is not a result drafted for the spool"):
        spool.admit(replace(spool.draft(PAYLOAD), digest=digest))


def test_a_draft_that_is_no_entry_is_refused(spool: Spool) -> None:
    with pytest.raises(StateError, match="is not a result drafted for the spool"):
        spool.admit(Draft(PAYLOAD, DIGEST, len(PAYLOAD)))


def test_a_worker_that_names_a_wrong_digest_is_found_out_when_read(spool: Spool) -> None:
    made = spool.draft(b"something else")
    assert isinstance(made.entry, bytes)
    lie = made.entry.replace(bytes.fromhex(made.digest), bytes.fromhex(DIGEST))
    spool.admit(Draft(lie, DIGEST, len(PAYLOAD)))

    with pytest.raises(ResultLost, match="do not match its name"):
        spool.read(DIGEST)


def laid_aside(spool: Spool) -> tuple[Draft, Path]:
    draft = spool.lay_aside(spool.draft(LARGE))
    assert isinstance(draft.entry, Path)
    return draft, draft.entry


def test_small_drafts_travel_and_large_ones_lie_in_a_file(spool: Spool) -> None:
    small = spool.draft(PAYLOAD)
    draft, path = laid_aside(spool)

    assert spool.lay_aside(small) == small
    assert (path.parent, oct(path.stat().st_mode & 0o777)) == (spool.incoming, "0o600")
    assert spool.read(draft.digest, spool.admit(draft)) == LARGE
    assert not path.exists()


def test_a_file_from_elsewhere_is_refused(spool: Spool, tmp_path: Path) -> None:
    draft, path = laid_aside(spool)
    elsewhere = path.rename(tmp_path / "elsewhere")

    with pytest.raises(StateError, match="is not a result drafted for the spool"):
        spool.admit(replace(draft, entry=elsewhere))


def test_a_link_in_the_place_of_a_file_is_refused(spool: Spool, tmp_path: Path) -> None:
    draft, path = laid_aside(spool)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StateError, match="is not a result drafted for the spool"):
        spool.admit(draft)


@pytest.mark.parametrize("change", [b"", b"longer"])
def test_a_file_of_another_length_is_refused(spool: Spool, change: bytes) -> None:
    draft, path = laid_aside(spool)
    path.write_bytes(path.read_bytes() + change if change else path.read_bytes()[:-1])

    with pytest.raises(StateError, match="is not a result drafted for the spool"):
        spool.admit(draft)


def test_leftovers_of_a_killed_run_are_swept_and_results_stay(spool: Spool) -> None:
    keep(spool, PAYLOAD)
    laid_aside(spool)

    spool.sweep()

    assert not list(spool.incoming.iterdir())
    assert spool.read(DIGEST) == PAYLOAD


def test_opening_writes_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")

    assert (list(spool.entries()), spool.count(), spool.size()) == ([], 0, 0)
    assert not spool.root.exists()


def test_packs_are_their_owner_s_alone(spool: Spool) -> None:
    keep(spool, PAYLOAD)

    modes = {oct(path.stat().st_mode & 0o777) for path in (spool.packs, pack_of(spool))}
    assert modes == {"0o700", "0o600"}


def test_entries_and_size_count_what_is_there_of_either_kind(spool: Spool) -> None:
    keep(spool, PAYLOAD)
    old = write_old(spool, b"of before")
    digest = hashlib.sha256(b"of before").hexdigest()

    assert list(spool.entries()) == sorted([DIGEST, digest])
    assert spool.count() == 2
    assert spool.size() == pack_of(spool).stat().st_size + old.stat().st_size
    assert spool.has(digest)
    assert not spool.is_empty()


def test_a_result_of_before_is_read(spool: Spool) -> None:
    write_old(spool, PAYLOAD)

    assert spool.read(DIGEST) == PAYLOAD


def test_a_result_of_before_stands_in_for_one_that_is_damaged(spool: Spool) -> None:
    (place,) = keep(spool, PAYLOAD)
    damage(spool, place, b"\0")
    write_old(spool, PAYLOAD)

    assert spool.read(DIGEST) == PAYLOAD


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x8b", b"no gzip at all", gzip.compress(PAYLOAD, mtime=0)[:-9], gzip.compress(b"x", mtime=0)],
)
def test_a_damaged_result_of_before_is_lost(spool: Spool, content: bytes) -> None:
    write_old(spool, PAYLOAD, content)

    with pytest.raises(ResultLost, match=DIGEST):
        spool.read(DIGEST)


def test_a_flush_covers_the_pack_and_once_its_folders(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda each: flushed.append(str(Path(f"/proc/self/fd/{each}").readlink()))
    )
    spool.write(PAYLOAD)
    spool.flush()
    spool.flush()
    spool.write(b"another")
    spool.flush()

    place = str(pack_of(spool))
    assert flushed == [place, str(spool.packs), str(spool.root), str(spool.root.parent), place]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_after_a_failed_flush_nothing_more_is_taken(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(number, "no")

    spool.write(PAYLOAD)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(StateError, match="cannot be written"):
            spool.flush()

    with pytest.raises(StateError, match="cannot be written"):
        spool.flush()
    with pytest.raises(StateError, match="cannot be written"):
        spool.write(b"another")


def test_a_full_disk_says_what_is_safe_and_what_was_half_written_is_written_over(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(spool, b"before")
    plain = os.pwrite

    def full(descriptor: int, data: bytes, at: int) -> int:
        plain(descriptor, data[: len(data) // 2], at)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(StateError, match="the disk is full") as caught:
            spool.write(PAYLOAD)
    assert "without sending anything twice" in str(caught.value.hint)

    keep(spool, b"after", PAYLOAD)
    assert spool.read(DIGEST) == PAYLOAD
    assert sum(each.head is not None for each in contents(pack_of(spool))) == 3


def test_a_pack_that_cannot_be_begun_leaves_nothing(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(StateError, match="the disk is full"):
            spool.write(PAYLOAD)

    assert packs_in(spool.packs) == {}
    assert spool.read(spool.write(PAYLOAD)) == PAYLOAD


def test_a_draft_that_does_not_fit_leaves_nothing(spool: Spool) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(StateError, match="cannot be written"):
            laid_aside(spool)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert not list(spool.incoming.iterdir())


def test_many_threads_keep_results_at_once(spool: Spool) -> None:
    payloads = [os.urandom(number % 3000) for number in range(400)]
    with ThreadPoolExecutor(8) as threads:
        places = list(threads.map(lambda each: spool.admit(spool.draft(each)), payloads))
        for _ in range(20):
            threads.submit(spool.flush)
    spool.flush()

    read = [spool.read(hashlib.sha256(each).hexdigest()) for each in payloads]
    assert read == payloads
    ends = sorted((place.start, place.start + place.length) for place in set(places))
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))


class Disk:
    """A disk whose first flush of a pack lasts until it is let go, and fails then if told so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.error: OSError | None = None
        self.flushed: list[int] = []
        """The files that were flushed, by inode."""
        self._real = os.fsync
        monkeypatch.setattr(os, "fsync", self._flush)

    def _flush(self, descriptor: int) -> None:
        is_first = not self.begun.is_set()
        self.begun.set()
        if is_first:
            assert self.let_go.wait(LONG)
            if self.error is not None:
                raise self.error
            # By now the descriptor may be that of another file, or of none.
            self.flushed.append(os.fstat(descriptor).st_ino)
        self._real(descriptor)


def filled(folder: Path, index: IndexHere) -> Spool:
    """Return a spool whose pack is full, and not flushed."""
    spool = Spool(folder / "spool", index, largest=1000)
    for _ in range(3):
        spool.write(os.urandom(400))
    return spool


def test_a_pack_that_is_full_is_not_closed_while_another_thread_flushes_it(
    tmp_path: Path, index: IndexHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, disk = filled(tmp_path, index), Disk(monkeypatch)
    with ThreadPoolExecutor(2) as threads:
        flush = threads.submit(spool.flush)
        assert disk.begun.wait(LONG)
        (full,) = spool.packs.iterdir()
        write = threads.submit(spool.write, os.urandom(400))
        # The other thread closes the pack now, if it does not wait for the flush.
        wait([write], timeout=0.05)
        disk.let_go.set()
        flush.result(LONG)
        write.result(LONG)

    assert len(list(spool.packs.iterdir())) == 2
    assert disk.flushed == [full.stat().st_ino]
    spool.flush()


def test_who_flushes_while_another_thread_does_waits_for_it(
    tmp_path: Path, index: IndexHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, disk = filled(tmp_path, index), Disk(monkeypatch)
    disk.error = OSError(errno.EIO, "Input/output error")
    with ThreadPoolExecutor(2) as threads:
        flushes = [threads.submit(spool.flush)]
        assert disk.begun.wait(LONG)
        flushes.append(threads.submit(spool.flush))
        wait(flushes[1:], timeout=0.05)
        disk.let_go.set()

    # A second try would succeed without what the first has lost.
    assert all(isinstance(each.exception(), StateError) for each in flushes)
    assert disk.flushed == []


def test_packs_change_while_many_threads_keep_and_flush(tmp_path: Path, index: IndexHere) -> None:
    spool = Spool(tmp_path / "spool", index, largest=300)
    payloads = [os.urandom(number % 200) for number in range(300)]

    def kept(payload: bytes) -> str:
        digest = spool.write(payload)
        spool.flush()
        return digest

    with ThreadPoolExecutor(8) as threads:
        digests = list(threads.map(kept, payloads))

    assert [spool.read(each) for each in digests] == payloads
