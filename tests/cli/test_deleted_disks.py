"""A machine whose disk is deleted after every run lives as one that keeps it: the same is paid, recorded, told and delivered."""

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from docbatch.emulators.llamacloud.service import KEY, LlamaCloud
from docbatch.emulators.server import Request
from docbatch.state.remote import taking_over
from tests.cli.paying_machines import store_file
from tests.cli.project import Ended
from tests.cli.state_machines import STATE
from tests.cli.stored_project import VARIABLES
from tests.providers.llamacloud.project import VendorProject, connection
from tests.stores.moto_server import MotoBucket, moto_bucket

JOB = """
apiVersion: docbatch/v1
name: {name}
source: {{root: in, include: "**/*"}}
provider: llamacloud
config: {{parameters: {{tier: {tier}, version: '2026-10-16'}}}}
sink:
  - {{type: files, store: lake, path: "{out}/{{{{ doc.path }}}}.md", format: markdown}}
  - {{type: jsonl, store: lake, path: rows.jsonl}}
"""
DOCUMENTS = {"a.txt": "apple", "b.txt": "banana", "c.txt": "cherry", "d.txt": "bad date"}
_SUBMISSION = re.compile(r"\bs[0-9a-f]{20}\b")
_KEY = re.compile(r"\b[0-9a-f]{64}\b")
_URL = re.compile(r"127\.0\.0\.1:\d+")
_ID = re.compile(r"\b(pjb|ext|bat|fil|dir|ent|cfg)-[\w-]+")
_LASTS = re.compile(r"\d+(\.\d+)? s\b|\d+(\.\d+)? k?B\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)?|\d{8}T\d{6}Z-[0-9a-f]{4}")


def job(name: str = "job", tier: str = "agentic", out: str = "out") -> str:
    return JOB.format(name=name, tier=tier, out=out)


@dataclass
class Runner:
    """A machine with a checkout of the repository; `state` is what docbatch.yaml says of that, and where it says nothing the disk is kept."""

    root: Path
    vendor: LlamaCloud
    bucket: MotoBucket
    state: str = ""
    more: str = ""
    files: dict[str, str] = field(default_factory=dict)

    def checkout(self) -> VendorProject:
        """Clone the repository anew, at the same place."""
        aside = self.root.with_name(f"{self.root.name}.state")
        if not self.state and (self.root / ".docbatch").exists():
            (self.root / ".docbatch").rename(aside)
        shutil.rmtree(self.root, ignore_errors=True)
        made = VendorProject(self.root)
        settings = connection(self.vendor) + store_file(self.bucket) + self.more + self.state
        made.write({"docbatch.yaml": settings, **self.files})
        if aside.exists():
            aside.rename(self.root / ".docbatch")
        return made

    def told(self, ended: Ended) -> str:
        """Return what a command said, without what no two projects have in common."""
        return self.common(ended.out + ended.err)

    def common(self, said: str) -> str:
        """Return a text without what no two projects have in common."""
        for known, what in (
            (str(self.root), "ROOT"), (self.bucket.name, "BUCKET"),
        ):  # fmt: skip
            said = said.replace(known, what)
        for pattern in (_SUBMISSION, _ID, _KEY, _URL, _TIME, _LASTS):
            said = pattern.sub("…", said)
        return said


@dataclass
class Both:
    """The machine whose disk is deleted, and beside it the one that keeps it."""

    deleted: Runner
    kept: Runner
    steps: int = 0

    @property
    def each(self) -> tuple[Runner, Runner]:
        return self.deleted, self.kept

    def write(self, files: dict[str, str | None]) -> None:
        for runner in self.each:
            runner.files = {
                name: text for name, text in {**runner.files, **files}.items() if text is not None
            }

    def vendors(self, change: Callable[[LlamaCloud], object]) -> None:
        for runner in self.each:
            change(runner.vendor)

    def limit(self, more: str) -> None:
        for runner in self.each:
            runner.more = more

    def run(self, code: int, *arguments: str) -> None:
        """Run a command on both, each with a checkout of its own, and compare what came of it."""
        self.steps += 1
        ended = [runner.checkout().call(*arguments) for runner in self.each]
        told = [runner.told(each) for runner, each in zip(self.each, ended, strict=True)]
        assert [each.code for each in ended] == [code, code], (self.steps, arguments, told)
        assert told[0] == told[1], (self.steps, arguments)
        self.compare()

    def killed(self, *arguments: str) -> None:
        """Have a run be killed once its documents are with the vendor, and know on which machine that was."""
        self.steps += 1
        for runner in self.each:
            project = runner.checkout()
            runner.vendor.choose_fault = lambda each: "kill_before" if is_poll(each) else ""
            process = project.start(*arguments, env={**os.environ, "LLAMA_CLOUD_API_KEY": KEY})
            runner.vendor.strike = process.kill
            process.communicate()
            assert process.returncode == -signal.SIGKILL
            runner.vendor.choose_fault = lambda _each: ""
        lease = re.search(r"--lease (\w+)", self.deleted.checkout().call("state", "unlock").err)
        assert lease is not None
        assert self.deleted.checkout().call("state", "unlock", "--lease", lease[1]).code == 0
        self.compare()

    def compare(self) -> None:
        """Compare what is recorded, what was paid and what was delivered."""
        self.same("state list", "costs --json")
        paid, beside = (sorted(runner.vendor.ledger) for runner in self.each)
        assert paid == beside, self.steps
        assert created(self.deleted.vendor) == created(self.kept.vendor), self.steps
        assert outputs(self.deleted) == outputs(self.kept), self.steps

    def same(self, *commands: str) -> None:
        """See that both are told the same, each from a checkout that has nothing yet."""
        deleted, kept = (runner.checkout() for runner in self.each)
        for command in commands:
            one, other = deleted.call(*command.split()), kept.call(*command.split())
            assert self.deleted.told(one) == self.kept.told(other), (self.steps, command)


