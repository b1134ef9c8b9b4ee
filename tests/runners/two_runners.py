"""Runners of one project whose state, documents and outputs lie in a store, and a vendor that counts what it is paid for.

Each has a folder of its own and shares no file with the other, the machine's cache included.
"""

import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from docbatch.core.models import SubmissionStatus
from docbatch.state import files
from docbatch.state.home import Home
from docbatch.state.records import Frozen
from docbatch.state.store import Store
from docbatch.testing.attempt import Vendor
from docbatch.testing.crash import CommandRun
from docbatch.testing.matrix import HASTE
from docbatch.testing.patience import until
from tests.providers.extend.test_matrix import vendor as extend
from tests.providers.extractpage.test_matrix import vendor as extractpage
from tests.providers.llamacloud.test_matrix import vendor as llamacloud
from tests.runners.gate import Door, Gate, Point, StoreDates, Strike
from tests.runners.launcher import RunnerProcess, launcher, prepare, set_ahead
from tests.stores.buckets import VENDORS, Bucket
from tests.stores.fault_proxy import FaultProxy

SERVICES: dict[str, Callable[[], Vendor[Any]]] = {
    "extend": extend,
    "llamacloud": llamacloud,
    "extractpage": extractpage,
}
STORES = ("s3", "azure")
KEYED = frozenset({"extractpage"})
"""Where the same request sent again is the same work, so that nothing may wait for a person."""
RECOVERY = "{grace: 0.4, then: resend}"
MOST_DOCUMENTS = 3
DOCUMENTS = "in/"
STATE = "state/"
ACCOUNTS = "docbatch-accounts/"
"""Where runners that use one account note who has which part of its pace."""
EXPIRY = 300.0
"""Seconds that the store's dates go on while nobody renews a lease, which are more than it is held for."""
LONG_STOP = 400.0
"""Seconds that a runner finds to have passed while it was stopped."""
GENERAL, HELD, LOCKED = 1, 4, 11
"""Exit codes: an error that has no other, something waits for a person, and another run owns the state."""


@dataclass
class Runner:
    """One machine: its folder, and what it did."""

    name: str
    folder: Path
    gate: Gate
    environment: Mapping[str, str]
    runs: list[CommandRun] = field(default_factory=list)
    under_way: RunnerProcess | None = None
    is_first: bool = True

    def start(self, *arguments: str, also: str = "") -> RunnerProcess:
        self.gate.runner = self.name
        self.gate.is_struck.clear()
        process = launcher(is_first=self.is_first).start(self.folder, arguments, self.environment, also=also)
        self.gate.signal = process.send
        self.under_way = process
        return process

    def end(self) -> CommandRun:
        """Wait for the end of what is under way."""
        assert self.under_way is not None
        ended = self.under_way.ended()
        self.under_way = None
        self.runs.append(ended)
        return ended

    def run(self, *arguments: str, also: str = "") -> CommandRun:
        self.start(*arguments, also=also)
        return self.end()

    def apply(self, *, also: str = "") -> CommandRun:
        return self.run("apply", "--yes", also=also)

    def apply_until_struck(self) -> CommandRun | None:
        """Start to apply; return how it ended, None where it was stopped instead."""
        process = self.start("apply", "--yes")
        until(lambda: self.gate.is_struck.is_set() or process.has_ended(), "a run neither ends nor is struck")
        # What was not reached is not to befall a later run.
        self.gate.strikes.clear()
        return None if process.is_stopped else self.end()

    def go_on(self) -> CommandRun:
        """Let it go on after a long stop, and return how it ended."""
        assert self.under_way is not None
        set_ahead(self.folder, LONG_STOP)
        self.gate.runner = self.name
        self.under_way.send(signal.SIGCONT)
        self.gate.goes_on.set()
        return self.end()

    def held(self) -> list[Frozen]:
        """Return what its copy of the state says is held."""
        folder = self.folder / ".docbatch"
        with Store.over(Home(folder), files.open_readable(folder)) as store:
            known = [each.id for each in store.submissions.open() if each.status is SubmissionStatus.HELD]
            return [store.submissions.frozen(each) for each in known]

    def stop_for_good(self) -> None:
        if self.under_way is not None and not self.under_way.has_ended():
            self.under_way.send(signal.SIGKILL)
            self.gate.goes_on.set()
            self.under_way.ended()


