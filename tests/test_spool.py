import gzip
import hashlib
import os
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.core.models import Draft
from docbatch.durability import Flusher, Place
from docbatch.spool import Spool, draft

PAYLOAD = b"what the vendor answered" * 100
DIGEST = hashlib.sha256(PAYLOAD).hexdigest()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    spool = Spool(tmp_path / "spool")
    spool.sweep()
    return spool


def _entry(spool: Spool) -> Path:
    return spool.root / DIGEST[:2] / f"{DIGEST}.gz"


def test_a_payload_is_read_back_by_its_digest(spool: Spool) -> None:
    assert spool.write(PAYLOAD) == DIGEST
    assert spool.read(DIGEST) == PAYLOAD


@pytest.mark.parametrize("payload", [b"", b"x", os.urandom(3 << 20)])
def test_payloads_of_any_size_come_back(spool: Spool, payload: bytes) -> None:
    assert spool.read(spool.write(payload)) == payload


def test_a_payload_lies_under_its_digest_as_plain_gzip(spool: Spool) -> None:
    spool.write(PAYLOAD)

    assert gzip.decompress(_entry(spool).read_bytes()) == PAYLOAD


def test_equal_payloads_make_equal_files(spool: Spool, tmp_path: Path) -> None:
    other = Spool(tmp_path / "other")
    spool.write(PAYLOAD)
    other.write(PAYLOAD)

    assert _entry(spool).read_bytes() == _entry(other).read_bytes()


def test_a_worker_s_draft_is_moved_into_place(spool: Spool) -> None:
    drafted = draft(spool.incoming, PAYLOAD)

    assert spool.admit(drafted) == DIGEST
    assert spool.read(DIGEST) == PAYLOAD
    assert not drafted.path.exists()


def test_a_draft_of_what_is_there_already_is_dropped(spool: Spool) -> None:
    spool.write(PAYLOAD)

    spool.admit(draft(spool.incoming, PAYLOAD))

    assert list(spool.entries()) == [DIGEST]
    assert not list(spool.incoming.iterdir())


def test_a_worker_that_names_a_wrong_digest_is_found_out_when_read(spool: Spool) -> None:
    drafted = draft(spool.incoming, b"something else")
    spool.admit(Draft(drafted.path, DIGEST, len(PAYLOAD)))

    with pytest.raises(StateError, match="do not match its name"):
        spool.read(DIGEST)


@pytest.mark.parametrize("digest", ["../../x", DIGEST.upper(), DIGEST + "\n", ""])
def test_a_draft_whose_digest_is_none_is_refused(spool: Spool, digest: str) -> None:
    drafted = draft(spool.incoming, PAYLOAD)

    with pytest.raises(StateError, match="is not a result drafted for the spool"):
        spool.admit(Draft(drafted.path, digest, len(PAYLOAD)))


def test_a_draft_from_elsewhere_is_refused(spool: Spool, tmp_path: Path) -> None:
    drafted = draft(tmp_path, PAYLOAD)

    with pytest.raises(StateError, match="is not a result drafted for the spool"):
        spool.admit(drafted)


def test_a_draft_that_is_a_link_is_refused(spool: Spool, tmp_path: Path) -> None:
    link = spool.incoming / "link.gz"
    link.symlink_to(draft(tmp_path, PAYLOAD).path)

    with pytest.raises(StateError, match="is not a result drafted for the spool"):
        spool.admit(Draft(link, DIGEST, len(PAYLOAD)))


def test_a_missing_entry_says_what_is_safe(spool: Spool) -> None:
    with pytest.raises(StateError, match="is missing") as caught:
        spool.read(DIGEST)

    assert "'docbatch state check --repair', then 'docbatch apply'" in str(caught.value.hint)


@pytest.mark.parametrize(
    "damaged",
    [b"", b"\x1f\x8b", b"no gzip at all", gzip.compress(PAYLOAD)[:-9], gzip.compress(b"other")],
    ids=["empty", "only a header", "not gzip", "cut off", "another payload"],
)
def test_a_damaged_entry_is_noticed_and_healed_by_writing_it_again(spool: Spool, damaged: bytes) -> None:
    spool.write(PAYLOAD)
    _entry(spool).write_bytes(damaged)
    with pytest.raises(StateError, match=DIGEST):
        spool.read(DIGEST)

    spool.admit(draft(spool.incoming, PAYLOAD))

    assert spool.read(DIGEST) == PAYLOAD


def test_a_bomb_is_not_expanded_beyond_the_limit(spool: Spool) -> None:
    digest = spool.write(bytes(10_000_000))

    with pytest.raises(StateError, match="larger than 1000 bytes"):
        Spool(spool.root, limit=1000).read(digest)


def test_a_payload_of_just_the_limit_is_read(spool: Spool) -> None:
    spool.write(PAYLOAD)

    assert Spool(spool.root, limit=len(PAYLOAD)).read(DIGEST) == PAYLOAD


def test_leftovers_of_a_killed_run_are_swept_and_entries_stay(spool: Spool) -> None:
    spool.write(PAYLOAD)
    draft(spool.incoming, b"never admitted")

    spool.sweep()

    assert not list(spool.incoming.iterdir())
    assert spool.read(DIGEST) == PAYLOAD


def test_opening_writes_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")

    assert (list(spool.entries()), spool.size()) == ([], 0)
    assert not spool.root.exists()


def test_size_is_what_the_entries_take_on_disk(spool: Spool) -> None:
    spool.write(PAYLOAD)

    assert spool.size() == _entry(spool).stat().st_size


def test_a_flush_covers_new_entries_and_their_folders(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[set[object]] = []

    def flush(_: Flusher, places: Collection[Place]) -> None:
        flushed.append({place.name for place in places})

    monkeypatch.setattr(Flusher, "flush", flush)
    spool.write(PAYLOAD)
    spool.flush()
    spool.admit(draft(spool.incoming, PAYLOAD))
    spool.flush()
    spool.flush()

    entry = {_entry(spool), _entry(spool).parent, spool.root}
    assert flushed == [entry, entry]


def test_after_a_failed_flush_every_flush_fails(spool: Spool) -> None:
    spool.write(PAYLOAD)
    _entry(spool).unlink()
    with pytest.raises(StateError, match="cannot be written"):
        spool.flush()

    with pytest.raises(StateError, match="cannot be written"):
        spool.flush()


@pytest.mark.parametrize("call", ["docbatch.spool.opener", "pathlib.Path.replace"])
def test_a_full_disk_says_what_is_safe(spool: Spool, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call, full)

    with pytest.raises(StateError, match="the disk is full") as caught:
        spool.write(PAYLOAD)

    assert "without sending anything twice" in str(caught.value.hint)


def test_a_draft_that_does_not_fit_leaves_nothing(spool: Spool) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(StateError, match="cannot be written"):
            spool.write(os.urandom(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert not list(spool.incoming.iterdir())


@pytest.mark.parametrize("put", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
def test_what_is_no_file_in_an_entrys_place_holds_nobody_up(
    spool: Spool, put: Callable[[Path], object]
) -> None:
    spool.write(PAYLOAD)
    _entry(spool).unlink()
    put(_entry(spool))

    with pytest.raises(StateError, match="cannot be read"):
        spool.read(DIGEST)


def test_a_folder_in_an_entrys_place_is_named(spool: Spool) -> None:
    _entry(spool).mkdir(parents=True)

    with pytest.raises(StateError, match=f"{DIGEST}.gz is a folder"):
        spool.write(PAYLOAD)
