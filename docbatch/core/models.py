"""The values that flow: Document → WorkItem → Submission → Outcome → Delivery, and the plan's actions.

Values are frozen and compare by content. Rows, ids and clients belong to the state and the shell.
Paths are `bytes` relative to the source's root, "/"-separated, because file names need not be UTF-8.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Operation(enum.StrEnum):
    PARSE = "parse"
    EXTRACT = "extract"
    CLASSIFY = "classify"
    SPLIT = "split"


class Input(enum.StrEnum):
    """What a document may be at its source. All but FILE and OBJECT are links, texts and ids that a spec lists.

    OBJECT is one in a store, which the provider fetches by a link that is signed when it is sent.
    """

    FILE = "file"
    URL = "url"
    FILE_ID = "file_id"
    TEXT = "text"
    OBJECT = "object"


REFERENCE_TYPES: Mapping[Input, str] = {
    Input.URL: "application/vnd.docbatch.url",
    Input.FILE_ID: "application/vnd.docbatch.file-id",
    Input.OBJECT: "application/vnd.docbatch.object",
}
"""The media types of items whose bytes only say where the provider finds the document: see `references`."""


class FailureClass(enum.StrEnum):
    """Why a document ended without a result. The vendor's own code and message are kept beside it.

    LOST is what a job calls a document that was read in part, where it takes none such.
    """

    REFUSED_INPUT = "refused_input"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    EMPTY = "empty"
    NEEDS_OCR = "needs_ocr"
    UNREADABLE = "unreadable"
    SPECIAL_FILE = "special_file"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    VENDOR_ERROR = "vendor_error"
    OUT_OF_CREDITS = "out_of_credits"
    EXPIRED = "expired"
    AUTH = "auth"
    CANCELLED = "cancelled"
    LOST = "lost"
    UNKNOWN = "unknown"


class RetryClass(enum.StrEnum):
    """What may be done about a failure: AUTO by apply itself, ASKED by `docbatch retry`, NEVER without a change."""

    AUTO = "auto"
    ASKED = "asked"
    NEVER = "never"


RETRY_CLASS: Mapping[FailureClass, RetryClass] = {
    FailureClass.REFUSED_INPUT: RetryClass.NEVER,
    FailureClass.UNSUPPORTED: RetryClass.NEVER,
    FailureClass.TOO_LARGE: RetryClass.NEVER,
    FailureClass.ENCRYPTED: RetryClass.ASKED,
    FailureClass.CORRUPT: RetryClass.NEVER,
    FailureClass.EMPTY: RetryClass.NEVER,
    FailureClass.NEEDS_OCR: RetryClass.ASKED,
    FailureClass.UNREADABLE: RetryClass.AUTO,
    FailureClass.SPECIAL_FILE: RetryClass.NEVER,
    FailureClass.TIMEOUT: RetryClass.ASKED,
    FailureClass.MEMORY: RetryClass.ASKED,
    FailureClass.CRASHED: RetryClass.ASKED,
    FailureClass.VENDOR_ERROR: RetryClass.ASKED,
    FailureClass.OUT_OF_CREDITS: RetryClass.AUTO,
    FailureClass.EXPIRED: RetryClass.ASKED,
    FailureClass.AUTH: RetryClass.AUTO,
    FailureClass.CANCELLED: RetryClass.ASKED,
    FailureClass.LOST: RetryClass.NEVER,
    FailureClass.UNKNOWN: RetryClass.ASKED,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A document's failure: its class, the sentence shown, and the vendor's own code."""

    kind: FailureClass
    message: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How documents are processed: everything of an item's identity but the bytes and their media type.

    `config` is canonical (see `keys.canonical`): what the user set, without execution-only fields.
    `pins` is what moves by itself (engine or processor versions), resolved once per job.
    """

    provider: str
    account: str
    operation: Operation
    config: Mapping[str, object] = field(default_factory=dict)
    pins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """Identical bytes, sent as one media type, under one recipe. Paid once.

    `place` is one place where the bytes were seen: a source's identity, "/" and the path there. `name` is what a vendor
    is told. `row` is its row in the state, 0 where it was not read from there.
    """

    key: str
    recipe: str
    digest: str
    size: int
    media_type: str
    name: str
    place: bytes
    priority: int = 50
    attempt: int = 0
    row: int = field(default=0, compare=False)

    @property
    def is_reference(self) -> bool:
        """Whether the bytes only name a document that the provider fetches or has already."""
        return self.media_type in REFERENCE_TYPES.values()


class ItemStatus(enum.StrEnum):
    PENDING = "pending"
    LIVE = "live"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    HELD = "held"


class SubmissionStatus(enum.StrEnum):
    """Where a submission stands; `lifecycle.TRANSITIONS` says how it moves."""

    INTENDED = "intended"
    UNANSWERED = "unanswered"
    SUBMITTED = "submitted"
    COLLECTED = "collected"
    HELD = "held"
    UNSENT = "unsent"
    VOID = "void"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Submission:
    """One remote batch as we know it. Its items and request bytes are frozen when it is intended.

    `sequence` orders submissions; no clock does. `remote_id` is None until the vendor's answer is recorded,
    and may stay None where a vendor's runs were found without their batch. `ready` counts items whose results wait
    to be fetched, `running` those the vendor still works on. `replay_refused` says that sending the key again was
    answered with a refusal, which proves nothing about the first attempt; `found` that the work was found or named by a
    person, after an answer was lost; `torn` that it has no answer, and an owner of the state that was replaced may still send it.
    """

    id: str
    sequence: int
    connection: str
    account: str
    status: SubmissionStatus
    remote_id: str | None = None
    ready: int = 0
    running: int = 0
    replay_refused: bool = False
    found: bool = False
    torn: bool = False


FOUND = "found"
"""In the data of an upload: its bytes lay there already, and nothing was sent."""


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """Something a prepare step made at the vendor: a directory, a file, a saved configuration.

    `expires` is in vendor time, seconds since the epoch; None where it does not expire.
    """

    step: str
    remote_id: str
    data: Mapping[str, str] = field(default_factory=dict)
    expires: float | None = None


class Recovery(enum.StrEnum):
    """How an unanswered create can be settled: by sending the same key again, by looking, or not at all."""

    KEYED = "keyed"
    FINDABLE = "findable"
    NONE = "none"


class Stops(enum.StrEnum):
    """What a vendor stops when it is asked to: all that is left of a submission, what it has begun of it, or nothing."""

    ALL = "all"
    BEGUN = "begun"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Traits:
    """Declared limits and abilities of a provider; plain values, so that planning needs no provider.

    `grace` (seconds) and `looks` say how long and how often an unanswered create is looked for before it counts
    as absent; `resend` says what absence leads to. `free` marks work that may be repeated without a payment:
    what was lost is then sent again without asking. `in_process` work lives and dies with this process. `patience`
    (seconds) is how long a method may take to come back before its connection counts as not answering.
    `documents_per_second` is how fast documents are handed over at most, None where nothing says so.
    """

    recovery: Recovery
    max_items: int
    max_in_flight: int = 4
    max_bytes: int | None = None
    findable: bool = False
    grace: float = 60.0
    looks: int = 4
    resend: bool = False
    free: bool = False
    in_process: bool = False
    stops: Stops = Stops.ALL
    poll_initial: float = 2.0
    poll_max: float = 30.0
    concurrency: int = 8
    patience: float = 1800.0
    documents_per_second: float | None = None

    @property
    def is_recorded_when_done(self) -> bool:
        """Say whether nothing need be recorded of work that is under way: it costs nothing, and ends with this process."""
        return self.free and self.in_process and self.concurrency == 1

    @property
    def look_spacing(self) -> float:
        """Seconds between two looks of one run, so that the required number spans the grace."""
        return self.grace / max(self.looks - 1, 1)

    @property
    def least_spacing(self) -> float:
        """Seconds of the vendor's clock that lie between two looks which count. Dates in headers are cut to seconds."""
        return self.grace / max(self.looks, 1)


