"""A state in a store that misbehaves: refused or survived, never with a second payment, and the store is left as it was."""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.emulators.server import Request, Response
from docbatch.engine.connections.state_stores import homes
from docbatch.state.remote import remote_state, taking_over
from docbatch.stores import object_store
from tests.cli.paying_machines import forgotten, paid_twice, paying_machine, store_file
from tests.cli.project import Ended
from tests.cli.state_machines import STATE
from tests.cli.stored_project import VARIABLES
from tests.cli.test_state_in_store import working
from tests.providers.llamacloud.project import PROJECT_ID, VendorProject, connection
from tests.state.remote.test_fitness import Older
from tests.stores.fault_proxy import FaultProxy, kind, refusal, refusing, slow_down
from tests.stores.moto_server import MotoBucket, moto_bucket

DAY = 86_400.0


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def vendor() -> Iterator[LlamaCloud]:
    with LlamaCloud() as vendor:
        yield vendor


@pytest.fixture
def proxy(bucket: MotoBucket) -> Iterator[FaultProxy]:
    with FaultProxy(bucket.endpoint) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(taking_over, "STILL_FOR", 0.0)
    monkeypatch.setattr(object_store, "_RETRIES", 0)
    monkeypatch.setattr(homes, "sleep", lambda _seconds: None)


def assert_refused(ended: Ended, codes: int | tuple[int, ...], *words: str) -> None:
    assert ended.code in (codes if isinstance(codes, tuple) else (codes,)), ended.out + ended.err
    for each in words:
        assert each in ended.err, ended.err


def deleted_disk(machine: VendorProject) -> VendorProject:
    """Let a machine begin without a copy."""
    shutil.rmtree(machine.root / ".docbatch", ignore_errors=True)
    return machine


@dataclass
class Left:
    """What nothing may change while docbatch refuses: what was paid, and what lies in the store."""

    vendor: LlamaCloud
    bucket: MotoBucket

    def __post_init__(self) -> None:
        self.paid = list(self.vendor.ledger)
        self.objects = self.bucket.objects()

    def assert_so(self, but: Collection[str] = ()) -> None:
        assert self.vendor.ledger == self.paid
        now = self.bucket.objects()
        assert now.keys() == self.objects.keys()
        assert {key for key, content in now.items() if content != self.objects[key]} <= {*but}


@pytest.fixture
def machine(tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket, proxy: FaultProxy) -> VendorProject:
    """A machine that reaches the bucket through a proxy."""
    return paying_machine(tmp_path / "a", vendor, bucket, proxy.endpoint)


CONDITIONS = {"if-none-match": "If-None-Match", "if-match": "If-Match"}


@pytest.mark.parametrize("unknown", CONDITIONS)
def test_a_store_that_ignores_a_condition_gets_no_state(
    tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket, unknown: str
) -> None:
    with Older(bucket.endpoint, unknown) as store:
        made = paying_machine(tmp_path / "a", vendor, bucket, store.endpoint)
        left = Left(vendor, bucket)

        assert_refused(made.call("apply"), 64, "the store cannot hold a state", CONDITIONS[unknown])
        assert_refused(made.call("apply"), 64, "the store cannot hold a state")
        left.assert_so()
        assert made.call("plan").code == 0

    made.write({"docbatch.yaml": connection(vendor) + store_file(bucket) + STATE})
    made.applied()
    assert (len(vendor.ledger), paid_twice(vendor)) == (3, [])


@pytest.mark.parametrize("unknown", CONDITIONS)
def test_no_state_is_taken_into_a_store_that_ignores_a_condition(
    tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket, unknown: str
) -> None:
    with Older(bucket.endpoint, unknown) as store:
        made = paying_machine(tmp_path / "a", vendor, bucket, store.endpoint, state="")
        made.applied()
        before = made.call("state", "list").out
        made.write({"docbatch.yaml": (made.root / "docbatch.yaml").read_text() + STATE})
        left = Left(vendor, bucket)

        assert_refused(
            made.call("state", "migrate"), 64, "the store cannot hold a state", CONDITIONS[unknown]
        )
        left.assert_so()

    made.write({"docbatch.yaml": connection(vendor)})
    assert made.call("state", "list").out == before
    assert made.applied().processed == 0


