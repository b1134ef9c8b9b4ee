"""What the service's words about a document mean; it gives no codes, so its sentences are all there is."""

import re

from docbatch.models import Failure, FailureClass

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
    said = str(message or "").strip()[:LONGEST] or "LlamaCloud gave no reason"
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
