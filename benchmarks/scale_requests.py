"""Count what each vendor is asked for a batch, and time what a document takes here: what `scale_simulation.py` is fed with.

    python benchmarks/scale_requests.py [--documents 100 500] [--figures FILE]

Requests are those of the providers themselves on their emulators, one batch of each number of documents, by what the
engine calls for: `prepare`, `create`, a `poll` that finds all documents ended, `fetch`, `discard`. With them stands which
limiter each asked, and the rate that this has unless a user sets another; nobody waits for it here. Processor time is that of
the real command with its children, the emulator being a process of its own; what it takes from the smaller number to the
larger one is divided by the documents in between, which leaves the start out. Documents have one page of a few words.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

from docbatch.emulators.server import Emulator
from docbatch.providers import REGISTRY
from docbatch.providers.base import Accepted, Ready
from docbatch.providers.http.rates import Limiter

KEY = "sk_scale_0123456789"
PROJECT = """project: {{id: scale00000001}}
providers:
  {service}:
    base_url: {url}
    api_key: {{env: {variable}}}
    poll: {{initial: 0.05, max: 0.2}}
    {rates}
"""
JOB = """apiVersion: docbatch/v1
name: job
source: {{root: in, include: "*.txt"}}
provider: {service}
config: {config}
sink:
  - {{type: jsonl, path: out/all.jsonl}}
