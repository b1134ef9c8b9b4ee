"""What a Ray cluster costs beside the engines' own work, and what a second node saves.

    python benchmarks/ray_cluster.py FOLDER [--nodes 1 2 3] [--rounds 3]

Each round applies one project to a cluster of so many nodes of one processor each, all of this machine, and beside it once
without Ray. Counted are all processes of the cluster and of docbatch, from the start of `docbatch apply` to its end; the cluster
is there before. The engines' share is the processor time of the workers that read documents, by all processor time. Outputs
are compared byte for byte. See README.md for how to read the figures.
"""

import argparse
import filecmp
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENGINES = "engines"
KINDS = (
    (ENGINES, b"docbatch.providers.local.worker"),
    ("driver", b"docbatch.providers.local.on_ray.driver"),
    ("readers", b"ray::NodeReader"),
    ("docbatch", b"docbatch\0apply"),
    ("docbatch", b"docbatch.engine."),
    ("Ray", b"/ray/"),
    ("Ray", b"ray::"),
)
"""Processes by what stands in their command, the first that fits."""
TICK = os.sysconf("SC_CLK_TCK")
ENVIRONMENT = {**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
PROJECT = """apiVersion: docbatch/v1
project: {{id: benchmark00000}}
providers:
  local: {{workers: 1}}
  cluster: {{type: local, on: ray, address: "{address}"}}
"""
JOB = """apiVersion: docbatch/v1
name: job
source: {{root: "{folder}", include: "**/*"}}
provider: {provider}
config: {{ocr: "off"}}
sink: [{{type: files, path: "out/{{{{ doc.path }}}}.json", format: json}}]
"""


@dataclass(slots=True)
class Spent:
    """Processor seconds by process, as far as it was seen; `ours` are this process's descendants, ended ones among them."""

    seconds: dict[tuple[int, str], float] = field(default_factory=dict)
    kinds: dict[tuple[int, str], str] = field(default_factory=dict)

    def look(self) -> None:
        seen = dict(_processes())
        ours = {os.getpid()} | {pid for pid, _ in self.seconds}
        grown = True
        while grown:
            found = {pid for pid, (parent, _, _) in seen.items() if parent in ours and pid not in ours}
            ours |= found
            grown = bool(found)
        for pid, (_, began, seconds) in seen.items():
            if pid in ours and pid != os.getpid():
                key = pid, began
                self.seconds[key] = seconds
                self.kinds[key] = _kind(_command(pid)) or self.kinds.get(key, "others")

    def since(self, before: "Spent") -> dict[str, float]:
        """Return what was spent, by kinds of processes."""
        spent: dict[str, float] = {}
        for key, seconds in self.seconds.items():
            kind = self.kinds[key]
            spent[kind] = spent.get(kind, 0.0) + seconds - before.seconds.get(key, 0.0)
        return spent


def _processes() -> Iterator[tuple[int, tuple[int, str, float]]]:
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            text = Path(f"/proc/{entry.name}/stat").read_text(encoding="latin-1")
        except OSError:
            continue
        fields = text.rpartition(")")[2].split()
        yield int(entry.name), (int(fields[1]), fields[19], (int(fields[11]) + int(fields[12])) / TICK)


def _kind(command: bytes) -> str:
    return next((kind for kind, words in KINDS if words in command), "")


def shown(spent: dict[str, float]) -> str:
    """Return the engines' share, and who spent the rest."""
    every = sum(spent.values())
    parts = ", ".join(f"{kind} {seconds:.1f}" for kind, seconds in sorted(spent.items()))
    return f"engines {spent.get(ENGINES, 0.0) / every:.3f} of {every:.1f} CPU s ({parts})"


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@contextmanager
def watched(spent: Spent) -> Iterator[None]:
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            spent.look()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        spent.look()


class Nodes:
    """A cluster of this machine whose head reads nothing; with the word `quick` it notices within seconds that a node is gone."""

    def __init__(self, count: int, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.providers.local.on_ray.cluster_process", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout
        self.address = self._process.stdout.readline().split()[0]
        self.count = count
        self.tell(*(f"add n{number} 1" for number in range(count)))

    def tell(self, *lines: str) -> None:
        assert self._process.stdin
        assert self._process.stdout
        for line in lines:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            assert self._process.stdout.readline().strip() == "done"

    def close(self) -> None:
        self._process.communicate()


def apply(place: Path, folder: Path, provider: str, address: str) -> float:
    shutil.rmtree(place, ignore_errors=True)
    (place / "jobs").mkdir(parents=True)
    (place / "docbatch.yaml").write_text(PROJECT.format(address=address))
    (place / "jobs/job.yaml").write_text(JOB.format(folder=folder, provider=provider))
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "docbatch", "apply", "--yes"],
        cwd=place, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if ended.returncode not in {0, 3}:
        raise SystemExit(f"apply ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return seconds


def outputs(place: Path) -> list[Path]:
    return sorted(path.relative_to(place) for path in (place / "out").rglob("*") if path.is_file())


def differing(one: Path, other: Path) -> int:
    mine, theirs = outputs(one), outputs(other)
    _, mismatch, errors = filecmp.cmpfiles(one, other, [str(path) for path in mine], shallow=False)
    return len(mismatch) + len(errors) + len(set(theirs) - set(mine))


def measured(place: Path, folder: Path, count: int) -> tuple[float, dict[str, float]]:
    nodes = Nodes(count)
    try:
        spent, before = Spent(), Spent()
        before.look()
        with watched(spent):
            seconds = apply(place, folder, "cluster", nodes.address)
    finally:
        nodes.close()
    return seconds, spent.since(before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    folder = chosen.folder.absolute()
    walls: dict[int, list[float]] = {count: [] for count in chosen.nodes}
    with tempfile.TemporaryDirectory(prefix="docbatch-benchmark-") as scratch:
        alone = Path(scratch) / "alone"
        spent = Spent()
        with watched(spent):
            seconds = apply(alone, folder, "local", "127.0.0.1:1")
        before_ray = shown(spent.since(Spent()))
        print(
            f"{len(outputs(alone))} outputs; without Ray, one worker: {seconds:.1f} s, {before_ray}",
            flush=True,
        )
        for number in range(chosen.rounds):
            for count in chosen.nodes:
                place = Path(scratch) / "cluster"
                seconds, counted = measured(place, folder, count)
                walls[count].append(seconds)
                differ = differing(alone, place)
                print(
                    f"round {number + 1}, {count} nodes: {seconds:.1f} s, {shown(counted)}, {differ} outputs differ",
                    flush=True,
                )
    medians = {count: statistics.median(times) for count, times in walls.items()}
    first = chosen.nodes[0]
    for count in chosen.nodes[1:]:
        print(
            f"wall time, {first} to {count} nodes: {medians[count] / medians[first]:.3f} (medians of {chosen.rounds})"
        )


if __name__ == "__main__":
    main()
