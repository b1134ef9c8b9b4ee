"""Time two `docbatch apply` of two projects on one account of an emulated Extend, beside what its limits allow both together.

    python benchmarks/shared_account.py [--documents 80] [--processes 2] [--times 1] [--hurry 2] [--rounds 3]

The vendor takes 10 requests a second of each sort from the account, and 80 files a minute, whoever asks, and answers 429 beyond.
Each project has so many documents and asks `--hurry` times as fast as the account allows, so that the true rate has to be
learnt. Afterwards the same without sharing (`DOCBATCH_ACCOUNTS=off`), and a second time with what was learnt before.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from docbatch.emulators.extend.limits import Limits
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.providers.extend import REQUESTS_PER_SECOND

PROJECT = """project: {{id: benchmark{number:04}}}
providers:
  extend:
    base_url: {url}
    api_key: {{env: EXTEND_API_KEY}}
    rates: {{requests_per_second: {rate}}}
"""
JOB = """apiVersion: docbatch/v1
name: job
source: {root: in, include: "*.txt"}
provider: extend
sink:
  - {type: files, path: "out/{{ doc.path }}.md", format: markdown}
"""
KEY = "sk_shared_0123456789"


@dataclass(frozen=True)
class Storm:
    """`told` is how a 429 says how long to wait. Files are no bottleneck here: it is the requests that are counted."""

    told: Literal["whole", "exact"] | None
    documents: int
    processes: int
    times: float
    hurry: float

    @property
    def limits(self) -> Limits:
        return Limits(times=self.times, files_per_minute=1e6, told=self.told)

    @property
    def least(self) -> float:
        """Return the seconds of the account's own rate: each document is one upload."""
        return self.documents * self.processes / (self.limits.per_second * self.times)

    def run(self, root: Path, accounts: str) -> tuple[float, int]:
        """Return the seconds until all have ended, and how many requests were refused."""
        with ExtendEmulator(key=KEY) as vendor:
            limits = vendor.limits = self.limits
            rate = REQUESTS_PER_SECOND * self.times * self.hurry
            folders = [root / f"project-{number}" for number in range(self.processes)]
            for number, folder in enumerate(folders):
                _write(
                    folder, PROJECT.format(url=vendor.url, number=number, rate=rate), self.documents, number
                )
            began = time.perf_counter()
            running = [_apply(folder, accounts) for folder in folders]
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


def _apply(root: Path, accounts: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "docbatch", "apply", "--yes"]
    environment = {**os.environ, "EXTEND_API_KEY": KEY, "DOCBATCH_ACCOUNTS": accounts}
    log = (root / "apply.log").open("wb")
    return subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=300, help="of each project")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--times", type=float, default=1.0)
    parser.add_argument("--hurry", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for told in ("whole" if options.times == 1 else "exact", None):
        storm = Storm(told, options.documents, options.processes, options.times, options.hurry)
        found: dict[str, list[tuple[float, int]]] = {"shared": [], "each alone": []}
        for _ in range(options.rounds):
            for way, times in found.items():
                with tempfile.TemporaryDirectory() as folder:
                    accounts = str(Path(folder, "accounts")) if way == "shared" else "off"
                    times.append(storm.run(Path(folder), accounts))
        for way, times in found.items():
            seconds = statistics.median(each for each, _ in times)
            refused = statistics.median(each for _, each in times)
            print(
                f"{options.processes} projects of {options.documents} documents, 429 {'with' if told else 'without'} Retry-After, {way}:"
                f" {seconds:.1f} s, {storm.least:.1f} s are allowed: {seconds / storm.least:.2f} times;"
                f" {refused:.0f} requests refused",
                flush=True,
            )


if __name__ == "__main__":
    main()
