"""Time `docbatch apply` over files that have not changed, beside `find` over the same trees.

    python benchmarks/unchanged.py [--files 200000] [--per-folder 1000] [--sink files|jsonl] [--rounds 5] [--keep FOLDER]

The first apply is done in this process with a stand-in that answers at once, because only the second is measured: the
state, the spool and the outputs are written by docbatch's own code. Each round then runs `find -printf` over every tree
that has to be looked at, and the real command, one after the other.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from docbatch.core.models import Operation
from docbatch.engine.running.apply import Assignment, apply
from docbatch.providers import REGISTRY
from docbatch.providers.base import Accepted, Intent, Progress, Ready
from docbatch.providers.kind import Settings, Surroundings
from docbatch.providers.local import KIND, TRAITS
from docbatch.providers.local.provider import LocalProvider
from docbatch.specs.load import load_jobs, load_project

JOB = """apiVersion: docbatch/v1
name: small
source:
  root: in
  include: "**/*.txt"
provider: local
sink:
  - {sink}
"""
SINKS = {
    "files": '{type: files, path: "out/{{ doc.path }}.md", format: markdown}',
    "jsonl": "{type: jsonl, path: out/all.jsonl}",
}


class Instant(LocalProvider):
    """Answers everything at once with the same payload."""

    payload = b""

    def create(self, intent: Intent) -> Accepted:
        return Accepted(intent.submission)

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:  # noqa: ARG002
        return Progress([Ready(item.key, item.key) for item in intent.batch.items])

    def fetch(self, intent: Intent, ready: Ready) -> bytes:  # type: ignore[override]  # noqa: ARG002
        return self.payload


def tree(root: Path, files: int, per_folder: int) -> None:
    for number in range(files):
        folder = root / "in" / f"{number // per_folder:05}"
        if number % per_folder == 0:
            folder.mkdir(parents=True)
        (folder / f"file{number % per_folder:07}.txt").write_bytes(b"note number %d\n" % number)


def first_apply(root: Path, sample: bytes) -> None:
    Instant.payload = sample

    def connect(_settings: Settings, surroundings: Surroundings) -> Instant:
        return Instant(surroundings.incoming)

    stand_in = replace(KIND, traits=lambda _settings: replace(TRAITS, max_items=2000), connect=connect)
    os.chdir(root)
    project = load_project(root)
    with REGISTRY.added(stand_in, replacing=True):
        outcome = apply(
            Assignment(load_jobs(project), root / ".docbatch", project.mark),
            lambda _notice: None,
            lambda _report: True,
        )
    assert outcome.exit_code == 0, outcome


def sample_payload() -> bytes:
    """Return what the local engine answers for one small text."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "jobs").mkdir()
        (root / "in").mkdir()
        (root / "in" / "a.txt").write_text("note number 0\n")
        (root / "jobs" / "job.yaml").write_text(JOB.replace("{sink}", SINKS["files"]))
        subprocess.run([sys.executable, "-m", "docbatch", "apply"], cwd=root, check=True, capture_output=True)
        from docbatch.spool import Spool  # noqa: PLC0415
        from docbatch.state.store import Store  # noqa: PLC0415

        with Store.readable(root / ".docbatch") as store:
            spool = Spool(root / ".docbatch" / "spool", store.results)
            return spool.read(next(iter(spool.entries())))


def timed(command: Sequence[str], cwd: Path) -> tuple[float, float, int]:
    """Return wall seconds, CPU seconds and peak memory in bytes of a whole process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, command
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def measure(root: Path, sink: str, rounds: int) -> None:
    trees = ["in", "out"] if sink == "files" else ["in"]
    find = ["find", *trees, "-type", "f", "-printf", "%s %T@ %i\\n"]
    command = [sys.executable, "-m", "docbatch", "apply"]
    timed(command, root)
    ratios, cpu_ratios, walls, peak = [], [], [], 0
    for _ in range(rounds):
        plain, plain_cpu, _ = timed(find, root)
        ours, cpu, memory = timed(command, root)
        ratios.append(ours / plain)
        cpu_ratios.append(cpu / plain_cpu)
        walls.append((plain, ours))
        peak = max(peak, memory)
    plain_wall = statistics.median(wall for wall, _ in walls)
    wall = statistics.median(wall for _, wall in walls)
    print(f"find {plain_wall:.2f} s, docbatch apply {wall:.2f} s (medians of {rounds})")
    print(
        f"ratio, wall: median {statistics.median(ratios):.2f}, min {min(ratios):.2f}, max {max(ratios):.2f}"
    )
    print(f"ratio, CPU: median {statistics.median(cpu_ratios):.2f}; peak memory {peak / 1e6:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--per-folder", type=int, default=1000)
    parser.add_argument("--sink", choices=sorted(SINKS), default="files")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="use this folder, and what an earlier run left in it")
    options = parser.parse_args()
    root = options.keep or Path(tempfile.mkdtemp(prefix="unchanged-"))
    if not (root / ".docbatch").exists():
        (root / "jobs").mkdir(parents=True, exist_ok=True)
        (root / "jobs" / "job.yaml").write_text(JOB.replace("{sink}", SINKS[options.sink]))
        tree(root, options.files, options.per_folder)
        began = time.perf_counter()
        first_apply(root, sample_payload())
        print(f"first apply with the stand-in: {time.perf_counter() - began:.0f} s")
        time.sleep(3)
    print(
        f"{options.files:,} files in folders of {options.per_folder:,}, sink {options.sink}, operation {Operation.PARSE}"
    )
    measure(root, options.sink, options.rounds)
    if options.keep is None:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
