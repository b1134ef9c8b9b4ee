"""Notices of progress and trouble for whoever watches: values, which the command line turns into text, bars or JSON lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from docbatch.state.paces import DocumentPace


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The bytes of so many documents are at the provider, for a submission that is not created yet. That costs nothing.

    `by_job` counts the documents of each job that are among them: several may be one, which is sent once.
    """

    submission: str
    documents: int
    by_job: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intended:
    """A submission is about to be sent. `by_job` counts the documents of each job in it, as in `Uploaded`."""

    submission: str
    connection: str
    documents: int
    by_job: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a create: accepted, refused, not_sent, unanswered, found, absent, held."""

    submission: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a provider says of a submission that a person should know; nothing stops because of it."""

    submission: str
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Documents that ended at the provider, and how many of them failed. `jobs` are those that want them.

    `seconds` is what they took together: each as long as it was read on this machine, or from when it was sent until it was
    seen to have ended. `timed` says of how many that is known, `slowest` which took longest, and how long; `pace_by_job` has
    the same of each job. `by_job` counts the documents of each job, as in `Uploaded`, and `failed_by_job` those that failed.
    """

    submission: str
    documents: int
    failed: int
    jobs: tuple[str, ...] = ()
    seconds: float = 0.0
    timed: int = 0
    slowest: tuple[str, float] | None = None
    by_job: Mapping[str, int] = field(default_factory=dict)
    failed_by_job: Mapping[str, int] = field(default_factory=dict)
    pace_by_job: Mapping[str, DocumentPace] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetched:
    """Results of so many documents were fetched and are kept. `jobs` are those that want them."""

    submission: str
    documents: int
    jobs: tuple[str, ...] = ()
    by_job: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivered:
    """Results of so many documents of a job are in its outputs."""

    job: str
    documents: int


@dataclass(frozen=True, slots=True)
class ResultsLost:
    """Stored results of a job that are missing or damaged, of so many documents.

    So many of them are to be read again, or asked for again at the provider, both free of charge; what the provider has no
    more ends as expired. That, and the rest, cannot be had again but by paying.
    """

    job: str
    documents: int
    read_again: int
    fetched_again: int


@dataclass(frozen=True, slots=True)
class ResultsMoved:
    """Stored results of an older version that were moved into packs, and how many wait for the next run."""

    results: int
    left: int


@dataclass(frozen=True, slots=True)
class Replanned:
    """A document whose bytes were not the planned ones when they were to be sent."""

    document: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that stops a connection, a sink or a document in this run, or holds up a store; the others go on."""

    subject: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Hindered:
    """Something began to stop or slow a connection: said once, until it is over.

    `call` is what was asked, empty where nothing can be; `cause` says why it was not done, and `message` in the vendor's
    own words. `seconds` is how long that lasts, `next_try` in how many seconds it is asked again, None where that is not
    known.
    """

    connection: str
    call: str
    cause: str
    message: str
    seconds: float
    next_try: float | None = None


@dataclass(frozen=True, slots=True)
class Relieved:
    """What stopped or slowed a connection is over, after `seconds`.

    `answered` is False where nothing went well: something else stops or slows it now, or that is asked no more.
    """

    connection: str
    call: str
    cause: str
    seconds: float
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Looked:
    """How many of a job's links were looked at so far."""

    job: str
    links: int
    total: int


@dataclass(frozen=True, slots=True)
class ReadObjects:
    """How many new objects of buckets were read so far to plan them."""

    objects: int


@dataclass(frozen=True, slots=True)
class Counting:
    """How many of the documents to be sent were looked at so far for how much they have, such as pages."""

    documents: int
    total: int


@dataclass(frozen=True, slots=True)
class Looking:
    """Something may or may not be at the vendor: of the `needed` looks, `count` were made.

    `subject` is a submission, or a connection whose lists are watched. `until` is when the question is settled at the
    earliest, in seconds since the epoch; short runs go on with it as well as one long one.
    """

    subject: str
    count: int
    needed: int
    until: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is due for `seconds`; `jobs` are those that wait for it, where it is a submission.

    `cause` says what stops or slows the connection, where something does.
    """

    seconds: float
    reason: str
    jobs: tuple[str, ...] = ()
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Spent:
    """What this run came to so far on a connection: exact as the vendor told, estimated at most as far as it did not.

    `unknown` counts the documents of which neither is known, in US dollars.
    """

    connection: str
    documents: int
    credits: float
    usd: float
    exact: bool
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class LimitExceeded:
    """More was counted than a limit allows: it only reports, or a vendor charged more than was expected."""

    limit: str
    counted: str


@dataclass(frozen=True, slots=True)
class SentOutside:
    """So many documents of a submission are sent outside the `window` of their job: they waited for its `deadline` (seconds)."""

    submission: str
    job: str
    documents: int
    window: str
    deadline: float


@dataclass(frozen=True, slots=True)
class AwaitingLock:
    """Another run holds the state: who, and for how many seconds more it is waited for at most. Said again each minute."""

    owner: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Stopping:
    """The run was asked to end: nothing more is sent, and what comes back within `seconds` is recorded."""

    seconds: float


Notice = (
    Uploaded
    | Intended
    | Answered
    | Remark
    | Ended
    | Fetched
    | Delivered
    | ResultsLost
    | ResultsMoved
    | Replanned
    | Trouble
    | Hindered
    | Relieved
    | Looked
    | Counting
    | ReadObjects
    | Looking
    | Waiting
    | LimitExceeded
    | SentOutside
    | Spent
    | Stopping
    | AwaitingLock
)


class Observer(Protocol):
    def __call__(self, notice: Notice) -> None: ...
