"""What is said of a state in a store, and that doing it helps."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.state.remote import taking_over
from tests.cli.project import Project
from tests.cli.state_machines import STATE, machine, stated, stateless
from tests.cli.stored_project import VARIABLES
from tests.cli.test_state_in_store import working
from tests.hints.table import Hints, helps
from tests.stores.moto_server import MotoBucket, moto_bucket


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoBucket]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(taking_over, "STILL_FOR", 0.0)
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def a(tmp_path: Path, bucket: MotoBucket) -> Project:
    return machine(tmp_path / "a", bucket)


@helps("'docbatch apply' makes it")
def test_a_store_without_a_state_gets_one(a: Project, hints: Hints) -> None:
    assert hints.follow(a, a.call("state", "list")).code == 0
    assert a.call("state", "list").code == 0


@helps(
    "nothing was read or changed; put 'state:' back into docbatch.yaml, and run 'docbatch state migrate --to-disk' to have the state here"
)
def test_a_copy_becomes_the_state_itself(a: Project, bucket: MotoBucket, hints: Hints) -> None:
    a.applied()
    stateless(a, bucket)
    told = a.call("apply")
    assert told.code == 6

    stated(a, bucket)
    assert hints.follow(a, told).code == 0
    stateless(a, bucket)
    assert a.applied().processed == 0


@helps(
    "nothing was sent or changed; 'docbatch state migrate' takes it into the store first; where it is not wanted there, move it away"
)
def test_a_state_on_this_disk_is_taken_into_the_store(a: Project, bucket: MotoBucket, hints: Hints) -> None:
    stateless(a, bucket)
    a.applied()
    stated(a, bucket)
    told = a.call("apply")
    assert told.code == 6

    assert hints.follow(a, told).code == 0
    assert a.applied().processed == 0


@helps(
    "wait for it; where it is gone for certain, 'docbatch state unlock --lease {}' ends what it began, and else the next run does so"
    " once the lease was not renewed for {} s"
)
def test_the_lease_of_who_is_gone_is_ended(
    a: Project, tmp_path: Path, bucket: MotoBucket, hints: Hints
) -> None:
    a.applied()
    b = machine(tmp_path / "b", bucket)
    with pytest.raises(Exception, match="another took over"), working(a):
        assert hints.follow(b, b.call("state", "unlock")).code == 0

    assert b.call("state", "unlock").code == 0


@helps(
    "nothing was changed; remove 'state:' from docbatch.yaml, bring the state back in a folder without a copy, then give 'state:' a"
    " prefix that nothing lies under, and run 'docbatch state migrate'"
)
def test_a_backup_is_brought_back_into_another_prefix(
    a: Project, tmp_path: Path, bucket: MotoBucket, hints: Hints
) -> None:
    a.applied()
    a.call("state", "backup", "copy.tar")
    told = a.call("state", "restore", "copy.tar")
    assert told.code == 6

    other = machine(tmp_path / "other", bucket, "")
    other.write({"copy.tar": (a.root / "copy.tar").read_bytes()})
    assert other.call("state", "restore", "copy.tar").code == 0
    stated(other, bucket, STATE.replace("state/", "again/"))
    assert hints.follow(other, told).code == 0
    assert other.call("state", "list").out == a.call("state", "list").out


@helps(
    "nothing was sent or changed; remove 'state:' from docbatch.yaml and work there, or bring it back from there by"
    " 'docbatch state migrate'"
)
def test_what_was_taken_out_is_brought_back(
    a: Project, tmp_path: Path, bucket: MotoBucket, hints: Hints
) -> None:
    a.applied()
    b = machine(tmp_path / "b", bucket)
    assert b.call("state", "migrate", "--to-disk").code == 0
    told = a.call("apply")
    assert told.code == 6

    assert hints.follow(b, told).code == 0
    assert a.applied().processed == 0
