"""Simulate what one coordinator drives beyond what is measured: docbatch's own scheduler on a virtual clock.

    python benchmarks/scale_simulation.py FIGURES [--documents 1000000 10000000 100000000] [--times 1] [--whole]
                                          [--rounds 1500000]

FIGURES is what `scale.py --figures` and `scale_requests.py --figures` wrote: requests of a batch, processor time and
bytes of a document. All else is docbatch's own code: `core.scheduler` says what is due, `core.packing` cuts batches, the
providers' declarations say how large they are, how many may be in flight, how often is asked and how fast, the limiter
is the one that requests wait for, and prices are those of the profile. What vendors work on is one document after the
other at the rate their plan allows, where that is known (Extend's smallest), else at once. A connection does one thing at
a time, as in a run. `--times` has a plan so many times as large, with `rates` set accordingly.

Up to 100,000 documents requests wait one by one, and results are fetched in the windows of a run; beyond, or with `--whole`,
all that is ready is fetched at once, and its requests wait together. After so many `--rounds` of the scheduler the rest is
extrapolated from the later half of them, which the table says.
"""

import argparse
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docbatch.core.amounts import MILLION, Bounds
from docbatch.core.estimate import estimate
from docbatch.core.extents import Extent
from docbatch.core.models import Operation, Submission, SubmissionStatus, Traits, WorkItem
from docbatch.core.scheduler import (
    Action,
    Collect,
    ConnectionView,
    Discard,
    Poll,
    Queue,
    Snapshot,
    Submit,
    schedule,
)
from docbatch.emulators.extend.limits import Limits
from docbatch.engine.running.follow_submission import WINDOW
from docbatch.engine.running.send_queues import WINDOW as QUEUED
from docbatch.prices.profile import price_list
from docbatch.providers import REGISTRY
from docbatch.providers.http.rates import Limiter
from docbatch.providers.kind import Settings

HOUR = 3600.0
DAY = 24.0
BILLION = 1e9
EXACT = 100_000
WORKED: Mapping[str, float] = {"extend": Limits().files_per_minute / 60}
"""Documents a second that a vendor works on, in its smallest plan."""
CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "extend": {},
    "extractpage": {},
    "llamacloud": {"parameters": {"tier": "agentic", "version": "2026-10-16"}},
}
MEDIA_TYPE = "application/pdf"


class VirtualClock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Straight:
    """A number that grows by as much with each document of a batch."""

    fixed: float
    each: float

    @classmethod
    def through(cls, documents: Sequence[int], numbers: Sequence[int]) -> "Straight":
        each = (numbers[1] - numbers[0]) / (documents[1] - documents[0])
        return cls(numbers[0] - each * documents[0], each)

    def at(self, documents: int) -> int:
        return round(self.fixed + self.each * documents)

    def part(self, documents: int) -> float:
        """Return what comes with documents alone."""
        return self.each * documents


@dataclass(frozen=True)
class PhaseRequests:
    """What one phase of a batch asks, and what of that each limiter lets through."""

    requests: Straight
    limited: Sequence[Straight]


def phases(figures: Mapping[str, Any]) -> dict[str, PhaseRequests]:
    """Return the straight lines through what was counted for two batches."""
    documents, (few, many) = figures["documents"], figures["asked"]
    limiters = len(many["rates"])
    found = {}
    for name in many["requests"]:
        pairs = [_filled(each["limited"][name], limiters) for each in (few, many)]
        lines = [Straight.through(documents, pair) for pair in zip(*pairs, strict=True)]
        numbers = [each["requests"][name] for each in (few, many)]
        found[name] = PhaseRequests(Straight.through(documents, numbers), lines)
    return found


def _filled(counts: Sequence[int], length: int) -> list[int]:
    return [*counts, *[0] * (length - len(counts))]


@dataclass
class Batch:
    """A submission at the simulated vendor: from when it is worked on, and how far it was asked about and fetched."""

    sequence: int
    documents: int
    begins: float
    ended: int = 0
    fetched: int = 0
    next_poll: float = 0.0
    pause: float = 0.0

    def submission(self, name: str, connection: str) -> Submission:
        return Submission(
            name,
            self.sequence,
            connection,
            "account",
            SubmissionStatus.SUBMITTED,
            remote_id=name,
            ready=self.ended - self.fetched,
            running=self.documents - self.ended,
        )


@dataclass(frozen=True)
class Progress:
    """How far a simulation is: documents fetched, seconds, submissions, requests."""

    documents: int
    seconds: float
    submissions: int
    requests: int

    def beyond(self, before: "Progress", documents: int) -> "Progress":
        """Return how it ends with so many documents, if all goes on as it did since an earlier moment."""
        times = (documents - self.documents) / (self.documents - before.documents)
        return Progress(
            documents,
            self.seconds + times * (self.seconds - before.seconds),
            self.submissions + round(times * (self.submissions - before.submissions)),
            self.requests + round(times * (self.requests - before.requests)),
        )


