"""Whether every document is read once and nothing stays, whatever is killed of a Ray cluster and of docbatch.

    python benchmarks/ray_chaos.py FOLDER [--kills 20] [--within 30] [--every 20] [--seed 0]

A project is applied to a cluster of three nodes of one processor each. Every so many seconds a node is killed and another one
comes; docbatch is killed at so many random moments and started again; in the middle of that the head is killed, and another
cluster takes its place. Then a last run ends the work. Its outputs are compared with those of a run without Ray, the state is
checked, and processes are looked for that should not be there any more. Among the documents are two that nobody can read: a book
whose time is up long before its end, and one that needs more memory than it may have.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from page_ranges import book
from ray_cluster import ENVIRONMENT, JOB, Nodes, Spent, apply, differing, outputs

PROJECT = """apiVersion: docbatch/v1
project: {id: benchmark00000}
providers:
  cluster: {type: local, on: ray, address: {env: RAY_ADDRESS}, unreachable_after: 30s}
"""
HARD = """apiVersion: docbatch/v1
name: {name}
source: {{root: "{folder}", include: "*.pdf"}}
provider: cluster
config: {{ocr: "off", {bound}}}
sink: [{{type: files, path: "hard/{name}/{{{{ doc.path }}}}.json", format: json}}]
"""
HARD_DOCUMENTS = {"endless": (3_000, "timeout: 2"), "greedy": (2_999, "max_memory: 100MB")}
"""Jobs whose book of so many pages cannot be read: by its time, and by its memory."""
OURS = (b"docbatch.providers.local.worker", b"docbatch.providers.local.on_ray.driver", b"NodeReader")


@contextmanager
def dying_nodes(nodes: Nodes, every: float) -> Iterator[None]:
    """Kill a node every so many seconds, and let another one come."""
    over = threading.Event()

    def kill() -> None:
        oldest, newest = 0, nodes.count
        while not over.wait(every):
            nodes.tell(f"kill n{oldest}", f"add n{newest} 1")
            oldest, newest = oldest + 1, newest + 1

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def add_hard_documents(place: Path) -> None:
    """Write the jobs whose documents end as failed, the same way each time."""
    (place / "books").mkdir()
    for name, (pages, bound) in HARD_DOCUMENTS.items():
        (place / "books" / name).mkdir()
        (place / "books" / name / "book.pdf").write_bytes(book(pages))
        spec = HARD.format(name=name, folder=place / "books" / name, bound=bound)
        (place / f"jobs/{name}.yaml").write_text(spec)


def failures_of_hard_documents(place: Path) -> list[str]:
    """Return job and class of each."""
    command = [
        sys.executable,
        "-m",
        "docbatch",
        "failures",
        "--json",
        *(f"--job={name}" for name in HARD_DOCUMENTS),
    ]
    told = subprocess.run(
        command, cwd=place, env=dict(os.environ), capture_output=True, text=True, check=False
    ).stdout
    lines = [json.loads(line) for line in told.splitlines()]
    return [f"{line['job']}: {line['class']}" for line in lines if "class" in line]


def start(place: Path, address: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "docbatch", "apply", "--yes"],
        cwd=place, env={**ENVIRONMENT, "RAY_ADDRESS": address},
        stdout=subprocess.DEVNULL, stderr=(place / "log").open("ab"),
    )  # fmt: skip


def stays(spent: Spent) -> list[int]:
    """Return processes of runs that were killed, once they had a while to end."""
    end = time.monotonic() + 60
    while left := [pid for pid, _ in spent.seconds if is_ours(pid)]:
        if time.monotonic() > end:
            break
        time.sleep(1)
    return left


def is_ours(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return any(words in command for words in OURS)


def killed_again_and_again(
    place: Path, nodes: Nodes, kills: int, within: float, dice: random.Random
) -> list[int]:
    """Kill docbatch at random moments of its run; return which processes stayed."""
    left: list[int] = []
    for _ in range(kills):
        process = start(place, nodes.address)
        spent = Spent()
        until = time.monotonic() + dice.uniform(0.5, within)
        while process.poll() is None and time.monotonic() < until:
            spent.look()
            time.sleep(0.1)
        process.kill()
        process.wait()
        left += stays(spent)
        print(f"killed; {len(outputs(place))} outputs", flush=True)
    return left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument(
        "--within", type=float, default=30, help="seconds that a run has before it is killed, at most"
    )
    parser.add_argument("--every", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    dice = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory(prefix="docbatch-chaos-") as scratch:
        alone, place = Path(scratch) / "alone", Path(scratch) / "cluster"
        apply(alone, chosen.folder.absolute(), "local", "127.0.0.1:1")
        (place / "jobs").mkdir(parents=True)
        (place / "docbatch.yaml").write_text(PROJECT)
        (place / "jobs/job.yaml").write_text(JOB.format(folder=chosen.folder.absolute(), provider="cluster"))
        add_hard_documents(place)
        left: list[int] = []
        nodes = Nodes(3, "quick")
        with dying_nodes(nodes, chosen.every):
            left += killed_again_and_again(place, nodes, chosen.kills // 2, chosen.within, dice)
        process = start(place, nodes.address)
        time.sleep(10)
        nodes.tell("kill head")
        print(f"head killed: apply ended with {process.wait()}", flush=True)
        nodes.close()
        nodes = Nodes(3, "quick")
        with dying_nodes(nodes, chosen.every):
            left += killed_again_and_again(
                place, nodes, chosen.kills - chosen.kills // 2, chosen.within, dice
            )
            print(f"the last run ended with {start(place, nodes.address).wait()}", flush=True)
        nodes.close()
        check = [sys.executable, "-m", "docbatch", "state", "check"]
        sound = subprocess.run(check, cwd=place, env=dict(os.environ), capture_output=True, check=False)
        print(f"{len(outputs(place))} outputs, {differing(alone, place)} differ from those without Ray")
        print(f"documents that cannot be read: {failures_of_hard_documents(place)}")
        print(f"state check: {sound.returncode}; processes that stayed: {left or 'none'}")


if __name__ == "__main__":
    main()
