"""What people and programs are told of a run once it has ended. Pure: values in, text and JSON out.

Names are of others' making: they stand as code, in which neither Slack nor what takes the same finds commands or mentions.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from docbatch.core.report import plural, visible

VERSION = "docbatch/notification/v1"
LONGEST_NAME = 120
LONGEST_TEXT = 300
MOST_SHOWN = 10
_MEANING: Mapping[int, str] = {
    0: "done",
    1: "error",
    3: "some documents failed",
    4: "incomplete",
    5: "stopped by a limit",
    6: "refused by a guard",
    7: "stale plan file",
    11: "the state is locked by another run",
    12: "credentials missing or refused",
    64: "invalid spec or usage",
    130: "interrupted",
}


class Occasion(StrEnum):
    """When somebody is told."""

    FINISHED = "finished"
    FAILURES = "failures"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class NotedFailure:
    """A document that is not well."""

    path: str
    status: str
    kind: str


@dataclass(frozen=True, slots=True)
class NotedJob:
    """How a job stands: its documents, how many are anything but done, by status, and the first of those that are not well."""

    job: str
    documents: int
    standing: Mapping[str, int]
    failures: tuple[NotedFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class NotedCost:
    """What a run came to on a connection, None where nobody knows.

    `exact` says that the vendor told all that is known, `unknown` of how many documents nothing is.
    """

    connection: str
    documents: int
    usd: float | None
    credits: float | None
    exact: bool
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Notification:
    """What is told of a run. `failed` counts documents that failed in it, `errors` are what went wrong beyond documents."""

    project: str
    on: tuple[Occasion, ...]
    exit_code: int
    failed: int
    jobs: tuple[NotedJob, ...] = ()
    spent: tuple[NotedCost, ...] = ()
    errors: tuple[str, ...] = ()
    environment: str | None = None

    def values(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {"version": VERSION, "type": "notification", **asdict(self)}

    def text(self) -> str:
        """Return it as Slack and what takes the same shows it."""
        where = "" if self.environment is None else f" in environment {_code(self.environment)}"
        lines = [f"{_code(self.project)}{where}: {self._meaning()} (exit code {self.exit_code})"]
        lines += [_job(job) for job in self.jobs[:MOST_SHOWN]]
        if len(self.jobs) > MOST_SHOWN:
            lines.append(f"and {len(self.jobs) - MOST_SHOWN:,} more jobs")
        failures = [(job.job, each) for job in self.jobs for each in job.failures]
        lines += [
            f"{each.status}: {_code(each.path)} of {_code(job)}: {_plain(each.kind)}"
            for job, each in failures[:MOST_SHOWN]
        ]
        lines += map(_cost, self.spent)
        lines += [f"error: {_plain(error)}" for error in self.errors[:MOST_SHOWN]]
        return "\n".join(lines)

    def _meaning(self) -> str:
        return _MEANING.get(self.exit_code, "ended")


def occasions(*, is_end: bool, goes_wrong: bool, is_stopped: bool) -> Collection[Occasion]:
    """Return of what a run gives occasion to tell."""
    found = {
        Occasion.FINISHED: is_end,
        Occasion.FAILURES: goes_wrong,
        Occasion.BUDGET: is_stopped,
    }
    return tuple(occasion for occasion, given in found.items() if given)


def _job(job: NotedJob) -> str:
    done = job.documents - sum(job.standing.values())
    rest = "".join(f", {count:,} {_plain(status)}" for status, count in sorted(job.standing.items()) if count)
    return f"{_code(job.job)}: {done:,} of {plural(job.documents, 'document')} done{rest}"


def _cost(cost: NotedCost) -> str:
    sent = f"sent to {_code(cost.connection)}: {plural(cost.documents, 'document')}"
    if cost.usd:
        amount = f"{cost.usd:,.2f} USD"
    elif cost.credits is not None:
        amount = f"{cost.credits:,g} credits"
    else:
        return f"{sent}, what that costs is not known"
    most = "" if cost.exact else "at most "
    rest = f"; of {plural(cost.unknown, 'document')} that is not known" if cost.unknown else ""
    return f"{sent}, {most}{amount}{rest}"


def _code(name: str) -> str:
    """Return a name as code, which ends at no character of its own."""
    shown = visible(name).replace("`", "'")
    return f"`{_escaped(_cut(shown, LONGEST_NAME))}`"


def _plain(text: str) -> str:
    """Return a sentence in which nobody is mentioned and nothing is formatted."""
    shown = _cut(visible(text), LONGEST_TEXT)
    for mark in "*_~`@[]":
        shown = shown.replace(mark, f"\u200b{mark}\u200b" if mark == "@" else f"{mark}\u200b")
    return _escaped(shown)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
