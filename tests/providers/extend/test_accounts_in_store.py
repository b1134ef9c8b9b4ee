"""Runs of one account that share no file, but a store: together within its limits, and each as before where the store is away."""

import os
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.extend.limits import Limits
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.server import Request, Response
from docbatch.engine.connections.accesses import connection_settings
from docbatch.providers import REGISTRY
from docbatch.providers.accounts.account_run import AccountRun
from docbatch.providers.accounts.shared_account import SharedAccount
from docbatch.providers.accounts.stored_runs import StoredRuns
from docbatch.specs.load import load_jobs, load_project
from docbatch.testing.patience import LONG, until
from tests.cli.project import Project
from tests.cli.time_of_run import apply_until
from tests.providers.extend.project import extend_project
from tests.stores.fault_proxy import FaultProxy, refusal
from tests.stores.moto_server import KEY, REGION, SECRET, MotoBucket, moto_bucket

PREFIX = "docbatch-accounts/"
UNSHARED = "its pace is not shared with runs on other machines"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MotoBucket]:
    monkeypatch.setenv("LAKE_ID", KEY)
    monkeypatch.setenv("LAKE_SECRET", SECRET)
    monkeypatch.setenv("DOCBATCH_ACCOUNTS", str(tmp_path / "accounts"))
    with moto_bucket() as bucket:
        yield bucket


def project(
    root: Path, vendor: ExtendEmulator, bucket: MotoBucket, url: str = "", accounts: str = ""
) -> Project:
    """Write a project with its state in a store, at another URL where one is given."""
    made = extend_project(
        root, vendor, documents={f"in/{each}.txt": f"document {each} of {root.name}" for each in range(3)}
    )
    store = (
        f"state: {{store: lake, prefix: state-{root.name}/{accounts}}}\nstores:\n  lake: {{type: s3, bucket: {bucket.name}, region: {REGION}, endpoint: '{url or bucket.endpoint}',"
        " access_key: {env: LAKE_ID}, secret_key: {env: LAKE_SECRET}}\n"
    )
    settings = (made.root / "docbatch.yaml").read_text()
    made.write({"docbatch.yaml": settings.replace("testproject01", f"testproject{root.name}") + store})
    return made


def machine(project: Project) -> "subprocess.Popen[str]":
    """Apply a project on a machine of its own, as far as files go."""
    accounts = {**os.environ, "DOCBATCH_ACCOUNTS": str(project.root / "accounts")}
    return project.start("apply", env=accounts, stderr=subprocess.STDOUT)


def test_two_machines_know_of_each_other_and_end_beside_each_other(
    tmp_path: Path, bucket: MotoBucket
) -> None:
    both = threading.Event()
    with ExtendEmulator() as vendor:
        vendor.choose_fault = lambda _request: "" if both.wait(LONG) else "500"
        vendor.limits = Limits(per_second=5, files_per_minute=1200, times=10, told="exact")
        running = [machine(project(tmp_path / name, vendor, bucket)) for name in ("01", "02")]
        until(lambda: len(bucket.names(PREFIX)) == 2, "the two never told of themselves")
        both.set()
        ended = [each.communicate() for each in running]

        assert [each.returncode for each in running] == [0, 0], ended
        assert Counter(vendor.ledger).total() == len(set(vendor.ledger)) == 6
    assert bucket.names(PREFIX) == []
    assert not any(UNSHARED in out for out, _ in ended)


def another(project: Project, bucket: MotoBucket, run: AccountRun) -> None:
    """Have a run on another machine use the account of a project."""
    (job,) = load_jobs(load_project(project.root))
    settings = connection_settings(job.connection)
    name = SharedAccount.name(settings.type, REGISTRY.kind(settings.type).account(settings))
    StoredRuns(lambda: bucket.store, f"{PREFIX}{name}", "another").look(run)


def test_a_run_waits_when_another_was_told_to_and_says_who(tmp_path: Path, bucket: MotoBucket) -> None:
    with ExtendEmulator() as vendor:
        mine = project(tmp_path / "01", vendor, bucket)
        waits = dict.fromkeys(("read", "write", "run"), 100.0)
        another(mine, bucket, AccountRun("runner-9", 77, "other", 8, 8, waits))
        ended = apply_until(mine, None)

        assert ended.code == 4
        assert vendor.requests == []
    assert "the service asked to wait" in ended.err
    assert "a run on another machine uses the account: process 77 on runner-9" in ended.err
    assert [key.rpartition("/")[2] for key in bucket.names(PREFIX)] == ["another"]


def test_projects_may_share_below_another_prefix(tmp_path: Path, bucket: MotoBucket) -> None:
    asked: list[str] = []
    with ExtendEmulator() as vendor, FaultProxy(bucket.endpoint) as proxy:
        project(tmp_path / "01", vendor, bucket, proxy.endpoint, ", accounts: shared/accounts").applied()
        asked = proxy.asked("PUT")

    assert {each.split("/")[1] for each in asked} == {"state-01", "shared"}


def test_a_run_that_finds_nothing_to_do_asks_for_the_lease_alone(tmp_path: Path, bucket: MotoBucket) -> None:
    with ExtendEmulator() as vendor, FaultProxy(bucket.endpoint) as proxy:
        mine = project(tmp_path / "01", vendor, bucket, proxy.endpoint)
        mine.applied()
        proxy.requests.clear()
        ended = mine.call("apply")
        asked = [(each.method, each.path) for each in proxy.requests]

    assert ended.code == 0
    assert asked == [("GET", f"/{bucket.name}/state-01/lease")]
    assert not any(each.name == "runs elsewhere" for each in threading.enumerate())


def test_what_may_not_be_shared_is_told_once_and_stops_nothing(tmp_path: Path, bucket: MotoBucket) -> None:
    def refused(request: Request) -> Response | None:
        return refusal(403, "AccessDenied") if PREFIX in f"{request.path}?{request.query}" else None

    with ExtendEmulator() as vendor, FaultProxy(bucket.endpoint) as proxy:
        proxy.instead = refused
        ended = project(tmp_path / "01", vendor, bucket, proxy.endpoint).call("apply")

    assert ended.code == 0
    assert ended.err.count(UNSHARED) == 1
    assert "AccessDenied" in ended.err
