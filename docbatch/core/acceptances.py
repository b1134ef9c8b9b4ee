"""Failures that somebody accepted, for good or until a moment, and how that is said. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from docbatch.core.demands import OnPartial
from docbatch.core.models import ItemStatus
from docbatch.core.moments import day_text, iso_moment, iso_moment_or_none, moment_text
from docbatch.core.report import plural

WRONG = (str(ItemStatus.FAILED), str(ItemStatus.PARTIAL), "problem")
"""Where documents stand that make the exit code 3: 'problem' are those that cannot be sent."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What somebody said of one failure of one document: why it may stand, who said so, and when (wall time).

    `until` is the moment from which on it counts again; None where it is accepted for good.
    """

    reason: str
    who: str
    at: float
    until: float | None = None

    def is_over(self, now: float) -> bool:
        return self.until is not None and self.until <= now

    def values(self, now: float) -> dict[str, Any]:
        """Return it for JSON, with what it is: accepted, waived, or a waiver that is over."""
        times = {"at": iso_moment(self.at), "until": iso_moment_or_none(self.until)}
        return {"as": self.word(now), **asdict(self), **times}

    def word(self, now: float) -> str:
        if self.until is None:
            return "accepted"
        return "over" if self.is_over(now) else "waived"

    def text(self, now: float) -> str:
        """Return it in one line for a person."""
        if self.until is None:
            return f"accepted by {self.who} on {day_text(self.at)}: {self.reason}"
        began = "the waiver ended" if self.is_over(now) else "waived until"
        return f"{began} {moment_text(self.until)}, by {self.who} on {day_text(self.at)}: {self.reason}"


@dataclass(frozen=True, slots=True)
class FormerAcceptance:
    """What was said before of a failure of a document, in which class it was, and when and by whom that was ended (wall time)."""

    said: Acceptance
    kind: str
    ended: float
    ended_by: str

    def values(self) -> dict[str, Any]:
        """Return it for JSON; a waiver is one whether it was over or not."""
        word = "accepted" if self.said.until is None else "waived"
        said = {**self.said.values(self.said.at), "as": word}
        return {**said, "class": self.kind, "ended": iso_moment(self.ended), "ended_by": self.ended_by}

    def text(self) -> str:
        """Return it in one line for a person."""
        until = "accepted" if self.said.until is None else f"waived until {moment_text(self.said.until)}"
        began = f"{until} by {self.said.who} on {day_text(self.said.at)}: {self.said.reason}"
        return f"earlier {began}; ended by {self.ended_by} on {day_text(self.ended)}"


@dataclass(frozen=True, slots=True)
class AcceptedDocuments:
    """How many of a job's documents that are not well are accepted or waived at a moment, by status.

    `over` counts those whose waiver has ended: they count again. `by_job` says that the job itself accepts partial ones.
    """

    accepted: Mapping[str, int] = field(default_factory=dict)
    waived: Mapping[str, int] = field(default_factory=dict)
    over: int = 0
    by_job: bool = False

    @classmethod
    def under(cls, on_partial: OnPartial) -> "AcceptedDocuments":
        return cls(by_job=on_partial == "accept")

    def counted(self, standing: Mapping[str, int]) -> dict[str, int]:
        """Return how many documents make the exit code 3, by status, of those that stand so."""
        left = {
            status: standing.get(status, 0) - self.accepted.get(status, 0) - self.waived.get(status, 0)
            for status in WRONG
            if not (self.by_job and status == ItemStatus.PARTIAL)
        }
        return {status: number for status, number in left.items() if number > 0}

    def text(self, status: str, number: int) -> str:
        """Return what is said behind a number of documents of a status: `, 2 of them accepted`; nothing where none is."""
        if self.by_job and status == ItemStatus.PARTIAL:
            return ", which the job accepts"
        waived = self.waived.get(status, 0)
        total = self.accepted.get(status, 0) + waived
        until = (
            ""
            if not waived
            else " (for a while)"
            if waived == total
            else f" ({waived:,} of these for a while)"
        )
        if not total:
            return ""
        if total < number:
            return f", {total:,} of them accepted{until}"
        return f", {'accepted' if number == 1 else 'all of them accepted'}{until}"

    def notes(self, job: str) -> Iterator[str]:
        """Yield what a plan says of a job."""
        accepted, waived = sum(self.accepted.values()), sum(self.waived.values())
        if accepted or waived:
            told = [
                f"{count:,} {word}" for count, word in ((accepted, "accepted"), (waived, "waived")) if count
            ]
            yield f"job '{job}': of the documents that failed earlier or are partial, {' and '.join(told)}"
        if self.over:
            yield f"job '{job}': {over_text(self.over)}"

    def values(self) -> dict[str, Any]:
        return asdict(self)


def over_text(number: int) -> str:
    """Say of waivers that they have ended."""
    if number == 1:
        return "the waiver of 1 document has ended: it counts as failed again"
    return f"the waivers of {plural(number, 'document')} have ended: they count as failed again"