def test_the_place_of_another_project_is_refused(
    tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket, machine: VendorProject
) -> None:
    machine.applied()
    other = paying_machine(tmp_path / "other", vendor, bucket)
    settings = (other.root / "docbatch.yaml").read_text()
    other.write({"docbatch.yaml": settings.replace(PROJECT_ID, "potherother01")})
    left = Left(vendor, bucket)

    for command in ("apply", "plan", "status", "state unlock"):
        assert_refused(other.call(*command.split()), 6, f"is that of project '{PROJECT_ID}'")
    left.assert_so()


def newer(content: bytes) -> bytes:
    """Return a small object as a later version would write it."""
    line, _, body = content.partition(b"\n")[2].partition(b"\n")
    rest = json.dumps({**json.loads(line), "version": 2}).encode() + b"\n" + body
    return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


@pytest.mark.parametrize("named", ["lease", "log/0000000001/0000000002", "snapshots/"])
def test_what_a_newer_version_wrote_is_not_read(
    vendor: LlamaCloud,
    bucket: MotoBucket,
    machine: VendorProject,
    named: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if named == "snapshots/":
        monkeypatch.setattr(remote_state, "MOST_RECORDS", 2)
    machine.applied()
    machine.write({"in/new.txt": "new"})
    deleted_disk(machine)
    (key,) = bucket.names(f"state/{named}")
    bucket.put(key, newer(bucket.objects()[key]))
    left = Left(vendor, bucket)

    for command in ("apply", "plan", "status"):
        assert_refused(machine.call(command), 1, "written by another version of docbatch", "nothing was sent")
    left.assert_so()


Kept = tuple[MotoBucket, LlamaCloud, VendorProject, Mapping[str, bytes]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """A state of several owners and snapshots, whose last machine has a copy of it and a new document."""
    with moto_bucket() as bucket, LlamaCloud() as vendor, pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        patch.setattr(remote_state, "MOST_RECORDS", 4)
        made = paying_machine(tmp_path_factory.mktemp("kept") / "a", vendor, bucket)
        made.applied()
        made.write({"in/second.txt": "the second"})
        deleted_disk(made).applied()
        patch.setattr(remote_state, "MOST_RECORDS", 256)
        (made.root / "in/a.txt").unlink()
        made.write({"in/b.txt": "banana, edited"})
        made.applied()
        made.kept()
        yield bucket, vendor, made, bucket.objects()


def removed(_content: bytes, _others: list[bytes]) -> bytes | None:
    return None


def emptied(_content: bytes, _others: list[bytes]) -> bytes | None:
    return b""


def cut(content: bytes, _others: list[bytes]) -> bytes | None:
    return content[: len(content) // 2]


def altered(content: bytes, _others: list[bytes]) -> bytes | None:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def exchanged(_content: bytes, others: list[bytes]) -> bytes | None:
    return others[0] if others else None


WRONGS = (removed, emptied, cut, altered, exchanged)


def spoilt(bucket: MotoBucket, objects: Mapping[str, bytes], key: str, wrong: Any) -> None:
    """Have all objects be as they were, but one."""
    folder = key.rpartition("/")[0]
    others = [content for name, content in objects.items() if name != key and name.startswith(folder)]
    for each in bucket.names():
        bucket.remove(each)
    bucket.fill(objects)
    content = wrong(objects[key], others)
    if content is None:
        bucket.remove(key)
    else:
        bucket.put(key, content)


def tried_without(kept: Kept, key: str, wrong: Any, *, is_fresh: bool) -> int:
    """Let something be wrong with one object while there is a document to be sent; return the exit code."""
    bucket, vendor, machine, objects = kept
    spoilt(bucket, objects, key, wrong)
    machine.put_back()
    machine.write({"in/new.txt": "new"})
    if is_fresh:
        deleted_disk(machine)
    left = Left(vendor, bucket)
    with forgotten(vendor):
        ended = machine.call("apply")

        assert ended.code in {0, 1, 6}, (key, ended.out + ended.err)
        assert paid_twice(vendor) == []
        if ended.code:
            # Who has a copy that the lease says is all there is took that before it read what is wrong.
            left.assert_so(() if is_fresh else ("state/lease",))
            # Of what ends a log it is said which log has no end.
            assert key.removeprefix("state/").rpartition("/")[0] in ended.err, key
            assert "nothing was sent" in ended.err
    return ended.code


POINTS = [(wrong, is_fresh, number) for wrong in WRONGS for is_fresh in (True, False) for number in range(30)]


@pytest.mark.parametrize(("wrong", "is_fresh", "number"), random.Random(20).sample(POINTS, 5))
def test_an_object_that_is_wrong_leads_to_no_second_payment(
    kept: Kept, wrong: Any, number: int, *, is_fresh: bool
) -> None:
    keys = [key for key in kept[3] if key.startswith("state/")]
    tried_without(kept, keys[number % len(keys)], wrong, is_fresh=is_fresh)


@pytest.mark.full
@pytest.mark.parametrize("is_fresh", [True, False], ids=["fresh", "warm"])
@pytest.mark.parametrize("wrong", WRONGS, ids=lambda each: each.__name__)
def test_no_object_that_is_wrong_leads_to_a_second_payment(kept: Kept, wrong: Any, *, is_fresh: bool) -> None:
    keys = [key for key in kept[3] if key.startswith("state/")]
    codes = {key: tried_without(kept, key, wrong, is_fresh=is_fresh) for key in keys}

    # The newest snapshot and what follows it are what a fresh machine makes a state of.
    assert set(codes.values()) == {0, 1, 6} if wrong is removed else {0, 1}
    assert sum(code != 0 for code in codes.values()) >= (10 if is_fresh else 1)


@pytest.mark.parametrize("command", ["plan", "status", "apply"])
def test_the_last_record_is_missed_by_who_only_looks(kept: Kept, command: str) -> None:
    bucket, vendor, machine, objects = kept
    last = max(key for key in objects if "/log/" in key)
    spoilt(bucket, objects, last, removed)
    left = Left(vendor, bucket)

    machine.put_back()
    ended = deleted_disk(machine).call(command)

    assert_refused(ended, 1, f"'{last.removeprefix('state/')}': it is missing")
    left.assert_so()


def removing(bucket: MotoBucket, *, but: str = "nothing") -> None:
    for key in bucket.names():
        if not key.endswith(but):
            bucket.remove(key)


@pytest.mark.parametrize("is_fresh", [True, False], ids=["fresh", "warm"])
def test_all_but_the_lease_is_missed(
    vendor: LlamaCloud, bucket: MotoBucket, machine: VendorProject, *, is_fresh: bool
) -> None:
    machine.applied()
    machine.write({"in/new.txt": "new"})
    if is_fresh:
        deleted_disk(machine)
    removing(bucket, but="/lease")
    paid = list(vendor.ledger)

    assert_refused(machine.call("apply"), 1, "it is missing", "nothing was sent")
    assert vendor.ledger == paid


@pytest.mark.parametrize("is_fresh", [True, False], ids=["fresh", "warm"])
def test_a_state_that_is_gone_is_found_at_the_vendor_and_not_paid_again(
    vendor: LlamaCloud, bucket: MotoBucket, machine: VendorProject, *, is_fresh: bool
) -> None:
    machine.applied()
    outputs = machine.outputs()
    shutil.rmtree(machine.root / "out")
    if is_fresh:
        deleted_disk(machine)
    removing(bucket)

    for _ in range(2):
        assert_refused(machine.call("apply"), 6, "has work of this project that the state does not know")
        assert len(vendor.ledger) == 3
    assert machine.call("recover").code == 0
    machine.applied()

    assert machine.outputs() == outputs
    assert (len(vendor.ledger), paid_twice(vendor)) == (3, [])


def test_who_may_only_read_plans_and_sends_nothing(
    vendor: LlamaCloud, bucket: MotoBucket, machine: VendorProject, proxy: FaultProxy
) -> None:
    machine.applied()
    denied = refusing(None, refusal(403, "AccessDenied"), "PUT", "DELETE", "UPLOAD", "COPY")
    proxy.instead = denied
    assert machine.applied().processed == 0
    machine.write({"in/new.txt": "new"})
    left = Left(vendor, bucket)

    for _ in range(2):
        assert machine.call("plan").code == 0
        assert_refused(machine.call("apply"), 12, "the state cannot be used", "nothing was sent")
        left.assert_so()
    assert deleted_disk(machine).call("status").code == 0

    proxy.instead = lambda _request: None
    machine.applied()
    assert (len(vendor.ledger), paid_twice(vendor)) == (4, [])


@pytest.fixture
def reached(
    vendor: LlamaCloud, machine: VendorProject, proxy: FaultProxy
) -> tuple[VendorProject, FaultProxy]:
    """A machine with a state, which is reached through the proxy, and with a document to be sent."""
    machine.applied()
    machine.write({"in/new.txt": "new"})
    assert len(vendor.ledger) == 3
    return machine, proxy


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refusal(404, "NoSuchBucket"), 1), (refusal(403, "InvalidAccessKeyId"), 12), (slow_down(), 1),
        (refusal(429, "TooManyRequests"), 1), (refusal(500, "InternalError"), 1),
    ],
    ids=lambda each: str(each) if isinstance(each, int) else "",
)  # fmt: skip
def test_a_store_that_answers_with_an_error_has_nothing_sent(
    vendor: LlamaCloud,
    bucket: MotoBucket,
    reached: tuple[VendorProject, FaultProxy],
    answer: Response,
    code: int,
) -> None:
    machine, proxy = reached
    left = Left(vendor, bucket)
    for kinds in ((), ("PUT",)):
        proxy.instead = refusing(None, answer, *kinds)
        assert_refused(machine.call("apply"), code, "state", "sent")
        left.assert_so()

    proxy.instead = refusing(1, answer, "PUT") if code == 1 else refusing(0, answer)
    if answer.status == 404:
        proxy.instead = lambda _request: None
    machine.applied()
    assert (len(vendor.ledger), paid_twice(vendor)) == (4, [])


