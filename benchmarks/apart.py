"""Show that connections do not wait for each other: two services at their own rates, and one beside a service that hangs.

    python benchmarks/apart.py rates [--documents 300] [--rate 60] [--rounds 3]
    python benchmarks/apart.py held [--documents 300] [--rate 60] [--method poll ...] [--rounds 3]

`rates` applies one project with a job at each of two emulated services, whose connections may make so many requests a
second; the time is compared with what the slower limit allows for the requests that the service counted.

`held` applies a job at a healthy service twice, by turns: alone, and beside a job at a service that never comes back from
one kind of request. Its speed is the number of its documents by the time from its first request to its last, as the
healthy service saw them. Both keep to `--rate`, so that what is compared is who waits for whom, and not who shares a processor.
"""

import argparse
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from vendor_loops import EXTRACT_KEY, LLAMA_KEY
from vendors import CONFIGS, KEYS, write_documents

SERVICES = tuple(sorted(CONFIGS))
CONNECTION = """  {service}:
    base_url: {url}
    api_key: {{env: {variable}}}
    poll: {{initial: 0.05, max: 0.2}}
    rates: {{requests_per_second: {rate}}}
"""
JOB = """apiVersion: docbatch/v1
name: {service}
source: {{root: in-{service}, include: "*.txt"}}
provider: {service}
config: {config}
sink: [{{type: files, path: "out/{service}/{{{{ doc.path }}}}.md"}}]
"""
REQUESTS = {
    "llamacloud": {
        "prepare": ("POST", "/files"),
        "create": ("POST", "/api/v2/batches"),
        "poll": ("GET", "/api/v2/batches/"),
        "fetch": ("GET", "/api/v2/parse"),
    },
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a service saw: how many requests with a key, which its limit counts, and the seconds from the first to the last."""

    requests: int
    seconds: float


def serve(service: str, held: tuple[str, str] | None, link: Connection) -> None:
    """Be the service until told to stop; then say what was seen. Requests that match `held` are never answered."""
    from docbatch.emulators.extractpage.service import ExtractPage  # noqa: PLC0415 - only this process needs them
    from docbatch.emulators.llamacloud.service import LlamaCloud  # noqa: PLC0415 - the same
    from docbatch.emulators.server import Emulator  # noqa: PLC0415 - the same

    made: Emulator = (
        ExtractPage(accounts={EXTRACT_KEY: "acme"})
        if service == "extractpage"
        else LlamaCloud({LLAMA_KEY: "prj-one"})
    )
    times: list[float] = []

    def choose(request: Any) -> str:
        if request.host == "api":
            times.append(time.monotonic())
        if held is not None and request.method == held[0] and held[1] in request.path:
            return "silent"
        return ""

    made.choose_fault = choose
    with link, made:
        link.send(made.url)
        link.poll(None)
        link.send(Seen(len(times), max(times, default=0.0) - min(times, default=0.0)))


@contextmanager
def served(service: str, held: tuple[str, str] | None = None) -> Iterator[tuple[str, Connection]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(service, held, theirs))
    process.start()
    with ours:
        yield str(ours.recv()), ours
    process.join()


def run(
    documents: Path,
    services: Sequence[str],
    rate: float,
    held: tuple[str, tuple[str, str]] | None = None,
    *options: str,
) -> tuple[float, dict[str, Seen]]:
    """Apply a project with a job at each service; return the seconds it took, and what each service saw."""
    root = Path(tempfile.mkdtemp(prefix="apart-", dir=documents.parent))
    environment = {**os.environ, **{f"KEY_{name.upper()}": KEYS[name] for name in services}}
    connections = "project: {id: benchmark0002}\nproviders:\n"
    seen: dict[str, Seen] = {}
    with ExitStack() as stack:
        links = {}
        for name in services:
            url, links[name] = stack.enter_context(
                served(name, held[1] if held is not None and held[0] == name else None)
            )
            connections += CONNECTION.format(service=name, url=url, variable=f"KEY_{name.upper()}", rate=rate)
            (root / "jobs").mkdir(exist_ok=True)
            (root / "jobs" / f"{name}.yaml").write_text(JOB.format(service=name, config=CONFIGS[name]))
            shutil.copytree(documents, root / f"in-{name}", copy_function=os.link)
        (root / "docbatch.yaml").write_text(connections)
        began = time.perf_counter()
        command = [sys.executable, "-m", "docbatch", "apply", "--yes", *options]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        assert done.returncode == (4 if held is not None else 0), done.stdout + done.stderr
        for name, link in links.items():
            link.send("stop")
            seen[name] = link.recv()
        healthy = [name for name in services if held is None or held[0] != name]
        for name in healthy:
            assert len(list((root / "out" / name).iterdir())) == len(list(documents.iterdir())), name
    shutil.rmtree(root)
    return seconds, seen


def rates(documents: Path, rate: float, rounds: int) -> None:
    for number in range(rounds):
        _, seen = run(documents, SERVICES, rate)
        parts = [
            f"{name} {each.requests} requests in {each.seconds:.1f} s, {100 * each.seconds / (each.requests / rate):.0f} % of the time its limit allows"
            for name, each in seen.items()
        ]
        print(f"round {number + 1}: {'; '.join(parts)}", flush=True)


def held(documents: Path, methods: Sequence[str], rate: float, rounds: int) -> None:
    number = len(list(documents.iterdir()))
    for method in methods:
        ratios = []
        for _ in range(rounds):
            _, alone = run(documents, ["extractpage"], rate)
            where = ("llamacloud", REQUESTS["llamacloud"][method])
            seconds, beside = run(documents, SERVICES, rate, where, "--timeout", "20s")
            speeds = [number / seen["extractpage"].seconds for seen in (alone, beside)]
            ratios.append(100 * speeds[1] / speeds[0])
            print(
                f"{method}: {speeds[0]:.0f} documents a second alone, {speeds[1]:.0f} beside ({ratios[-1]:.0f} %); the run ended after {seconds:.1f} s",
                flush=True,
            )
        print(f"{method}: median {statistics.median(ratios):.0f} % of the speed alone")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["rates", "held"])
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--size", type=int, default=5_000)
    parser.add_argument("--rate", type=float, default=60)
    parser.add_argument("--method", action="append", choices=list(REQUESTS["llamacloud"]))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="apart-") as folder:
        documents = Path(folder) / "documents"
        write_documents(documents, options.documents, options.size)
        if options.what == "rates":
            rates(documents, options.rate, options.rounds)
        else:
            held(documents, options.method or list(REQUESTS["llamacloud"]), options.rate, options.rounds)


if __name__ == "__main__":
    main()
