"""What the service's words about a document mean; it gives no codes, so its sentences are all there is."""

import re
from collections.abc import Iterator

from docbatch.core.models import Failure, FailureClass, Operation, RemoteObject
from docbatch.providers.base import Batch
from docbatch.providers.llamacloud.upload_form import without_keys

LONGEST = 1000

_MEANINGS = (
    (FailureClass.ENCRYPTED, r"password|encrypt|\bdrm\b|protected"),
    (
        FailureClass.TOO_LARGE,
        r"too[ _]large|too big|too many pages|exceeds .{0,40}(size|pages|limit)|payload too large",
    ),
    (FailureClass.UNSUPPORTED, r"unsupported|not supported|unknown (file|media) type"),
    (FailureClass.EMPTY, r"\bempty\b|no content|zero bytes"),
    (FailureClass.TIMEOUT, r"time[d ]?[ -]?out"),
    (FailureClass.OUT_OF_CREDITS, r"credits?\b|usage limit|payment|quota"),
    (FailureClass.EXPIRED, r"expired|not in storage"),
    (FailureClass.CORRUPT, r"corrupt|damaged|malformed|could not (be )?open|cannot (be )?open|invalid pdf"),
    (FailureClass.CANCELLED, r"cancell?ed"),
)
_PATTERNS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _MEANINGS]


def failure(
    message: object, otherwise: FailureClass = FailureClass.VENDOR_ERROR, code: str | None = None
) -> Failure:
    """Sort a message of the service; the message itself is kept."""
    said = without_keys(str(message or "")).strip()[:LONGEST] or "LlamaCloud gave no reason"
    kind = next((kind for kind, pattern in _PATTERNS if pattern.search(said)), otherwise)
    return Failure(kind, said, code)


def refusal(status: int, said: str) -> Failure:
    """Say why an upload was refused."""
    by_status = {
        402: FailureClass.OUT_OF_CREDITS,
        413: FailureClass.TOO_LARGE,
        415: FailureClass.UNSUPPORTED,
    }
    if status in by_status:
        return Failure(by_status[status], said[:LONGEST], str(status))
    return failure(said, FailureClass.REFUSED_INPUT, str(status))


SHORT_LIFE = 6 * 3600.0
LARGE = 300_000_000
"""Bytes from which on one page of the service's documentation says that a document is too large, and another does not."""


def doubts(batch: Batch, directory: RemoteObject) -> str:
    return "; ".join((*_of_life(directory), *_of_sizes(batch)))


def _of_life(directory: RemoteObject) -> Iterator[str]:
    life = float(directory.data["ends"]) - float(directory.data["begins"])
    if "end" in directory.data:
        yield f"LlamaCloud does not say how long directory {directory.remote_id} is kept; {life / 3600:.0f} h are assumed"
    elif life < SHORT_LIFE:
        yield f"LlamaCloud keeps directory {directory.remote_id} for {life / 3600:.1f} h only, results perhaps no longer"


def _of_sizes(batch: Batch) -> Iterator[str]:
    large = [item.name for item in batch.items if item.size > LARGE and batch.operation is Operation.PARSE]
    if large:
        yield f"LlamaCloud may refuse documents above {LARGE:,} bytes: {', '.join(large[:3])}" + (
            f" and {len(large) - 3} more" if len(large) > 3 else ""
        )
