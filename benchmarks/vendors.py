"""Time whole runs against the emulated services, beside a bare loop that makes the same calls and LlamaCloud's own client.

    python benchmarks/vendors.py [extractpage] [llamacloud] [--documents 2000] [--size 50000] [--width 8] [--rounds 3]

Every leg is a process of its own, start-up included, and meets a fresh service in another one, where nothing waits
artificially. In each round the legs run one after the other:

- bare: threads around one `httpx.Client`: upload, create, poll, fetch, write each answer to a file as it came
- sdk: `llama_cloud.AsyncLlamaCloud`: the same flow, the same number of calls at once, Markdown files
- docbatch: `docbatch apply`, from the specs to the Markdown files; its rate limits are set out of the way

`vendor_loops.py` holds the first two.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import Popen

from vendor_loops import EXTRACT_KEY, LLAMA_KEY

PROJECT = """project: {{id: benchmark0001}}
providers:
  {service}:
    base_url: {url}
    api_key: {{env: BENCHMARK_KEY}}
    poll: {{initial: 0.05, max: 0.2}}
    rates: {{requests_per_second: 10000}}
"""
JOB = """apiVersion: docbatch/v1
name: job
source: {{root: in, include: "*.txt"}}
provider: {service}
config: {config}
sink:
  - {{type: files, path: "out/{{{{ doc.path }}}}.md", format: markdown}}
"""
CONFIGS = {"extractpage": "{}", "llamacloud": "{parameters: {tier: agentic, version: '2026-10-16'}}"}
KEYS = {"extractpage": EXTRACT_KEY, "llamacloud": LLAMA_KEY}
LEGS = {"extractpage": ("bare", "docbatch"), "llamacloud": ("bare", "sdk", "docbatch")}


@dataclass(frozen=True)
class Figure:
    """Seconds of a leg: by the clock, and of its processor time."""

    wall: float
    cpu: float


def serve(service: str, link: Connection) -> None:
    """Be the service until the other end of the link is closed."""
    from docbatch.emulators.extractpage.service import ExtractPage  # noqa: PLC0415 - only this process needs them
    from docbatch.emulators.llamacloud.service import LlamaCloud  # noqa: PLC0415 - only this process needs them
    from docbatch.emulators.server import Emulator  # noqa: PLC0415 - the same

    if service == "extractpage":
        made: Emulator = ExtractPage(accounts={EXTRACT_KEY: "acme"})
    else:
        made = LlamaCloud({LLAMA_KEY: "prj-one"})
    with link, made:
        link.send(made.url)
        link.poll(None)


@contextmanager
def served(service: str) -> Iterator[str]:
    """Run the service in a process of its own; yield its URL."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(service, theirs))
    process.start()
    with ours:
        yield str(ours.recv())
    process.join()


def write_documents(folder: Path, documents: int, size: int) -> None:
    dice = random.Random(7)
    words = ["".join(dice.choices("aeilmnorsu", k=dice.randint(2, 10))) for _ in range(3000)]
    folder.mkdir(parents=True)
    for number in range(documents):
        lines = [f"document {number}"]
        lines += (" ".join(dice.choices(words, k=12)) for _ in range(1 + size // 40))
        (folder / f"{number:05}.txt").write_text("\n".join(lines)[:size])


def command(leg: str, service: str, url: str, root: Path, width: int) -> list[str]:
    """Return what runs a leg, after laying out what it needs."""
    if leg != "docbatch":
        loops = Path(__file__).with_name("vendor_loops.py")
        return [sys.executable, str(loops), f"{leg}-{service}", url, str(root), str(width)]
    (root / "jobs").mkdir()
    (root / "docbatch.yaml").write_text(PROJECT.format(service=service, url=url))
    (root / "jobs" / "job.yaml").write_text(JOB.format(service=service, config=CONFIGS[service]))
    return [sys.executable, "-m", "docbatch", "apply", "--yes"]


def measured(leg: str, service: str, documents: Path, width: int) -> Figure:
    """Run one leg in a folder of its own, and check that it brought as many files as there are documents."""
    root = Path(tempfile.mkdtemp(prefix="vendors-", dir=documents.parent))
    shutil.copytree(documents, root / "in", copy_function=os.link)
    environment = {**os.environ, "BENCHMARK_KEY": KEYS[service]}
    with served(service) as url, (root / "log").open("w") as log:
        arguments = command(leg, service, url, root, width)
        began = time.perf_counter()
        process = Popen(arguments, cwd=root, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    assert os.waitstatus_to_exitcode(status) == 0, (root / "log").read_text()
    assert len(list((root / "out").iterdir())) == len(list(documents.iterdir()))
    shutil.rmtree(root)
    return Figure(wall, usage.ru_utime + usage.ru_stime)


def compare(service: str, documents: Path, width: int, rounds: int) -> None:
    figures: dict[str, list[Figure]] = {leg: [] for leg in LEGS[service]}
    for _ in range(rounds):
        for leg, found in figures.items():
            found.append(measured(leg, service, documents, width))
            print(f"{service}: {leg}: {found[-1].wall:.2f} s, CPU {found[-1].cpu:.2f} s", flush=True)
    for leg in LEGS[service][:-1]:
        tell(service, leg, figures[leg], figures["docbatch"])


def tell(service: str, other: str, theirs: Sequence[Figure], ours: Sequence[Figure]) -> None:
    """Print docbatch's speed as a part of the other side's: above 100 % it is ahead."""
    by_round = [100 * their.wall / our.wall for their, our in zip(theirs, ours, strict=True)]
    best = 100 * min(each.wall for each in theirs) / min(each.wall for each in ours)
    cpu = 100 * min(each.cpu for each in theirs) / min(each.cpu for each in ours)
    print(
        f"{service}: docbatch has {best:.0f} % of the speed of {other} (best of each side; rounds {min(by_round):.0f} to "
        f"{max(by_round):.0f} %, median {statistics.median(by_round):.0f} %), by processor time {cpu:.0f} %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("services", nargs="*", default=sorted(CONFIGS), metavar="SERVICE")
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--size", type=int, default=50_000)
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vendors-") as folder:
        documents = Path(folder) / "documents"
        write_documents(documents, options.documents, options.size)
        print(f"{options.documents:,} documents of {options.size:,} bytes, {options.width} at once")
        for service in options.services:
            compare(service, documents, options.width, options.rounds)


if __name__ == "__main__":
    main()
