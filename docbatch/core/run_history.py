"""Runs as they are told: who changed the state by which command, from which commit, with what result and cost. Pure values."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

VERSION = "docbatch/history/v1"
RunState = Literal["ended", "interrupted", "running"]


@dataclass(frozen=True, slots=True)
class RunJob:
    """How a job stood at the end of a run: its documents, how many are anything but done, by status; and outputs written by it."""

    job: str
    documents: int
    standing: Mapping[str, int]
    written: int

    @property
    def done(self) -> int:
        return self.documents - sum(self.standing.values())


@dataclass(frozen=True, slots=True)
class RunAmount:
    """What something came to: `exact` as vendors told, `estimated` at most, and of `unknown` documents neither is known."""

    exact: float
    estimated: float
    unknown: int

    @property
    def total(self) -> float:
        return self.exact + self.estimated


@dataclass(frozen=True, slots=True)
class RunCost:
    """What a run sent on one connection came to."""

    connection: str
    documents: int
    pages: RunAmount
    credits: RunAmount
    usd: RunAmount


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run. Moments are UTC.

    `commit` is what was checked out when it began, `changed` whether files that git tracks differed from it; None where that
    is not known. One that was `interrupted` has no end: it was killed, and the next goes on. `jobs` are told of an apply that
    ended. `sent` counts documents by connection, `events` what was recorded of submissions, by kind. `serial` is the last
    event before the run, and `docbatch` its version.
    """

    id: int
    state: RunState
    command: str
    who: str
    docbatch: str
    commit: str | None
    changed: bool | None
    began: str
    ended: str | None
    seconds: float | None
    exit_code: int | None
    serial: int
    jobs: tuple[RunJob, ...] = ()
    sent: Mapping[str, int] = field(default_factory=dict)
    spent: tuple[RunCost, ...] = ()
    events: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunHistory:
    """Runs, the newest first. `more` says that there are others that were asked for and left out."""

    runs: tuple[RunLine, ...]
    more: bool = False

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield a JSON value for each run, and a summary, which is the last."""
        for run in self.runs:
            yield {"version": VERSION, "type": "run", **asdict(run)}
        yield {"version": VERSION, "type": "summary", "runs": len(self.runs), "more": self.more}


def run_amount(values: Mapping[str, Any]) -> RunAmount:
    return RunAmount(values["exact"], values["estimated"], values["unknown"])


def run_cost(values: Mapping[str, Any]) -> RunCost:
    """Return what is kept of a run's costs on one connection as a value."""
    amounts = (run_amount(values[name]) for name in ("pages", "credits", "usd"))
    return RunCost(values["connection"], values["documents"], *amounts)


def run_jobs(figures: Mapping[str, Any]) -> tuple[RunJob, ...]:
    """Return what is kept of a run's jobs as values."""
    return tuple(
        RunJob(each["job"], each["documents"], each["standing"], each["written"])
        for each in figures.get("jobs", ())
    )
