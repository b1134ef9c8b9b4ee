"""What a run from a bucket into a bucket must survive, whosever the bucket is and whoever reads the documents.

The real command works through a `FaultProxy` and is killed at its requests to the store, or the store misbehaves; then it is run
again until it is done. The bucket is to be as after an undisturbed run, and each document paid once.
"""

import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from docbatch.emulators.server import Emulator
from docbatch.testing.attempt import Attempt, Vendor
from docbatch.testing.crash import MODES, CommandRun, Ending
from docbatch.testing.matrix import essence
from tests.cli.project import Project
from tests.stores.buckets import VENDORS, Bucket
from tests.stores.fault_proxy import FaultProxy

RECOVERY = "{grace: 0.4, then: resend}"
DOCUMENTS = {f"in/{name}.txt": f"the {name} document" for name in ("one", "two", "sub/three")}
JOB = """
apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*"}
provider: local
sink:
  - {type: files, path: "out/{{ doc.path }}.md"}
  - {type: jsonl, path: rows/all.jsonl}
"""
MOST_RUNS = 6
Disturb = Callable[["StoreAttempt"], object]


def local() -> Vendor[Any]:
    """Return the local engine, as if it were a vendor's: it has no emulator and takes no money."""

    def write(root: Path, _emulator: Emulator, _recovery: str) -> object:
        project = Project(root)
        project.write({"docbatch.yaml": "project: {id: testproject01}\n", **DOCUMENTS})
        project.job(JOB)
        return project

    return Vendor(Emulator, write, lambda _request: False, lambda *_: None, lambda *_: {})


@dataclass
class StoreAttempt:
    """A project whose documents and outputs lie in a bucket, behind a proxy."""

    bucket: Bucket
    proxy: FaultProxy
    inner: Attempt[Any]

    def run(self) -> CommandRun:
        return self.inner.run("apply", "--yes")

    def finish(self) -> None:
        for _ in range(MOST_RUNS):
            if self.run().code == 0:
                return

    @property
    def paid(self) -> Counter[str]:
        return self.inner.payments()

    def outputs(self) -> dict[str, bytes]:
        """Return what lies in the bucket and was no document, without the trash."""
        return {
            key: content
            for key, content in self.bucket.objects().items()
            if not key.startswith("in/") and ".docbatch-trash/" not in key
        }


@dataclass
class StoreMatrix:
    """A store and a provider. `before` is what has happened to a project when the run begins that is disturbed."""

    store: str
    vendor: Vendor[Any]
    folder: Path
    before: Disturb = lambda _attempt: None
    numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def attempt(self) -> Iterator[StoreAttempt]:
        root = self.folder / str(next(self.numbers))
        root.mkdir(parents=True)
        with (
            VENDORS[self.store]() as bucket,
            FaultProxy(bucket.endpoint) as proxy,
            self.vendor.emulator() as emulator,
        ):
            self.vendor.write(root, emulator, RECOVERY)
            _into_bucket(root, bucket, proxy.endpoint)
            environment = {**self.vendor.environment, **bucket.environment}
            inner = Attempt(self.vendor, emulator, root, environment)

            def strike() -> None:
                emulator.strike()

            proxy.strike = strike
            proxy.pause = 0.05
            made = StoreAttempt(bucket, proxy, inner)
            self.before(made)
            proxy.requests.clear()
            proxy.count = 0
            yield made

    @cached_property
    def undisturbed(self) -> tuple[Counter[str], dict[str, bytes], int]:
        """What was paid, the outputs, and how many requests that took."""
        with self.attempt() as attempt:
            ended = attempt.run()
            assert ended.code == 0, ended
            return attempt.paid, attempt.outputs(), len(attempt.proxy.requests)

    @property
    def requests(self) -> range:
        return range(1, self.undisturbed[2] + 1)

    def wrong(self, faults: Iterable[tuple[int, str]]) -> list[str]:
        """Let something befall one request each time; say what is wrong afterwards."""

        def befall(number: int, fault: str) -> Disturb:
            return lambda attempt: attempt.proxy.faults.update({number: fault})

        return [
            f"{fault} at request {number}: {found}"
            for number, fault in faults
            if (found := self.disturbed(befall(number, fault), dies=fault in MODES))
        ]

    def disturbed(
        self, disturb: Disturb, calm: Disturb = lambda _attempt: None, *, dies: bool = False
    ) -> str | None:
        """Disturb one run, calm the store, and finish; say what is wrong then."""
        with self.attempt() as attempt:
            disturb(attempt)
            first = attempt.run()
            if dies and first.code != -signal.SIGKILL:
                return f"the request was not reached: {first}"
            attempt.proxy.faults.clear()
            calm(attempt)
            attempt.finish()
            return self._judged(attempt)

    def _judged(self, attempt: StoreAttempt) -> str | None:
        paid, outputs, _ = self.undisturbed
        last = attempt.inner.runs[-1]
        if last.code != 0:
            return f"ended with {[run.code for run in attempt.inner.runs]}: {last.out}{last.err}"
        errors = [*attempt.proxy.errors, *attempt.inner.emulator.errors]
        if attempt.paid != paid or errors:
            return f"paid {attempt.paid}, not {paid}; {errors}"
        found = attempt.outputs()
        differing = [
            name
            for name in sorted(found.keys() | outputs.keys())
            if _text(found, name) != _text(outputs, name)
        ]
        if differing or attempt.bucket.unfinished():
            return f"differ: {differing}, unfinished: {attempt.bucket.unfinished()}, after {attempt.inner.runs[0]}"
        again = attempt.run()
        if again.code != 0 or attempt.paid != paid or attempt.outputs() != found:
            return f"another run did something: {again}"
        return None


def _text(outputs: dict[str, bytes], name: str) -> Any:
    """Return an output as it must be equal: without what differs by its nature, as in the matrix of vendors."""
    content = outputs.get(name)
    lines = [content] if content is None or not name.endswith(".jsonl") else content.splitlines()
    named = name.removesuffix("l") if name.endswith(".jsonl") else name
    return [
        essence(Ending(Counter(), {} if line is None else {named: line}, (), (), (), ()), named)
        for line in lines
    ]


def _into_bucket(root: Path, bucket: Bucket, endpoint: str) -> None:
    """Put a project's documents into a bucket, and have its job read from there and write there."""
    file = root / "docbatch.yaml"
    file.write_text(
        yaml.safe_dump({**yaml.safe_load(file.read_text()), "stores": {"lake": bucket.declared(endpoint)}})
    )
    spec = root / "jobs" / "job.yaml"
    job = yaml.safe_load(spec.read_text())
    job["source"] = {"store": "lake", "prefix": "in/", "include": ["**"]}
    job["sink"] = [{**sink, "store": "lake"} for sink in job["sink"]]
    spec.write_text(yaml.safe_dump(job))
    for path in sorted((root / "in").rglob("*")):
        if path.is_file():
            bucket.put(path.relative_to(root).as_posix(), path.read_bytes())
    shutil.rmtree(root / "in")