@dataclass
class World:
    """A store, a vendor, and the runners between which nothing is but these."""

    store: str
    service: str
    bucket: Bucket
    gate: Gate
    proxy: FaultProxy
    emulator: Any
    vendor: Vendor[Any]
    runners: dict[str, Runner]

    def __getitem__(self, name: str) -> Runner:
        return self.runners[name]

    def strike(self, point: Point, strike: Strike) -> None:
        self.gate.strikes[point] = strike

    def let_lease_expire(self) -> None:
        self.gate.later += EXPIRY

    @property
    def paid(self) -> Counter[str]:
        return Counter(self.emulator.ledger)

    def outputs(self) -> dict[str, bytes]:
        return {
            key: content
            for key, content in self.bucket.objects().items()
            if not key.startswith((DOCUMENTS, STATE, ACCOUNTS)) and ".docbatch-trash/" not in key
        }

    def resolve(self, runner: Runner) -> int:
        """Settle what is held as a person does after a look at the vendor; return how much that was."""
        held = runner.held()
        for frozen in held:
            remote_id = self.vendor.remote_id(self.emulator, frozen)
            answer = ("--absent",) if remote_id is None else ("--remote-id", remote_id)
            runner.run("resolve", frozen.submission, *answer)
        return len(held)

    def errors(self) -> list[str]:
        leaks = [f"a key reached the storage host: {each.path}" for each in self.emulator.leaks]
        return [*self.emulator.errors, *self.proxy.errors, *leaks]


@contextmanager
def world(store: str, service: str, folder: Path, *names: str, used: bool = True) -> Iterator[World]:
    """Make one. Where it was `used`, the last of the runners has worked on the first document before."""
    vendor = SERVICES[service]()
    gate = Gate()
    with VENDORS[store]() as bucket, FaultProxy(bucket.endpoint) as proxy, vendor.emulator() as emulator:
        proxy.alter = StoreDates(gate)
        doors = Door(gate, "store", proxy), Door(gate, "vendor", emulator)
        emulator.url, emulator.storage_url = doors[1].url, doors[1].storage_url
        emulator.haste = HASTE
        first = folder / names[0]
        first.mkdir(parents=True)
        vendor.write(first, emulator, RECOVERY)
        documents = _into_store(first, bucket, doors[0].url + proxy.endpoint.removeprefix(proxy.url))
        for each in names[1:]:
            shutil.copytree(first, folder / each)
        secrets = {**vendor.environment, **bucket.environment}
        runners = {each: _runner(each, folder / each, gate, secrets) for each in names}
        made = World(store, service, bucket, gate, proxy, emulator, vendor, runners)
        try:
            _fill(made, documents, used=used)
            yield made
        finally:
            for runner in runners.values():
                runner.stop_for_good()
            for door in doors:
                door.close()


def _fill(world: World, documents: Mapping[str, bytes], *, used: bool) -> None:
    keys = sorted(documents)
    if used:
        world.bucket.put(keys[0], documents[keys[0]])
        began = list(world.runners.values())[-1].apply(also="trusts")
        assert began.code == 0, began
    for key in keys:
        world.bucket.put(key, documents[key])
    world.gate.forget()


def _runner(name: str, folder: Path, gate: Gate, secrets: Mapping[str, str]) -> Runner:
    home = folder / ".home"
    home.mkdir()
    prepare(folder)
    own = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    return Runner(name, folder, gate, {**secrets, **own}, is_first=name == "a")


def _into_store(root: Path, bucket: Bucket, endpoint: str) -> dict[str, bytes]:
    """Have a project's job read from a bucket and write there, and its state lie there; return its documents.

    A few documents and two of the sinks are kept: of one kind of request, one more says nothing new.
    """
    file = root / "docbatch.yaml"
    said = yaml.safe_load(file.read_text())
    said["stores"] = {"lake": bucket.declared(endpoint)}
    said["state"] = {"store": "lake", "prefix": STATE}
    file.write_text(yaml.safe_dump(said))
    spec = root / "jobs" / "job.yaml"
    job = yaml.safe_load(spec.read_text())
    job["source"] = {"store": "lake", "prefix": DOCUMENTS, "include": ["**"]}
    job["sink"] = [{**sink, "store": "lake"} for sink in job["sink"][:: len(job["sink"]) - 1]]
    spec.write_text(yaml.safe_dump(job))
    paths = [path for path in sorted((root / "in").rglob("*")) if path.is_file()][:MOST_DOCUMENTS]
    documents = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    shutil.rmtree(root / "in")
    return documents