def created(vendor: LlamaCloud) -> list[tuple[str, str]]:
    """Return the requests that may cost, or leave something at the vendor."""
    return [
        (each.method, re.sub(r"/[a-z]{3}-[\w-]+", "/…", each.path))
        for each in vendor.requests
        if each.method != "GET" and "batch" in each.path
    ]


def is_poll(request: Request) -> bool:
    return request.method == "GET" and re.search(r"/batch\w*/[^/]+", request.path) is not None


def results(vendor: LlamaCloud) -> int:
    """Return how often a result was fetched."""
    return sum(each.method == "GET" and "result" in f"{each.path}?{each.query}" for each in vendor.requests)


def outputs(runner: Runner) -> dict[str, str]:
    return {
        key: "\n".join(sorted(runner.common(content.decode()).split("\n")))
        for key, content in runner.bucket.objects().items()
        if not key.startswith(("state/", "docbatch-accounts/"))
    }


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Both]:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(taking_over, "STILL_FOR", 0.0)
    with moto_bucket() as one, moto_bucket() as other, LlamaCloud() as here, LlamaCloud() as there:
        yield Both(Runner(tmp_path / "deleted", here, one, STATE), Runner(tmp_path / "kept", there, other))


def away(vendor: LlamaCloud) -> None:
    """Let what is sent from now on end much later."""
    vendor.working = 36_000.0


def ended(vendor: LlamaCloud) -> None:
    """Let all that was sent end now, and what is sent from now on at once."""
    vendor.working = 0.0
    for each in vendor.jobs.values():
        each.ends = min(each.ends, vendor.clock())


def begun(both: Both) -> None:
    """Send, leave, collect, retry, accept, edit and remove documents, change the spec, and reach the budget."""
    both.write({"jobs/job.yaml": job(), **{f"in/{name}": text for name, text in DOCUMENTS.items()}})
    both.vendors(away)
    both.run(4, "apply", "--no-wait")
    both.run(4, "collect", "--no-wait")
    both.vendors(ended)
    both.run(3, "collect")
    both.run(0, "retry", "--all")
    both.run(3, "apply")
    both.run(0, "accept", "--all", "--reason", "known")
    both.run(0, "apply")
    both.write({"in/b.txt": "banana, edited", "in/e.txt": "elder", "in/a.txt": None})
    both.run(0, "apply")
    both.write({"jobs/job.yaml": job(out="other")})
    both.run(0, "apply")
    both.limit("limits: [{per: total, documents: 10}]\n")
    both.write({f"in/more/{number}.txt": f"more {number}" for number in range(6)})
    both.run(5, "apply")
    both.limit("limits: [{per: total, documents: 13}]\n")
    both.run(0, "apply")


def gone_on(both: Both) -> None:
    """Reach the budget again, cancel, retry, waive, rename the job, prune, pay for another tier, and be killed on the way."""
    both.vendors(away)
    both.write({"in/late.txt": "late"})
    both.run(5, "apply", "--no-wait")
    both.limit("")
    both.run(4, "apply", "--no-wait")
    both.run(0, "cancel", "--yes", "--job", "job")
    both.vendors(ended)
    both.run(0, "retry", "--all")
    both.run(0, "apply")
    both.write({"in/f.txt": "bad fig"})
    both.run(3, "apply")
    both.run(0, "waive", "--all", "--for", "30d", "--reason", "known")
    both.run(0, "apply")
    both.write({"jobs/job.yaml": None, "jobs/named.yaml": job("named", out="other")})
    both.run(0, "state", "mv", "job", "job", "named")
    both.run(0, "apply")
    both.run(0, "prune", "--yes")
    both.write({"jobs/named.yaml": job("named", "cost_effective", "other")})
    both.killed("apply", "--upgrade", "named")
    both.run(3, "collect")
    both.run(0, "accept", "--all", "--reason", "known")
    both.run(0, "apply")
    both.run(0, "apply")


def assert_same_at_the_end(both: Both) -> None:
    both.same("status", "failures", "drift", "state check", "plan")
    fetched, beside = (results(runner.vendor) for runner in both.each)
    assert fetched == beside


def test_a_machine_whose_disk_is_deleted_lives_as_one_that_keeps_it(both: Both) -> None:
    begun(both)
    assert_same_at_the_end(both)


@pytest.mark.full
def test_twenty_runs_whose_disks_are_deleted(both: Both) -> None:
    begun(both)
    gone_on(both)
    assert both.steps >= 20
    assert_same_at_the_end(both)
