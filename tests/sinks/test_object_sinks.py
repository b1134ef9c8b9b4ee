"""Outputs in a store: what every sink keeps to, and what only those promise."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import SinkError, SinkRefused
from docbatch.sinks.base import Fault, Receipt
from docbatch.sinks.kind import Bucket
from docbatch.sinks.objects import object_outputs, standing_objects
from docbatch.sinks.objects.document_objects import DocumentObjects
from docbatch.sinks.objects.object_outputs import ObjectOutputs
from docbatch.sinks.objects.standing_objects import StandingObjects
from docbatch.sinks.parquet.part_names import MANIFEST
from docbatch.stores.faults import ObjectChanged, StoreRefused, StoreUnreachable
from docbatch.stores.object_store import ObjectStore
from tests.stores.moto_server import SECRET, MotoBucket, moto_bucket

from .arrangement import DELIVERED, PATHS, PLACES, Arrangement, delivery
from .object_arrangement import FOLDER, TRASHED, ObjectArrangement
from .test_sink_contract import (  # noqa: F401 - asked of these sinks as well
    test_a_deleted_output_is_noticed_and_written_again,
    test_a_document_that_cannot_be_read_is_a_fault_and_the_others_are_delivered,
    test_a_kind_is_known_by_its_own_name,
    test_a_new_result_replaces_the_old_one,
    test_a_receipt_bears_the_stamp_the_output_has,
    test_a_removed_output_is_in_the_trash,
    test_an_edited_output_is_noticed_and_written_again_and_the_edit_kept,
    test_an_output_that_was_never_recorded_is_recognised_by_its_bytes,
    test_delivering_nothing_to_an_empty_place_is_no_error,
    test_delivering_twice_ends_in_the_same_output,
    test_every_document_is_delivered_and_has_a_receipt,
    test_it_answers_for_what_it_is_handed_and_for_nothing_else,
    test_it_holds_what_its_kind_declares_after_a_part_was_handed_to_it,
    test_opening_a_sink_writes_nothing,
    test_removing_what_is_not_there_is_no_error,
    test_text_that_utf8_cannot_carry_is_delivered,
    test_what_was_delivered_is_not_noticed,
)


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as bucket:
        yield bucket


def test_what_a_format_remarks_is_in_the_receipt(files: ObjectArrangement) -> None:
    (receipt,) = files.open(format="csv").deliver([delivery("a.pdf")])

    assert isinstance(receipt, Receipt)
    assert receipt.remark == "no table was found; the file has the header alone"


@pytest.fixture(params=["files", "jsonl", "parquet"])
def at(request: pytest.FixtureRequest, bucket: MotoBucket, tmp_path: Path) -> ObjectArrangement:
    return ObjectArrangement(request.param, tmp_path, bucket=bucket)


@pytest.fixture
def files(bucket: MotoBucket, tmp_path: Path) -> ObjectArrangement:
    return ObjectArrangement("files", tmp_path, bucket=bucket)


@pytest.fixture
def jsonl(bucket: MotoBucket, tmp_path: Path) -> ObjectArrangement:
    return ObjectArrangement("jsonl", tmp_path, bucket=bucket)


def test_a_bucket_holds_what_a_folder_would(at: ObjectArrangement, tmp_path: Path) -> None:
    folder = Arrangement(at.kind, tmp_path / "disk")
    folder.folder.mkdir()
    folder.deliver_all()
    at.deliver_all()

    files = {
        f"{FOLDER}/{path.relative_to(folder.root)}": path.read_bytes()
        for path in folder.root.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    found = at.bucket.objects()
    # What it says of parts is what the one and the other tell of files.
    found.pop(f"{FOLDER}/{PLACES['parquet']}/{MANIFEST}", None)
    assert found == files


def test_an_edited_object_lies_in_the_trash_under_its_own_key(files: ObjectArrangement) -> None:
    files.deliver_all()
    files.edit()

    files.deliver_all()
    files.stamps.clear()
    files.deliver_all()

    (kept,) = (key for key in files.bucket.objects() if key.startswith(TRASHED))
    assert kept.endswith("/out/a.pdf.md")
    assert files.bucket.objects()[kept] == b"edited by hand"


@pytest.mark.parametrize("at", ["files", "jsonl"], indirect=True)
def test_a_foreign_object_is_kept_before_it_is_replaced(at: ObjectArrangement) -> None:
    at.edit()

    at.deliver_all()

    assert at.content() == DELIVERED
    assert at.trashed() == ["edited by hand"]


def test_keys_that_differ_in_letter_case_alone_are_two_objects(files: ObjectArrangement) -> None:
    files.deliver([delivery("a.pdf", "small"), delivery("A.pdf", "large")])

    assert files.content() == {"a.pdf": "# small\n", "A.pdf": "# large\n"}


@pytest.mark.parametrize("output", [b"x" * 1020, b"a//b", b"a/../b", b"", b"\xff.md"])
def test_a_key_that_no_store_takes_is_one_document_s_fault(files: ObjectArrangement, output: bytes) -> None:
    outcomes = files.deliver([replace(delivery("a.pdf"), output=output), delivery("b/c.pdf")])

    assert [type(each) for each in outcomes] == [Fault, Receipt]
    assert files.content() == {"b/c.pdf": "# b/c.pdf\n"}


def test_a_write_whose_answer_was_lost_finds_its_own_object(
    files: ObjectArrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.deliver_all()
    write = ObjectStore.write

    def written_unheard(store: ObjectStore, key: str, content: bytes, *, replaces: str | None = None) -> str:
        write(store, key, content, replaces=replaces)
        return write(store, key, content, replaces=replaces)

    monkeypatch.setattr(ObjectStore, "write", written_unheard)

    files.deliver_all(dict.fromkeys(PATHS, "new"))

    assert set(files.content().values()) == {"# new\n"}
    assert files.trashed() == []
    monkeypatch.undo()
    assert files.noticed() == set()


def test_what_changes_at_the_moment_it_is_replaced_is_kept_as_well(
    files: ObjectArrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.edit()
    copy = ObjectStore.copy
    edits = iter([b"edited once more"])

    def edited_meanwhile(store: ObjectStore, key: str, to: str) -> None:
        copy(store, key, to)
        for edit in edits:
            files.bucket.put(key, edit)

    monkeypatch.setattr(ObjectStore, "copy", edited_meanwhile)

    files.deliver_all()

    assert files.content() == DELIVERED
    assert set(files.trashed()) == {"edited by hand", "edited once more"}


def test_an_object_that_somebody_writes_again_and_again_is_one_document_s_fault(
    files: ObjectArrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = ObjectStore.write

    def contested(store: ObjectStore, key: str, content: bytes, *, replaces: str | None = None) -> str:
        if key.endswith("a.pdf.md"):
            raise ObjectChanged("store 'lake': Precondition")
        return write(store, key, content, replaces=replaces)

    monkeypatch.setattr(ObjectStore, "write", contested)

    outcomes = files.deliver_all()

    assert [type(each) for each in outcomes] == [Fault, Receipt, Receipt]


@pytest.mark.parametrize(
    ("fault", "kind", "code"), [(StoreRefused, SinkRefused, 12), (StoreUnreachable, SinkError, 1)]
)
def test_a_store_that_does_not_write_stops_the_sink_and_says_what_is_safe(
    at: ObjectArrangement,
    fault: type[Exception],
    kind: type[SinkError],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: Any, **__: Any) -> str:
        raise fault("store 'lake': 403 Forbidden")

    monkeypatch.setattr(ObjectStore, "write", refused)

    with pytest.raises(kind, match="store 'lake': 403 Forbidden") as caught:
        at.deliver_all()

    assert "results are safe in the spool" in str(caught.value.hint)
    assert caught.value.exit_code == code
    assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_a_bucket_that_is_not_there_is_told_before_anything_is_written(files: ObjectArrangement) -> None:
    nowhere = replace(files.bucket.settings, bucket="no-such-bucket")
    sink = DocumentObjects(Bucket(lambda: ObjectStore(nowhere), FOLDER), form="markdown")

    with pytest.raises(SinkError, match="NoSuchBucket") as caught:
        list(sink.check([(b"a.pdf.md", None)]))

    assert "create the bucket" in str(caught.value.hint)


def test_a_job_s_object_that_is_too_large_for_one_request_is_refused(
    jsonl: ObjectArrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_outputs, "MOST_BYTES", 10)

    with pytest.raises(SinkError, match="no more than 10"):
        jsonl.deliver_all()

    assert jsonl.bucket.objects() == {}


def test_a_bug_while_reading_leaves_whole_objects_alone(at: ObjectArrangement) -> None:
    def broken() -> Iterator[Any]:
        yield delivery("a.pdf")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        at.deliver(broken())

    assert at.content().items() <= DELIVERED.items()
    assert at.hidden() == []


class _Requests:
    """Counts what a store is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.heads = 0
        self.pages = 0
        facts, windows = ObjectStore.facts, ObjectStore.windows

        def counted_facts(store: ObjectStore, key: str) -> Any:
            self.heads += 1
            return facts(store, key)

        def counted_windows(store: ObjectStore, prefix: str, after: str | None = None) -> Iterator[Any]:
            for window in windows(store, prefix, after):
                self.pages += 1
                yield window

        monkeypatch.setattr(ObjectStore, "facts", counted_facts)
        monkeypatch.setattr(ObjectStore, "windows", counted_windows)