def test_another_bucket_is_no_empty_state(tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket) -> None:
    made = paying_machine(tmp_path / "a", vendor, bucket)
    made.write({"docbatch.yaml": connection(vendor) + store_file(bucket, name="no-such-bucket") + STATE})

    for command in ("plan", "apply", "status"):
        assert_refused(made.call(command), 1, "its bucket is not there")
    assert vendor.ledger == []


def test_a_slow_store_is_waited_for(vendor: LlamaCloud, machine: VendorProject, proxy: FaultProxy) -> None:
    proxy.slowness = 0.01
    proxy.choose_fault = lambda _request: "slow"

    machine.applied()

    assert (len(vendor.ledger), paid_twice(vendor)) == (3, [])


def shifted(by: float) -> Callable[[Request, Response], Response]:
    """Have all dates of a store be off by so many seconds."""

    def alter(request: Request, response: Response) -> Response:
        headers = {
            name: format_datetime(parsedate_to_datetime(text) + timedelta(seconds=by), usegmt=True)
            if name.lower() in {"last-modified", "date"}
            else text
            for name, text in response.headers.items()
        }
        body = response.body
        if kind(request) == "LIST":
            body = re.sub(rb"(?<=<LastModified>)[^<]+", lambda found: moved(found[0], by), body)
        return replace(response, headers=headers, body=body)

    return alter


