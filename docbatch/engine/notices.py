"""What the engine tells whoever watches: values, turned into text, progress bars or JSON lines by the command line."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Intended:
    """A submission is about to be sent."""

    submission: str
    connection: str
    documents: int


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a create: accepted, refused, not_sent, unanswered, found, absent, held."""

    submission: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """Documents that ended at the provider, and how many of them failed."""

    submission: str
    documents: int
    failed: int


@dataclass(frozen=True, slots=True)
class Fetched:
    submission: str
    documents: int


@dataclass(frozen=True, slots=True)
class Delivered:
    job: str
    documents: int


@dataclass(frozen=True, slots=True)
class Replanned:
    """A document whose bytes were not the planned ones when they were to be sent."""

    document: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that stops a connection, a sink or a document in this run; the others go on."""

    subject: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is due for `seconds`."""

    seconds: float
    reason: str


Notice = Intended | Answered | Ended | Fetched | Delivered | Replanned | Trouble | Waiting


class Observer(Protocol):
    def __call__(self, notice: Notice) -> None: ...