"""
UNBOUND = "rates: {requests_per_second: 10000}"
CONFIGS = {
    "extend": "{}",
    "extractpage": "{}",
    "llamacloud": "{parameters: {tier: agentic, version: '2026-10-16'}}",
}
PATIENCE = 300.0
PHASES = ("prepare", "create", "poll", "fetch", "discard")


@dataclass(frozen=True)
class Asked:
    """Requests of one batch by phase, and how many of them each limiter let through, with its requests a second."""

    requests: dict[str, int]
    limited: dict[str, list[int]]
    rates: list[float]


@dataclass(frozen=True)
class VendorFigures:
    """What a vendor is asked for batches of so many documents, and seconds of the processor a document takes here."""

    vendor: str
    documents: list[int]
    asked: list[Asked]
    cpu_each: float
    kind: str = field(default="requests")


def emulator(service: str) -> Emulator:
    if service == "extend":
        from docbatch.emulators.extend.service import ExtendEmulator  # noqa: PLC0415 - only the one that is asked

        return ExtendEmulator(key=KEY)
    if service == "extractpage":
        from docbatch.emulators.extractpage.service import ExtractPage  # noqa: PLC0415 - the same

        return ExtractPage(accounts={KEY: "acme"})
    from docbatch.emulators.llamacloud.service import LlamaCloud  # noqa: PLC0415 - the same

    return LlamaCloud({KEY: "prj-one"})


def variable(service: str) -> str:
    found = REGISTRY.kind(service).service
    assert found is not None
    return found.key_variable


def write(root: Path, service: str, url: str, documents: int, rates: str = "") -> None:
    for folder in ("in", "jobs"):
        (root / folder).mkdir(parents=True)
    settings = PROJECT.format(service=service, url=url, variable=variable(service), rates=rates)
    (root / "docbatch.yaml").write_text(settings)
    (root / "jobs" / "job.yaml").write_text(JOB.format(service=service, config=CONFIGS[service]))
    for number in range(documents):
        (root / "in" / f"{number:06}.txt").write_text(f"document {number}\n")


class LimitersWatched:
    """Stands in for the waits of all limiters: counts who asked which of them, and lets everybody through."""

    def __init__(self) -> None:
        self.known: list[Limiter] = []
        self.counts: Counter[int] = Counter()

    def note(self, limiter: Limiter) -> None:
        if limiter not in self.known:
            self.known.append(limiter)
        self.counts[self.known.index(limiter)] += 1

    def taken(self) -> list[int]:
        counts, self.counts = self.counts, Counter()
        return [counts[place] for place in range(len(self.known))]


def asked(service: str, documents: int) -> Asked:
    """Do with one batch what a run does, call by call."""
    from docbatch.testing.attempt import Vendor  # noqa: PLC0415 - the kit is not needed to serve
    from docbatch.testing.bench import bench  # noqa: PLC0415 - the same

    vendor = Vendor(
        lambda: emulator(service),
        lambda root, made, _recovery: write(root, service, made.url, documents),
        lambda _request: False,
        lambda _made, _frozen: None,
        lambda _root, _made: {},
        environment={variable(service): KEY},
    )
    watched = LimitersWatched()

    def wait(limiter: Limiter) -> None:
        watched.note(limiter)

    requests: dict[str, int] = {}
    limited: dict[str, list[int]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(Limiter, "wait", wait),
        bench(vendor, Path(folder) / "project") as opened,
    ):

        def note(phase: str) -> None:
            requests[phase] = len(opened.emulator.requests) - sum(requests.values())
            limited[phase] = watched.taken()

        provider = opened.provider()
        batch = opened.batch()
        note("start")
        intent = opened.intent(provider, batch)
        note("prepare")
        accepted = provider.create(intent)
        note("create")
        assert isinstance(accepted, Accepted)
        deadline = time.monotonic() + PATIENCE
        ended: Mapping[str, object] = {}
        while len(ended) < documents:
            assert time.monotonic() < deadline, f"{service}: {len(ended)} of {documents} documents ended"
            requests.pop("before", None)
            note("before")
            progress = provider.poll(intent, accepted.remote_id)
            ended = {each.key: each for each in progress.ended}
        note("poll")
        for each in ended.values():
            assert isinstance(each, Ready), each
            opened.fetched(provider, intent, each)
        note("fetch")
        provider.discard(intent)
        note("discard")
        rates = [each.rate for each in watched.known]
    return Asked(
        {phase: requests[phase] for phase in PHASES}, {phase: limited[phase] for phase in PHASES}, rates
    )


def serve(service: str, link: Connection) -> None:
    """Be the service until the other end of the link is closed."""
    made = emulator(service)
    made.remembers = False
    with link, made:
        link.send(made.url)
        link.poll(None)


@contextmanager
def served(service: str) -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(service, theirs))
    process.start()
    with ours:
        yield str(ours.recv())
    process.join()


def seconds(service: str, documents: int) -> float:
    """Return the processor time of a whole run over so many documents."""
    with tempfile.TemporaryDirectory() as folder, served(service) as url:
        root = Path(folder)
        write(root, service, url, documents, UNBOUND)
        command = [sys.executable, "-m", "docbatch", "apply", "--yes"]
        with (root / "log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=root, env={**os.environ, variable(service): KEY}, stdout=log, stderr=log
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, (root / "log").read_text()[-3000:]
    return usage.ru_utime + usage.ru_stime


def figures(service: str, few: int, many: int) -> VendorFigures:
    found = [asked(service, few), asked(service, many)]
    cpu = (seconds(service, many) - seconds(service, few)) / (many - few)
    return VendorFigures(service, [few, many], found, cpu)


def tell(found: VendorFigures) -> None:
    print(f"{found.vendor}: {found.cpu_each * 1e6:.0f} µs of the processor a document")
    for documents, each in zip(found.documents, found.asked, strict=True):
        told = ", ".join(f"{phase} {each.requests[phase]} {each.limited[phase]}" for phase in PHASES)
        print(f"  {documents} documents: {told}; limiters of {each.rates} a second", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, nargs=2, default=[100, 500])
    parser.add_argument("--figures", type=Path, help="add the figures to this file, a JSON line each")
    options = parser.parse_args()
    for service in sorted(CONFIGS):
        found = figures(service, *options.documents)
        tell(found)
        if options.figures is not None:
            with options.figures.open("a") as lines:
                lines.write(json.dumps(asdict(found)) + "\n")


if __name__ == "__main__":
    main()
