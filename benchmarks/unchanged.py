"""Time `docbatch apply` over files that have not changed, beside `find` and `git status` over the same trees.

    python benchmarks/unchanged.py [--files 200000] [--per-folder 1000] [--sink files|jsonl] [--rounds 5] [--keep FOLDER]

The first apply is done in this process with a stand-in that answers at once, because only the second is measured: the
state, the spool and the outputs are written by docbatch's own code. Each round then runs `find -printf` over every tree
that has to be looked at, `git status` where all of it was committed, and the real command, one after the other, with its
bytecode compiled as an installer does. Processor time is given beside wall time, which other work on the machine makes
what it likes; `git status` looks at files in several threads.
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


def commit(root: Path) -> None:
    """Let git know all files, so that its status has them to compare."""
    (root / ".gitignore").write_text(".docbatch/\n")
    name = ["-c", "user.name=none", "-c", "user.email=none"]
    for words in (["init", "-q"], ["add", "."], [*name, "commit", "-qm", "all"]):
        subprocess.run(["git", *words], cwd=root, check=True)


def timed(command: Sequence[str], cwd: Path, compiled: Path) -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds and peak memory in megabytes of a whole process."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(compiled)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, command
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def measure(root: Path, sink: str, rounds: int) -> None:
    trees = ["in", "out"] if sink == "files" else ["in"]
    commands = {
        "find": ["find", *trees, "-type", "f", "-printf", "%s %T@ %i\\n"],
        "git status": ["git", "status", "--short"],
        "docbatch apply": [sys.executable, "-m", "docbatch", "apply"],
    }
    with tempfile.TemporaryDirectory() as compiled:
        for command in commands.values():
            timed(command, root, Path(compiled))
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                found[name].append(timed(command, root, Path(compiled)))
    for name, runs in found.items():
        walls, cpus, peaks = zip(*runs, strict=True)
        beside = [
            statistics.median(
                ours[place] / git[place] for ours, git in zip(runs, found["git status"], strict=True)
            )
            for place in (0, 1)
        ]
        print(
            f"{name}: wall {statistics.median(walls):.2f} s ({' '.join(f'{wall:.2f}' for wall in walls)}),"
            f" CPU {statistics.median(cpus):.2f} s, peak {max(peaks):.0f} MB;"
            f" beside git status: wall {beside[0]:.2f}, CPU {beside[1]:.2f}"
        )


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
    if not (root / ".git").exists():
        commit(root)
    print(
        f"{options.files:,} files in folders of {options.per_folder:,}, sink {options.sink}, operation {Operation.PARSE}"
    )
    measure(root, options.sink, options.rounds)
    if options.keep is None:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