@dataclass
class Vendor:
    """One connection with documents that wait for it, on a clock of its own."""

    name: str
    traits: Traits
    phases: Mapping[str, PhaseRequests]
    rates: Sequence[float]
    waiting: int
    worked: float
    exact: bool
    clock: VirtualClock = field(default_factory=VirtualClock)
    requests: Counter[str] = field(default_factory=Counter)
    submissions: int = 0
    fetched: int = 0
    rounds: int = 0

    def __post_init__(self) -> None:
        clock = self.clock
        self._limiters = [Limiter(rate, clock=clock.monotonic, sleep=clock.sleep) for rate in self.rates]
        size = max(QUEUED, self.traits.max_items)
        self._items = tuple(
            WorkItem(f"{number:064}", "1", "0", 1, MEDIA_TYPE, f"{number}.pdf", b"") for number in range(size)
        )
        self._open: dict[str, Batch] = {}
        self._spent: dict[str, Batch] = {}
        self._free = 0.0

    @property
    def progress(self) -> Progress:
        return Progress(self.fetched, self.clock.now, self.submissions, self.requests.total())

    def run(self, rounds: int) -> None:
        """Go on until nothing is due and nothing will be, or for so many rounds."""
        for _ in range(rounds):
            self.rounds += 1
            due = schedule(self._snapshot(), self.clock.now)
            for action in due.actions:
                self._do(action)
            if not due.actions:
                if due.wake_at is None:
                    return
                self.clock.now = max(self.clock.now, due.wake_at)

    def _snapshot(self) -> Snapshot:
        queues = []
        if self.waiting:
            shown = self._items[: self.waiting]
            queues = [Queue("1", self.name, shown, more=self.waiting > len(shown))]
        return Snapshot(
            {self.name: ConnectionView(self.name, "account", self.traits)},
            tuple(each.submission(name, self.name) for name, each in self._open.items()),
            tuple(queues),
            next_poll={name: each.next_poll for name, each in self._open.items()},
            spent=tuple(each.submission(name, self.name) for name, each in self._spent.items()),
        )

    def _do(self, action: Action) -> None:
        match action:
            case Submit():
                self._submit(len(action.items))
            case Poll():
                self._poll(self._open[action.submission])
            case Collect():
                self._collect(action.submission)
            case Discard():
                self._ask("discard", self._spent.pop(action.submission).documents)
            case _:
                raise AssertionError(action)

    def _submit(self, documents: int) -> None:
        self._ask("prepare", documents)
        self._ask("create", documents)
        self.submissions += 1
        self.waiting -= documents
        begins = max(self._free, self.clock.now)
        self._free = begins + documents / self.worked
        batch = Batch(self.submissions, documents, begins)
        batch.next_poll = self.clock.now + self.traits.poll_initial
        self._open[f"s{self.submissions:09}"] = batch

    def _poll(self, batch: Batch) -> None:
        """Ask once; the pause behind it grows as that of a run does, while nothing moves."""
        self._ask("poll", batch.documents)
        passed = self.clock.now - batch.begins
        ended = batch.documents if math.isinf(self.worked) else int(max(passed, 0.0) * self.worked)
        before, batch.ended = batch.ended, min(max(batch.ended, ended), batch.documents)
        longer = (batch.pause or self.traits.poll_initial / 1.5) * 1.5
        moved = batch.ended > before
        batch.pause = self.traits.poll_initial if moved else min(longer, self.traits.poll_max)
        batch.next_poll = self.clock.now + batch.pause

    def _collect(self, name: str) -> None:
        batch = self._open[name]
        ready = batch.ended - batch.fetched
        some = min(ready, WINDOW) if self.exact else ready
        self._ask("fetch", some, alone=True)
        batch.fetched += some
        self.fetched += some
        if batch.fetched == batch.documents:
            self._spent[name] = self._open.pop(name)

    def _ask(self, phase: str, documents: int, *, alone: bool = False) -> None:
        """Send what a phase takes of so many documents, as fast as the limiters let it; `alone` without what a batch takes."""
        wanted = self.phases[phase]
        self.requests[phase] += (
            round(wanted.requests.part(documents)) if alone else wanted.requests.at(documents)
        )
        counts = [round(line.part(documents)) if alone else line.at(documents) for line in wanted.limited]
        if not self.exact:
            times = [count / limiter.rate for count, limiter in zip(counts, self._limiters, strict=True)]
            self.clock.now += max(times, default=0.0)
            return
        # All pass side by side, as threads let them.
        most = max(counts, default=0)
        for number in range(most):
            for count, limiter in zip(counts, self._limiters, strict=True):
                if (number + 1) * count // most > number * count // most:
                    limiter.wait()