@pytest.mark.parametrize("held", [50, 50_000])
@pytest.mark.parametrize("order", [1, -1])
def test_many_outputs_are_compared_with_one_listing_in_any_order(
    files: ObjectArrangement, monkeypatch: pytest.MonkeyPatch, held: int, order: int
) -> None:
    monkeypatch.setattr(standing_objects, "HELD", held)
    monkeypatch.setattr("docbatch.stores.object_store.LISTED_TOGETHER", 100)
    written = files.bucket.fill({f"{FOLDER}/{number:04d}.md": b"%d" % number for number in range(700)})
    stamps = {key.removeprefix(f"{FOLDER}/").encode(): etag for key, etag in written.items()}
    files.bucket.put(f"{FOLDER}/0100.md", b"edited")
    files.bucket.client.delete_object(Bucket=files.bucket.name, Key=f"{FOLDER}/0600.md")
    requests = _Requests(monkeypatch)

    found = list(files.open().check(list(stamps.items())[::order]))

    assert sorted(found) == [(b"0100.md", "edited"), (b"0600.md", "missing")]
    assert (requests.heads, requests.pages) == (0, 7)


def test_a_few_outputs_in_a_large_folder_are_looked_at_one_by_one(
    files: ObjectArrangement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.stores.object_store.LISTED_TOGETHER", 10)
    for number in range(40):
        files.bucket.put(f"{FOLDER}/{number:04d}.md", b"x")
    etag = files.bucket.put(f"{FOLDER}/z.md", b"z")
    requests = _Requests(monkeypatch)

    found = list(files.open().check([(b"z.md", etag), (b"zz.md", etag)]))

    assert found == [(b"zz.md", "missing")]
    assert (requests.heads, requests.pages) == (2, 1)


def test_a_key_that_cannot_be_listed_keeps_no_output_from_being_looked_at(files: ObjectArrangement) -> None:
    files.deliver_all()
    files.bucket.put(f"{FOLDER}/a//b", b"somebody else's")
    files.bucket.put(f"{FOLDER}/b/c.pdf.md", b"edited")

    assert files.noticed() == {"b/c.pdf"}


@pytest.mark.parametrize("held", [50, 50_000])
@pytest.mark.parametrize("order", [1, -1])
def test_only_what_lies_beside_a_key_that_cannot_be_listed_is_looked_at_one_by_one(
    files: ObjectArrangement, monkeypatch: pytest.MonkeyPatch, held: int, order: int
) -> None:
    monkeypatch.setattr(standing_objects, "HELD", held)
    written = files.bucket.fill(
        {f"{FOLDER}/{name}/{number:03d}.md": b"%d" % number for name in "abc" for number in range(150)}
    )
    stamps = {key.removeprefix(f"{FOLDER}/").encode(): etag for key, etag in written.items()}
    files.bucket.put(f"{FOLDER}/b//evil", b"somebody else's")
    for name in "abc":
        files.bucket.put(f"{FOLDER}/{name}/010.md", b"edited")
        files.bucket.remove(f"{FOLDER}/{name}/020.md")
    requests = _Requests(monkeypatch)

    found = dict(files.open().check(list(stamps.items())[::order]))

    assert found == {
        f"{name}/{number}.md".encode(): difference
        for name in "abc"
        for number, difference in (("010", "edited"), ("020", "missing"))
    }
    assert requests.heads <= 150


def test_a_data_set_beside_a_key_that_cannot_be_listed_goes_on(bucket: MotoBucket, tmp_path: Path) -> None:
    at = ObjectArrangement("parquet", tmp_path, bucket=bucket)
    at.bucket.put(f"{FOLDER}/{PLACES[at.kind]}/..", b"somebody else's")
    with pytest.raises(SinkError, match=r"illegal character sequence") as raised:
        at.deliver_all()
    assert "remove the object that has this key, or give it another, and run" in (raised.value.hint or "")
    at.bucket.remove(f"{FOLDER}/{PLACES[at.kind]}/..")
    at.deliver_all()
    at.bucket.put(f"{FOLDER}/{PLACES[at.kind]}/..", b"somebody else's")

    assert at.noticed() == set()
    at.bucket.remove(at.key)
    lost = at.noticed()
    assert lost
    at.deliver_all()
    assert (at.noticed(), at.content()) == (set(), DELIVERED)


def test_a_listing_that_is_in_no_order_is_read_to_its_end() -> None:
    class Disordered:
        def windows(self, _prefix: str, **_: object) -> Iterator[list[dict[str, str]]]:
            for page in ("ca", "db"):
                yield [{"path": key, "e_tag": key} for key in page]

    standing = StandingObjects(Disordered(), "")  # type: ignore[arg-type]
    standing._glanced = standing_objects.GLANCES

    assert [standing.etags([key]) for key in "dabc"] == [{key: key} for key in "dabc"]


def test_a_kept_key_is_no_longer_than_a_key_may_be(bucket: MotoBucket) -> None:
    outputs = ObjectOutputs(Bucket(lambda: bucket.store, FOLDER))
    name = b"/".join([b"x" * 250] * 4)
    bucket.put(outputs.key(name), b"a long one")

    kept = outputs.remove(name)

    assert kept is not None
    assert bucket.objects() == {kept: b"a long one"}
    assert len(kept.encode()) <= 1024


class _Ended(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("moment", [1, 2, pytest.param(0, marks=pytest.mark.full), 5])
def test_a_data_set_is_finished_by_the_next_delivery_where_one_ended_around_any_write(
    moment: int, bucket: MotoBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ObjectArrangement("parquet", tmp_path, bucket=bucket)
    left, write = [moment], ObjectStore.write

    def pass_moment() -> None:
        if not left[0]:
            raise _Ended
        left[0] -= 1

    def ending(*arguments: Any, **options: Any) -> str:
        pass_moment()
        etag = write(*arguments, **options)
        pass_moment()
        return etag

    with monkeypatch.context() as patched:
        patched.setattr(ObjectStore, "write", ending)
        with pytest.raises(_Ended):
            at.deliver_all()
    seen = at.content()

    at.deliver_all()

    assert seen.items() <= DELIVERED.items()
    assert (at.content(), at.noticed(), at.trashed(), at.hidden()) == (DELIVERED, set(), [], [])
