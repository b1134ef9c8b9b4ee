"""Time two `docbatch apply` of two projects on one account of an emulated Extend, beside what its limits allow both together.

    python benchmarks/shared_account.py [--documents 300] [--processes 2] [--times 1] [--hurry 1] [--rounds 3]
        [--through files|store] [--only batches|singles]

The vendor takes 10 requests a second of each sort from the account, whoever asks, and answers 429 beyond; single runs are
80 a minute as well. Each project asks `--hurry` times as fast as the account allows: by itself just so, together too fast. By
turns the same is done without sharing (`DOCBATCH_ACCOUNTS=off`). `--through store` gives each project files of its own, as on
a machine of its own, and a state in a bucket (moto, on loopback): then they share through that, or below a prefix each.
"""

import argparse
import logging
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from storm import BATCHES, JOB, SINGLES

from docbatch.emulators.extend.limits import Limits
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.providers.extend import REQUESTS_PER_SECOND

PROJECT = """project: {{id: benchmark{number:04}}}
providers:
  extend:
    base_url: {url}
    api_key: {{env: EXTEND_API_KEY}}
    api_version: "{version}"
    rates: {{requests_per_second: {rate}}}
"""
STORE = """state: {{store: lake, prefix: state-{number}/, accounts: "{accounts}"}}
stores:
  lake: {{type: s3, bucket: {name}, endpoint: "{endpoint}", access_key: {{env: LAKE_ID}}, secret_key: {{env: LAKE_SECRET}}}}
"""
KEY = "sk_shared_0123456789"
REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class SharedStorm:
    """`told` is how a 429 says how long to wait. In batches files are worked on at once: it is requests that are counted."""

    version: str
    told: Literal["whole", "exact"] | None
    documents: int
    processes: int
    times: float
    hurry: float

    @property
    def limits(self) -> Limits:
        files = 1e6 if self.version == BATCHES else Limits.files_per_minute
        return Limits(times=self.times, told=self.told, files_per_minute=files)

    @property
    def least(self) -> float:
        """Return the seconds that the account's own limits allow to all processes together.

        Of a batch each document is uploaded, and fetched once all are; single runs are begun by the minute.
        """
        limits, documents = self.limits, self.documents * self.processes
        seconds = documents / limits.per_second
        if self.version == BATCHES:
            return 2 * seconds / self.times
        minutes = math.ceil(documents / limits.files_per_minute) - 1
        return (
            minutes * 60 + (documents - minutes * limits.files_per_minute) / limits.per_second
        ) / self.times

    def run(self, root: Path, sharing: "Sharing") -> tuple[float, int]:
        """Return the seconds until all have ended, and how many requests were refused."""
        with ExtendEmulator(key=KEY) as vendor:
            limits = vendor.limits = self.limits
            rate = REQUESTS_PER_SECOND * self.times * self.hurry
            folders = [root / f"project-{number}" for number in range(self.processes)]
            for number, folder in enumerate(folders):
                settings = PROJECT.format(url=vendor.url, number=number, rate=rate, version=self.version)
                _write(folder, settings + sharing.settings(number), self.documents, number)
            began = time.perf_counter()
            running = [sharing.apply(folder) for folder in folders]
            codes = [each.wait() for each in running]
            seconds = time.perf_counter() - began
            paid = Counter(vendor.ledger)
        written = sum(len(list((folder / "out").glob("*.md"))) for folder in folders)
        wanted = self.documents * self.processes
        assert (set(codes), written, len(paid), paid.total()) == ({0}, *(wanted,) * 3), (codes, written, paid)
        return seconds, limits.refused


def _write(root: Path, settings: str, documents: int, project: int) -> None:
    for folder in ("in", "jobs"):
        (root / folder).mkdir(parents=True)
    (root / "docbatch.yaml").write_text(settings)
    (root / "jobs" / "job.yaml").write_text(JOB)
    for number in range(documents):
        (root / "in" / f"{number:04}.txt").write_text(f"document {number} of project {project}")


@dataclass(frozen=True)
class Sharing:
    """How runs know of each other: by files below `accounts`, `off`, or each with its own where that is empty; by a `bucket`.

    Those that are `apart` have a state in the bucket as well, and do not know of each other.
    """

    accounts: str
    bucket: Any = None
    apart: bool = False

    def settings(self, number: int) -> str:
        """What the project of a number says of it."""
        if self.bucket is None:
            return ""
        accounts = f"accounts-{number}/" if self.apart else "accounts/"
        named = {"name": self.bucket.name, "endpoint": self.bucket.endpoint}
        return STORE.format(number=number, accounts=accounts, **named)

    def apply(self, root: Path) -> "subprocess.Popen[bytes]":
        known = {"EXTEND_API_KEY": KEY, "DOCBATCH_ACCOUNTS": self.accounts or str(root / "accounts")}
        if self.bucket is not None:
            known |= self.bucket.environment
        environment = {**os.environ, **known, "PYTHONPATH": str(REPOSITORY)}
        log = (root / "apply.log").open("wb")
        return subprocess.Popen(
            [sys.executable, "-m", "docbatch", "apply", "--yes"],
            cwd=root,
            env=environment,
            stdout=log,
            stderr=log,
        )


def sharing_of(way: str, through: str, root: Path, stack: ExitStack) -> Sharing:
    """Return how runs share, or do not."""
    if through == "files":
        return Sharing(str(root / "accounts") if way == "shared" else "off")
    sys.path.insert(0, str(REPOSITORY))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from tests.stores.moto_server import moto_bucket  # noqa: PLC0415 - found by the path that was just set

    return Sharing("", stack.enter_context(moto_bucket()), way != "shared")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=300, help="of each project")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--times", type=float, default=1.0)
    parser.add_argument("--hurry", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--through", choices=("files", "store"), default="files")
    parser.add_argument("--only", choices=("batches", "singles"))
    options = parser.parse_args()
    whole: Literal["whole", "exact"] = "whole" if options.times == 1 else "exact"
    ways: tuple[Literal["whole", "exact"] | None, ...] = (whole, None)
    versions = {"batches": BATCHES, "singles": SINGLES}
    for version in [versions[options.only]] if options.only else versions.values():
        for told in ways:
            _compare(
                SharedStorm(
                    version, told, options.documents, options.processes, options.times, options.hurry
                ),
                options.rounds,
                options.through,
            )


def _compare(storm: SharedStorm, rounds: int, through: str) -> None:
    """Print the medians of both ways, by turns."""
    found: dict[str, list[tuple[float, int]]] = {"shared": [], "each alone": []}
    for _ in range(rounds):
        for way, times in found.items():
            with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
                root = Path(folder)
                times.append(storm.run(root, sharing_of(way, through, root, stack)))
    what = "batches" if storm.version == BATCHES else "single runs"
    for way, times in found.items():
        seconds = statistics.median(each for each, _ in times)
        refused = statistics.median(each for _, each in times)
        print(
            f"{storm.processes} projects of {storm.documents} documents in {what}, 429 {'with' if storm.told else 'without'}"
            f" Retry-After, {way}: {seconds:.1f} s, {storm.least:.1f} s are allowed: {seconds / storm.least:.2f} times;"
            f" {refused:.0f} requests refused",
            flush=True,
        )


if __name__ == "__main__":
    main()
