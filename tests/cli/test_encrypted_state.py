"""A state in a bucket that is encrypted, as its users and those of the bucket see it."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.state.remote import remote_state, taking_over
from tests.cli.paying_machines import paying_machine, store_file
from tests.cli.project import Ended
from tests.cli.state_machines import STATE
from tests.cli.stored_project import VARIABLES
from tests.providers.llamacloud.project import PROJECT_ID, VendorProject, connection
from tests.stores.moto_server import MotoBucket, moto_bucket

ONE, OTHER = "01" * 32, "fe" * 32
ENCRYPTED = "state: {store: lake, prefix: state/, encryption: {key: {env: STATE_KEY}}}\n"
DOCUMENTS = {"minutes/of-the-board.txt": "the merger is agreed", "b.txt": "banana", "c.txt": "bad cherry"}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoBucket]:
    for name, value in {**VARIABLES, "STATE_KEY": ONE}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(taking_over, "STILL_FOR", 0.0)
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def vendor() -> Iterator[LlamaCloud]:
    with LlamaCloud() as vendor:
        yield vendor


def machine(root: Path, vendor: LlamaCloud, bucket: MotoBucket, state: str = ENCRYPTED) -> VendorProject:
    return paying_machine(root, vendor, bucket, state=state, documents=DOCUMENTS)


def stated(project: VendorProject, vendor: LlamaCloud, bucket: MotoBucket, state: str) -> None:
    """Let docbatch.yaml say something else of the state."""
    project.write({"docbatch.yaml": connection(vendor) + store_file(bucket) + state})


def assert_refused(ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended.out + ended.err
    for each in words:
        assert each in ended.err, ended.err
    assert not any(key in ended.out + ended.err for key in (ONE, OTHER))


def readable(content: bytes) -> bytes:
    """Return an object, and what can be inflated of it, as somebody would look at it."""
    found = [content]
    for start in (at for at in range(len(content)) if content[at : at + 1] == b"\x78"):
        try:
            found.append(zlib.decompressobj().decompress(content[start:]))
        except zlib.error:
            continue
    return b"\n".join(found)


def secrets_in(bucket: MotoBucket, vendor: LlamaCloud) -> set[str]:
    """Return what can be read in the bucket, or in the names of its objects, that nobody may read there."""
    words = {
        ONE,
        KEY,
        "minutes",
        "of-the-board",
        "merger",
        "banana",
        "cherry",
        "llamacloud",
        "agentic",
        "SQLite format",
    }
    words |= {*vendor.batches, *vendor.jobs}
    objects = bucket.objects()
    seen = b"\n".join([*(name.encode() for name in objects), *map(readable, objects.values())])
    # The project's id may be read, and has a word of these in it.
    return {word for word in words if word.encode() in seen.replace(PROJECT_ID.encode(), b"")}


@pytest.mark.parametrize("records", [256, 2], ids=["records", "snapshots"])
def test_nothing_but_heads_can_be_read_in_the_bucket(
    tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch, records: int
) -> None:
    monkeypatch.setattr(remote_state, "MOST_RECORDS", records)
    one = machine(tmp_path / "one", vendor, bucket)
    assert one.call("apply").code == 3
    other = machine(tmp_path / "other", vendor, bucket)
    other.write({"in/c.txt": "cherry"})
    other.applied()

    assert secrets_in(bucket, vendor) == set()
    assert PROJECT_ID.encode() in bucket.objects()["state/lease"]
    assert len(vendor.ledger) == 4


def test_what_is_not_encrypted_can_be_read(tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket) -> None:
    assert machine(tmp_path / "one", vendor, bucket, STATE).call("apply").code == 3

    assert {"minutes", "of-the-board", "llamacloud", "agentic"} <= secrets_in(bucket, vendor)


COMMANDS = ("plan", "status", "apply", "state unlock", "state migrate --to-disk")


def test_another_key_or_none_opens_nothing(
    tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(tmp_path / "one", vendor, bucket).call("apply")
    before = bucket.objects()

    given = {"another": OTHER, "wrong": "no key", "none": ""}
    for name, key in given.items():
        monkeypatch.setenv("STATE_KEY", key)
        other = machine(tmp_path / name, vendor, bucket)
        for command in COMMANDS:
            assert_refused(other.call(*command.split()), 12, "key" if key else "STATE_KEY")
    plain = machine(tmp_path / "plain", vendor, bucket, STATE)
    for command in COMMANDS:
        assert_refused(plain.call(*command.split()), 12, "key")

    assert bucket.objects() == before
    assert len(vendor.ledger) == 3


def test_a_key_for_a_state_without_one_is_refused(
    tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket
) -> None:
    machine(tmp_path / "one", vendor, bucket, STATE).call("apply")
    other = machine(tmp_path / "other", vendor, bucket)
    before = bucket.objects()

    for command in COMMANDS:
        assert_refused(other.call(*command.split()), 6, "key")
    assert bucket.objects() == before
    assert len(vendor.ledger) == 3


def test_a_state_is_taken_out_with_one_key_and_in_with_another(
    tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = machine(tmp_path / "one", vendor, bucket)
    one.call("apply")
    before = one.call("state", "list").out

    assert one.call("state", "migrate", "--to-disk").code == 0
    monkeypatch.setenv("STATE_KEY", OTHER)
    stated(one, vendor, bucket, ENCRYPTED.replace("state/", "anew/"))
    assert one.call("state", "migrate").code == 0
    other = machine(tmp_path / "other", vendor, bucket, ENCRYPTED.replace("state/", "anew/"))

    assert other.call("state", "list").out == before
    assert other.call("apply").code == 3
    assert len(vendor.ledger) == 3
    assert secrets_in(bucket, vendor) == set()
    monkeypatch.setenv("STATE_KEY", ONE)
    third = machine(tmp_path / "third", vendor, bucket, ENCRYPTED.replace("state/", "anew/"))
    assert_refused(third.call("apply"), 12, "key")
    assert_refused(machine(tmp_path / "late", vendor, bucket).call("apply"), 6, "taken out of the store")