class ResultPlace(NamedTuple):
    """Where a result lies in the spool. Only the spool knows what that means; others keep it and hand it back."""

    pack: str
    start: int
    length: int


class StoredPack(NamedTuple):
    """A file of many results as it lies in a store: the name of its object there, its bytes, and SHA-256 of these in hexadecimal."""

    object: str
    size: int
    sha256: str


class KnownPack(NamedTuple):
    """A file of many results, as the state knows it.

    `end` is where the last of its results ends, None where the record of that is damaged. One that is retired holds nothing
    that is needed, and is removed once nobody reads it. `stored` is where it lies beside this machine, if it does.
    """

    end: int | None
    is_retired: bool
    stored: StoredPack | None = None


class PackUse(NamedTuple):
    """How much of a pack is needed: of so many results so many, and the bytes of these."""

    name: str
    results: int
    needed: int
    needed_bytes: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A result on its way into the spool, packed as it lies there (see `docbatch.packed`).

    `entry` is that, or the file below the spool's `incoming/` that holds it and nothing else. `digest` and `size` are those
    of the payload. `warnings` are those of the result, or the first of them, see `result_warnings`. `seconds` is how long
    the document took, where the provider measured that.
    """

    entry: bytes | Path
    digest: str
    size: int
    warnings: tuple[str, ...] = ()
    seconds: float | None = None