def moved(date: bytes, by: float) -> bytes:
    told = datetime.fromisoformat(date.decode()) + timedelta(seconds=by)
    return told.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z").encode()


@pytest.mark.parametrize("by", [DAY, -DAY], ids=["ahead", "behind"])
def test_a_store_whose_clock_is_off_by_a_day_changes_nothing(
    tmp_path: Path, vendor: LlamaCloud, bucket: MotoBucket, by: float
) -> None:
    with FaultProxy(bucket.endpoint) as proxy:
        proxy.alter = shifted(by)
        one, other = (paying_machine(tmp_path / name, vendor, bucket, proxy.endpoint) for name in "ab")
        one.applied()
        one.write({"in/new.txt": "new"})
        with working(one):
            assert_refused(other.call("apply"), 11, "lease")
        deleted_disk(one).applied()

    assert (len(vendor.ledger), paid_twice(vendor)) == (4, [])


OFF = "import sys, time; by = float(sys.argv.pop(1)); now = time.time; time.time = lambda: now() + by; from docbatch.cli import main; main()"


def call_at(machine: VendorProject, by: float, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command where the clock of the machine is off by so many seconds."""
    return subprocess.run(
        [sys.executable, "-c", OFF, str(by), *arguments],
        cwd=machine.root, env={**os.environ, "LLAMA_CLOUD_API_KEY": KEY}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("by", [DAY, -DAY], ids=["ahead", "behind"])
def test_a_machine_whose_clock_is_off_by_a_day_pays_once(
    vendor: LlamaCloud, machine: VendorProject, by: float
) -> None:
    machine.applied()
    machine.write({"in/new.txt": "new"})

    ended = call_at(machine, by, "apply")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    machine.write({"in/newer.txt": "newer"})
    deleted_disk(machine).applied()

    assert (len(vendor.ledger), paid_twice(vendor)) == (5, [])


def gone_from(proxy: FaultProxy, vendor: LlamaCloud, at: int) -> None:
    """Let the network be gone from a request of the store on: neither that is reached, nor the vendor."""

    def is_gone() -> bool:
        return len(proxy.requests) >= at

    proxy.choose_fault = lambda _request: "lost_before" if is_gone() else ""
    vendor.choose_fault = lambda _request: "lost_before" if is_gone() else ""


def back_again(proxy: FaultProxy, vendor: LlamaCloud) -> None:
    proxy.choose_fault = vendor.choose_fault = lambda _request: ""


def unlocked(machine: VendorProject) -> None:
    """End the lease of a run that could not let go of it."""
    told = re.search(r"--lease (\w+)", machine.call("state", "unlock").err)
    if told is not None:
        assert machine.call("state", "unlock", "--lease", told[1]).code == 0


REQUESTS = 100
"""So many a first run asks of the store, as the network is there all the time."""


@pytest.mark.parametrize(
    "at",
    [
        *random.Random(3).sample(range(REQUESTS), 3),
        *(pytest.param(at, marks=pytest.mark.full) for at in range(REQUESTS)),
    ],
)
def test_a_network_that_goes_away_has_nothing_paid_twice(
    vendor: LlamaCloud, machine: VendorProject, proxy: FaultProxy, at: int
) -> None:
    gone_from(proxy, vendor, at)
    ended = machine.call("apply")
    paid = len(vendor.ledger)
    assert ended.code in {0, 1, 4}, ended.out + ended.err
    assert ended.code == 0 or "run the same command again" in ended.err or "next run" in ended.err, ended.err
    back_again(proxy, vendor)
    unlocked(machine)

    again = machine.call("apply")
    if again.code == 4:
        (held,) = set(re.findall(r"docbatch resolve (\w+)", again.err))
        assert machine.call("resolve", held, "--absent").code == 0
        again = machine.call("apply")

    assert again.code == 0, again.out + again.err
    assert paid_twice(vendor) == []
    assert paid <= len(vendor.ledger) == 3
    assert len(machine.outputs()) == 3
