"""Time `docbatch apply` against an emulated Extend that keeps the limits of its smallest plan, beside what these allow.

    python benchmarks/storm.py [--documents 160] [--times 1] [--hurry 1]

The vendor takes 10 requests a second of each sort, and 80 files a minute: beyond that it delays the files of batches and
answers single runs with 429. `--times` makes the limits wider, `--hurry` lets docbatch ask so many times faster than it
would by itself. The connection has the default rates otherwise.
"""

import argparse
import math
import os
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

PROJECT = """project: {{id: benchmark0001}}
providers:
  extend:
    base_url: {url}
    api_key: {{env: EXTEND_API_KEY}}
    api_version: "{version}"
    rates: {{requests_per_second: {rate}}}
"""
JOB = """apiVersion: docbatch/v1
name: job
source: {root: in, include: "*.txt"}
provider: extend
sink:
  - {type: files, path: "out/{{ doc.path }}.md", format: markdown}
"""
KEY = "sk_storm_0123456789"
BATCHES = "2026-02-09"
SINGLES = "2025-04-21"


@dataclass(frozen=True)
class Storm:
    """One way of being refused: `told` is how a 429 says how long to wait."""

    version: str
    told: Literal["whole", "exact"] | None
    documents: int
    times: float
    hurry: float

    def least(self) -> float:
        """Return the seconds the limits allow: each document is uploaded, worked on, and fetched while others are."""
        limits = Limits(times=self.times)
        uploads = self.documents / (limits.per_second * self.times)
        files = self.documents / (limits.files_per_minute * self.times / 60)
        if self.version == BATCHES:
            return uploads + files
        # A minute begins with as many as it takes, so the last of them wait for the minutes before theirs.
        minutes = math.ceil(self.documents / limits.files_per_minute) - 1
        rest = self.documents - minutes * limits.files_per_minute
        return minutes * 60 / self.times + rest / (limits.per_second * self.times)

    def run(self, root: Path) -> None:
        with ExtendEmulator(key=KEY) as vendor:
            limits = vendor.limits = Limits(times=self.times, told=self.told)
            rate = REQUESTS_PER_SECOND * self.times * self.hurry
            _write(root, PROJECT.format(url=vendor.url, version=self.version, rate=rate), self.documents)
            began = time.perf_counter()
            code = _apply(root)
            seconds = time.perf_counter() - began
            paid = Counter(vendor.ledger)
        written = len(list((root / "out").glob("*.md")))
        assert (code, written, len(paid), paid.total()) == (0, *(self.documents,) * 3), (code, written, paid)
        what = "batches" if self.version == BATCHES else "single runs"
        wait = "with" if self.told else "without"
        print(
            f"{self.documents} documents in {what}, 429 {wait} Retry-After: {seconds:.1f} s, {self.least():.1f} s are"
            f" allowed: {seconds / self.least():.2f} times; {limits.refused} requests refused, no document failed",
            flush=True,
        )


def _write(root: Path, settings: str, documents: int) -> None:
    for folder in ("in", "jobs"):
        (root / folder).mkdir(parents=True)
    (root / "docbatch.yaml").write_text(settings)
    (root / "jobs" / "job.yaml").write_text(JOB)
    for number in range(documents):
        (root / "in" / f"{number:04}.txt").write_text(f"document {number}")


def _apply(root: Path) -> int:
    command = [sys.executable, "-m", "docbatch", "apply", "--yes"]
    environment = {**os.environ, "EXTEND_API_KEY": KEY}
    return subprocess.run(
        command, cwd=root, env=environment, stdout=subprocess.DEVNULL, check=False
    ).returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=160)
    parser.add_argument("--times", type=float, default=1.0)
    parser.add_argument("--hurry", type=float, default=1.0)
    options = parser.parse_args()
    told: tuple[Literal["whole", "exact"] | None, ...] = ("whole" if options.times == 1 else "exact", None)
    for version in (BATCHES, SINGLES):
        for each in told:
            storm = Storm(version, each, options.documents, options.times, options.hurry)
            with tempfile.TemporaryDirectory() as folder:
                storm.run(Path(folder))


if __name__ == "__main__":
    main()
