"""The same drivers over servers that stand for object stores."""

import dataclasses
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.errors import AlteredState, CredentialsError, OwnerReplaced, StateError
from docbatch.emulators.exchange import Fault
from docbatch.state.remote import stored_packs
from docbatch.state.remote.fitness import require_fitness
from docbatch.state.remote.leases import StateOwner
from docbatch.state.remote.log_records import RecordKind
from docbatch.state.remote.owned_log import append, release, renew
from docbatch.state.remote.record_stores import BucketRecords, drive
from docbatch.state.remote.recorded_history import look
from docbatch.state.remote.remote_state import refresh
from docbatch.state.remote.removal import remove_covered
from docbatch.state.remote.state_chunks import read_chunk
from docbatch.state.remote.state_snapshots import write_snapshot
from docbatch.state.remote.store_requests import Get, ListBelow, Put, Remove, Steps, T
from docbatch.state.remote.stored_packs import StoredPacks
from docbatch.state.remote.taking_over import Claim, OwnedState, take
from tests.first_state import built_once
from tests.state.remote.machines import begin, kill, machine, names, place, rows
from tests.stores.buckets import VENDORS, Bucket
from tests.stores.fault_proxy import FaultProxy

HOMES = ("s3", "azure")


def draw() -> str:
    return secrets.token_hex(8)


class Records(BucketRecords):
    """A bucket whose answers to puts are lost as `loses` says: each is done, and nobody is told."""

    loses = False

    def answer(self, request: Get | Put | ListBelow | Remove) -> Any:
        answer = super().answer(request)
        return None if self.loses and isinstance(request, Put) else answer

    def wait(self, seconds: float) -> None:
        """No test takes that long."""

    def do(self, steps: Steps[T]) -> T:
        return drive(steps, self, self.wait)

    def take(self, who: str, takes: str | None = None) -> OwnedState:
        return self.do(take(Claim("p", StateOwner(who), draw, takes)))


@pytest.fixture(params=HOMES)
def bucket(request: pytest.FixtureRequest) -> Iterator[Bucket]:
    with VENDORS[request.param]() as bucket:
        yield bucket


@pytest.fixture
def records(bucket: Bucket) -> Records:
    return Records(bucket.settings, "state/")


@pytest.mark.parametrize("loses", [False, True])
def test_owners_follow_each_other(bucket: Bucket, records: Records, *, loses: bool) -> None:
    records.loses = loses
    one = records.take("one")
    log = records.do(append(one.log, RecordKind.INTENT, b"a\n\x00"))
    log, snapshot = records.do(write_snapshot(log, log.end, [b"rows", b"more"], None))
    lease = records.do(renew(one.lease, log.end))
    records.do(remove_covered(snapshot, None))
    log = records.do(append(log, RecordKind.ANSWER, b"b"))

    two = records.take("two", takes="one")

    assert [each.kind for each in two.history.records] == ["snapshot", "answer", "seal"]
    assert two.history.snapshot is not None
    assert [records.do(read_chunk(name)) for name in two.history.snapshot.chunks] == [b"rows", b"more"]
    with pytest.raises(OwnerReplaced):
        records.do(append(log, RecordKind.INTENT))
    with pytest.raises(OwnerReplaced):
        records.do(release(lease, log, quiet=False))
    records.do(release(two.lease, two.log, quiet=True))
    assert records.do(look("p")).end.position == (2, 2)
    assert {name.split("/")[0] for name in bucket.objects()} == {"state"}


@pytest.mark.parametrize("loses", [False, True])
def test_machines_work_on_one_state_by_turns(records: Records, tmp_path: Path, *, loses: bool) -> None:
    records.loses = loses
    with built_once():
        with machine(records, tmp_path / "a") as one:
            one.add("s1")
        dead = begin(records, tmp_path / "b", "dead")
        dead.add("s2")
        dead.state.renew()
        dead.add("lost", None)
        kill(dead)
        with machine(records, tmp_path / "a", takes="dead") as one:
            one.add("s3")
            assert one.state.snapshot()
    for each in "bc":
        refresh(place(records), "p", tmp_path / each)

        assert names(tmp_path / each / "state.db") == ["s1", "s2", "s3"]
        assert rows(tmp_path / each / "state.db") == rows(tmp_path / "a" / "state.db")


@pytest.mark.parametrize("loses", [False, True])
def test_packs_are_put_once_and_fetched_as_a_whole(
    bucket: Bucket, records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, loses: bool
) -> None:
    monkeypatch.setattr(stored_packs, "PART", 100_000)
    records.loses = loses
    packs = StoredPacks(place(records), lambda: 3)
    (file := tmp_path / "file").write_bytes(content := secrets.token_bytes(250_000))

    stored = packs.put("0" * 16, file)

    assert packs.put("0" * 16, file) == stored
    assert packs.names() == {stored.object, f"{stored.object}.2", f"{stored.object}.3"}
    packs.fetch(stored, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == content
    records.answer(Remove(f"{stored.object}.3"))
    with pytest.raises(AlteredState, match=r"0\.3': it is missing"):
        packs.fetch(stored, tmp_path / "gone")


def test_a_lease_that_was_just_written_has_not_expired(records: Records) -> None:
    records.take("one")

    with pytest.raises(StateError, match="the state is held by process 0"):
        records.take("two")


def test_a_store_that_keeps_conditions_is_fit_and_stays_empty(bucket: Bucket, records: Records) -> None:
    require_fitness(records, draw, lambda _: None)

    assert bucket.objects() == {}


@pytest.mark.parametrize(
    ("fault", "puts"), [("lost", 1), ("reset", 1), ("500_after", 1), ("lost_before", 2), ("500_before", 2)]
)
def test_a_put_is_asked_once_and_what_became_of_it_is_read(bucket: Bucket, fault: Fault, puts: int) -> None:
    with FaultProxy(bucket.endpoint) as proxy:
        records = Records(dataclasses.replace(bucket.settings, endpoint=proxy.endpoint), "state")
        one = records.take("one")
        proxy.faults[len(proxy.requests) + 1] = fault
        before = proxy.kinds

        log = records.do(append(one.log, RecordKind.INTENT, b"a"))

        assert proxy.kinds - before == {"PUT": puts, "GET": 1}
        assert records.do(look("p")).end == log.end


def test_a_bucket_that_may_not_be_used_says_so(bucket: Bucket) -> None:
    none = dataclasses.replace(bucket.settings, bucket="there-is-no-such-bucket")
    with pytest.raises((StateError, CredentialsError), match="the state cannot be used: store 'lake'"):
        Records(none, "state/").take("one")
