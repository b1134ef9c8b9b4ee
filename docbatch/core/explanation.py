"""What is told of a document: what is due for it and why, what it is known by, what it was, and what became of it. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from docbatch.core.recipe_changes import Difference

VERSION = "docbatch/explain/v1"
OutputState = Literal[
    "as_written", "new", "moved", "form", "missing", "ignored", "edited", "not_written", "kept", "unseen"
]


@dataclass(frozen=True, slots=True)
class ExplainedKey:
    """What an item is known by: what is paid once has one `key`.

    `account` is the host of the account, without its workspace. `config` is what was set and decides about results,
    `versions` what read the document or would. `bytes` is no part of it.
    """

    key: str
    provider: str
    account: str
    operation: str
    config: Mapping[str, object]
    versions: Mapping[str, str]
    media_type: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ExplainedChange:
    """What was recorded to have changed, of the document's bytes or in the job; `at` is UTC."""

    at: str
    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ExplainedEvent:
    event: str
    at: str


@dataclass(frozen=True, slots=True)
class ExplainedAttempt:
    """One time that the document was sent.

    `sha256` says with which bytes. `status` is how it stands in its submission. `batch_id` and `remote_id` are what the
    vendor calls the whole and the document in it. `seconds` is how long the submission took. `pages` are as counted before
    it was sent; `credits` and `usd` as the vendor told where `is_told`, else estimated at most, and charged to `charged_to`.
    """

    submission: str
    connection: str
    sha256: str
    sent_at: str
    status: str
    batch_id: str | None
    remote_id: str | None
    seconds: float | None
    failure: str | None
    code: str | None
    message: str | None
    pages: int | None
    credits: float | None
    usd: float | None
    is_told: bool
    charged_to: str | None
    events: tuple[ExplainedEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class ExplainedOutput:
    """An output of the document and how it stands. `path` is empty for a sink without a place in the file system."""

    sink: str
    path: str
    state: OutputState
    text: str


@dataclass(frozen=True, slots=True)
class DocumentPlace:
    job: str
    path: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is due for a document in one job, why, and the facts it rests on.

    `differences` are what of its identity is not as it was recorded, `changes` what was recorded to have changed before,
    the oldest first. `pages` and `seconds` are as its result tells. `gone_at` is when it went, `now_at` where the same
    bytes are now; both are told of documents that are no longer wanted.
    """

    job: str
    path: str
    verdict: str
    reason: str
    differences: tuple[Difference, ...] = ()
    facts: tuple[str, ...] = ()
    key: ExplainedKey | None = None
    changes: tuple[ExplainedChange, ...] = ()
    attempts: tuple[ExplainedAttempt, ...] = ()
    outputs: tuple[ExplainedOutput, ...] = ()
    pages: int | None = None
    seconds: float | None = None
    gone_at: str | None = None
    now_at: tuple[DocumentPlace, ...] = field(default=())