@dataclass(frozen=True)
class Inputs:
    """What was measured, of a document: bytes of state, cache and spool, seconds of the processor by vendor, requests."""

    bytes_each: Mapping[str, float]
    cpu_each: Mapping[str, float]
    requests: Mapping[str, Mapping[str, Any]]
    measured_at: int

    @classmethod
    def read(cls, path: Path) -> "Inputs":
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        asked = {line["vendor"]: line for line in lines if line.get("kind") == "requests"}
        stages = [line for line in lines if line.get("name") == "first apply" and line["provider"] == "fake"]
        largest = max(stages, key=lambda line: int(line["documents"]))
        documents = largest["documents"]
        sizes = {name: size / documents for name, size in largest["bytes"].items()}
        return cls(sizes, {name: line["cpu_each"] for name, line in asked.items()}, asked, documents)


@dataclass(frozen=True)
class Simulated:
    """How a number of documents ends at a vendor; `documents` of them were simulated."""

    vendor: str
    end: Progress
    documents: int


def simulated(
    name: str, inputs: Inputs, documents: int, times: float, rounds: int, *, whole: bool
) -> Simulated:
    rates = [rate * times for rate in inputs.requests[name]["asked"][-1]["rates"]]
    traits = REGISTRY.kind(name).traits(Settings(name, name, variables={}))
    worked = WORKED.get(name, math.inf) * times
    exact = documents <= EXACT and not whole
    vendor = Vendor(name, traits, phases(inputs.requests[name]), rates, documents, worked, exact)
    vendor.run(rounds // 2)
    half = vendor.progress
    vendor.run(rounds // 2)
    end = vendor.progress
    return Simulated(name, end if end.documents == documents else end.beyond(half, documents), end.documents)


def money(name: str, documents: int) -> Bounds:
    """Return what so many documents of one page cost, by the profile."""
    kind = REGISTRY.kind(name)
    tariff = kind.tariff(Operation.PARSE, CONFIGS[name])
    each = estimate(tariff, price_list().of(name), MEDIA_TYPE, Extent(pages=1), 1000)
    return each.money.times(Bounds(documents, documents))


def row(found: Simulated, inputs: Inputs) -> str:
    documents = found.end.documents
    hours, cpu = found.end.seconds / HOUR, inputs.cpu_each[found.vendor] * documents / HOUR
    longest = max(hours, cpu)
    bound = "the processor here" if cpu > hours else "rates"
    how = "simulated" if found.documents == documents else f"extrapolated from {found.documents:,}"
    cost = money(found.vendor, documents)
    days = max(longest / DAY, 1.0)
    daily = Bounds(int(cost.low / days), None if cost.high is None else int(cost.high / days))
    return (
        f"| {found.vendor} | {documents:,} | {how} | {found.end.submissions:,} | {found.end.requests:,} | {hours:,.1f} |"
        f" {cpu:,.1f} | {bound} | {documents / longest / HOUR:,.1f} | {_usd(cost)} | {_usd(daily)} |"
    )


def _usd(amount: Bounds) -> str:
    """Say an amount in whole dollars."""
    low, high = (None if each is None else f"{each // MILLION:,}" for each in (amount.low, amount.high))
    if high is None:
        return f"at least {low}"
    return f"{low}" if low == high else f"{low} to {high}"


def size_row(documents: int, inputs: Inputs) -> str:
    sizes = " | ".join(
        f"{inputs.bytes_each[name] * documents / BILLION:,.1f}"
        for name in ("state", "cache", "spool", "outputs")
    )
    return f"| {documents:,} | {sizes} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("figures", type=Path)
    parser.add_argument("--documents", type=int, nargs="+", default=[10**6, 10**7, 10**8])
    parser.add_argument("--times", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=1_500_000)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    inputs = Inputs.read(options.figures)
    print(
        f"plans {options.times:g} times the smallest; bytes and requests as measured, the former at {inputs.measured_at:,} documents\n"
    )
    print(
        "| vendor | documents | how | submissions | requests | hours by rates | processor hours | bound by | documents/s | USD | USD a day |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in sorted(inputs.requests):
        for documents in options.documents:
            found = simulated(name, inputs, documents, options.times, options.rounds, whole=options.whole)
            print(row(found, inputs), flush=True)
    print("\n| documents | state GB | cache GB | spool GB | outputs GB |\n|---|---|---|---|---|")
    for documents in options.documents:
        print(size_row(documents, inputs))


if __name__ == "__main__":
    main()
