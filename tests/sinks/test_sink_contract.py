"""What every sink keeps to; `at` is a sink of each kind."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docbatch.core.errors import SinkError, StateError
from docbatch.sinks.accounts import Account
from docbatch.sinks.base import Fault, Receipt

from .arrangement import DELIVERED, KINDS, OUTSIDE, PATHS, Arrangement, delivery, failing

DATABASES = ("sqlite", "sqlite rows", "duckdb")


def test_a_kind_is_known_by_its_own_name(at: Arrangement) -> None:
    assert at.declared.name == (at.kind if at.kind in OUTSIDE else at.type)


def test_every_document_is_delivered_and_has_a_receipt(at: Arrangement) -> None:
    outcomes = at.deliver_all()

    receipts = [outcome.path.decode() for outcome in outcomes if isinstance(outcome, Receipt)]
    assert (sorted(receipts) if at.declared.together else receipts) == list(PATHS)
    assert at.content() == DELIVERED
    assert at.hidden() == []


def test_what_was_delivered_is_not_noticed(at: Arrangement) -> None:
    at.deliver_all()

    assert at.noticed() == set()


def test_a_receipt_bears_the_stamp_the_output_has(at: Arrangement) -> None:
    at.deliver_all()

    stamp = at.open().stamp(at.place("a.pdf"))
    assert stamp is not None
    assert stamp == (at.stamps["a.pdf"] if at.declared.per_document else at.stamp)


def test_opening_a_sink_writes_nothing(at: Arrangement) -> None:
    sink = at.open()

    assert sink.stamp(at.place("a.pdf")) is None
    assert not at.root.exists()
    assert at.content() == {}


def test_delivering_nothing_to_an_empty_place_is_no_error(at: Arrangement) -> None:
    assert at.deliver([]) == []
    assert at.content() == {}


def test_delivering_twice_ends_in_the_same_output(at: Arrangement) -> None:
    at.deliver_all()
    at.deliver_all()

    assert at.content() == DELIVERED
    assert at.noticed() == set()
    assert at.trashed() == []


def test_an_output_that_was_never_recorded_is_recognised_by_its_bytes(at: Arrangement) -> None:
    at.deliver_all()
    at.stamps.clear()

    at.deliver_all()

    assert at.content() == DELIVERED
    assert at.trashed() == []


def test_a_new_result_replaces_the_old_one(at: Arrangement) -> None:
    at.deliver_all()
    at.deliver_all({"a.pdf": "new"})

    assert at.content() == DELIVERED | {"a.pdf": "# new\n"}
    assert at.trashed() == []


def test_it_holds_what_its_kind_declares_after_a_part_was_handed_to_it(at: Arrangement) -> None:
    at.deliver_all()
    at.deliver([delivery("b/c.pdf", "new", at.stamps["b/c.pdf"])])

    new = {"b/c.pdf": "# new\n"}
    assert at.content() == (new if at.declared.whole else DELIVERED | new)


def test_it_answers_for_what_it_is_handed_and_for_nothing_else(at: Arrangement) -> None:
    account = Account(at.declared, "job")

    bad = failing("b/c.pdf", ValueError("bad"))
    answers = list(
        account.answering(at.open().deliver(account.handing([delivery("a.pdf"), bad, delivery("b/d.pdf")])))
    )

    account.close(None if at.declared.per_document else at.open().stamp(b""))
    assert {each.path: type(each) for each in answers} == {
        b"a.pdf": Receipt,
        b"b/c.pdf": Fault,
        b"b/d.pdf": Receipt,
    }


def test_an_edited_output_is_noticed_and_written_again_and_the_edit_kept(at: Arrangement) -> None:
    at.deliver_all()
    at.edit()
    assert "a.pdf" in at.noticed()

    at.deliver_all()

    assert at.content() == DELIVERED
    assert at.noticed() == set()
    assert ["edited by hand" in text for text in at.trashed()] == [True]


def test_a_deleted_output_is_noticed_and_written_again(at: Arrangement) -> None:
    at.deliver_all()
    at.delete()
    assert "a.pdf" in at.noticed()

    at.deliver_all()

    assert at.content() == DELIVERED


@pytest.mark.parametrize("kind", ["files", "jsonl", "parquet"])
def test_a_truncated_output_is_noticed_and_written_again(kind: str, tmp_path: Path) -> None:
    at = Arrangement(kind, tmp_path)
    at.deliver_all()
    os.truncate(at.output, 3)
    assert "a.pdf" in at.noticed()

    at.deliver_all()

    assert at.content() == DELIVERED


@pytest.mark.parametrize(
    "error", [ValueError("of a wrong shape"), StateError("of a wrong shape", hint="retry it")]
)
def test_a_document_that_cannot_be_read_is_a_fault_and_the_others_are_delivered(
    at: Arrangement, error: Exception
) -> None:
    outcomes = at.deliver([failing("a.pdf", error), delivery("b/c.pdf")])

    (fault,) = (outcome for outcome in outcomes if isinstance(outcome, Fault))
    assert fault.path == b"a.pdf"
    assert "of a wrong shape" in fault.message
    assert at.content() == {"b/c.pdf": "# b/c.pdf\n"}


def test_text_that_utf8_cannot_carry_is_delivered(at: Arrangement) -> None:
    at.deliver([delivery("a.pdf", "half \ud83d a pair")])

    assert at.content()["a.pdf"] in {"# half ? a pair\n", "# half \ud83d a pair\n"}


def test_a_bug_while_reading_leaves_nothing_unfinished(at: Arrangement) -> None:
    with pytest.raises(ZeroDivisionError):
        at.deliver([delivery("b/c.pdf"), failing("b/d.pdf", ZeroDivisionError())])

    assert at.content() == {}
    assert at.hidden() == []


def test_a_delivery_that_is_given_up_leaves_nothing_unfinished(at: Arrangement) -> None:
    outcomes = at.open().deliver(
        [delivery("a.pdf"), failing("b/c.pdf", ValueError("bad")), delivery("b/d.pdf")]
    )
    assert isinstance(next(iter(outcomes)), Fault)
    outcomes.close()  # type: ignore[attr-defined]

    assert at.content() == {}
    assert at.hidden() == []


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def test_a_link_below_the_root_is_not_followed_and_concerns_only_its_documents(
    files: Arrangement, elsewhere: Path
) -> None:
    files.root.mkdir()
    (files.root / "b").symlink_to(elsewhere)

    outcomes = files.deliver_all()

    assert {outcome.path for outcome in outcomes if isinstance(outcome, Fault)} == {b"b/c.pdf", b"b/d.pdf"}
    assert files.output.exists()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("kind", ["jsonl", "sqlite", "parquet"])
def test_a_link_on_the_way_to_a_job_s_output_is_not_followed(
    kind: str, tmp_path: Path, elsewhere: Path
) -> None:
    at = Arrangement(kind, tmp_path)
    at.root.mkdir()
    (at.root / "deep").symlink_to(elsewhere)

    with pytest.raises(SinkError, match="is a symbolic link"):
        at.deliver_all()

    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("kind", ["files", "jsonl"])
def test_a_link_in_an_output_s_place_is_replaced_and_not_written_through(
    kind: str, tmp_path: Path, elsewhere: Path
) -> None:
    at = Arrangement(kind, tmp_path)
    victim = elsewhere / "victim"
    victim.write_text("precious")
    at.output.parent.mkdir(parents=True)
    at.output.symlink_to(victim)

    at.deliver_all()

    assert victim.read_text() == "precious"
    assert at.content() == DELIVERED
    assert [path.is_symlink() for path in at.trash.glob("*-*")] == [True]


def test_a_link_in_a_database_s_place_is_refused(sqlite: Arrangement, elsewhere: Path) -> None:
    sqlite.output.parent.mkdir(parents=True)
    sqlite.output.symlink_to(elsewhere / "other.db")

    with pytest.raises(SinkError, match="is not a plain file"):
        sqlite.deliver_all()

    assert list(elsewhere.iterdir()) == []


on_this_disk = pytest.mark.parametrize(
    "at", [kind for kind in KINDS if not Arrangement(kind, Path()).declared.is_served], indirect=True
)


@on_this_disk
def test_a_file_in_the_place_of_the_root_is_an_error_that_says_what_is_safe(at: Arrangement) -> None:
    at.root.write_text("a file")

    with pytest.raises(SinkError, match=str(at.root)) as caught:
        at.deliver_all()

    assert "results are safe in the spool" in str(caught.value.hint)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that an ordinary user can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def _as_ordinary_user() -> Iterator[None]:
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@on_this_disk
def test_a_root_that_may_not_be_written_is_an_error_that_says_what_is_safe(
    at: Arrangement, reachable: Path
) -> None:
    at.folder = reachable
    at.root.mkdir(mode=0o555)

    with _as_ordinary_user(), pytest.raises(SinkError, match="permission denied") as caught:
        at.deliver_all()

    assert "results are safe in the spool" in str(caught.value.hint)


@pytest.mark.parametrize("kind", ["files", "jsonl", "parquet"])
@pytest.mark.parametrize("room", [0, 1])
def test_a_full_disk_leaves_nothing_unfinished_and_says_what_is_safe(
    kind: str, room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Arrangement(kind, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("docbatch.sinks.outputs.os.write", _Disk(room).write)
        with pytest.raises(SinkError, match="no space left") as caught:
            at.deliver_all()

    assert "free space" in str(caught.value.hint)
    assert (at.content(), at.hidden()) == ({}, [])
    at.deliver_all()
    assert at.content() == DELIVERED


class _Disk:
    """Takes a few writes of ten bytes and then is full."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._write = os.write

    def write(self, descriptor: int, content: memoryview) -> int:
        if self._room == 0:
            raise OSError(28, "No space left on device")
        self._room -= 1
        return self._write(descriptor, content[:10])


def test_a_database_that_cannot_grow_keeps_its_rows(sqlite: Arrangement) -> None:
    resource = pytest.importorskip("resource")
    sqlite.deliver_all()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (sqlite.output.stat().st_size, before[1]))
    try:
        with pytest.raises(SinkError, match="cannot be used") as caught:
            sqlite.deliver_all({"a.pdf": "long " * 100_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert "results are safe in the spool" in str(caught.value.hint)
    assert sqlite.content() == DELIVERED


def test_a_removed_output_is_in_the_trash(at: Arrangement) -> None:
    at.deliver_all()

    at.open().remove(b"a.pdf" if at.kind in {*DATABASES, "parquet"} else at.place("a.pdf"))

    assert "a.pdf" not in at.content()
    assert len(at.trashed()) == 1


def test_removing_what_is_not_there_is_no_error(at: Arrangement) -> None:
    at.open().remove(at.place("a.pdf"))

    assert at.trashed() == []
