"""What the service's words about a document mean: it gives no codes, so that whole sentences are all there is.

A name of a file may hold any word, so a word alone means nothing. A sentence counts when all of it is known.
"""

import re
from collections.abc import Iterator

from docbatch.core.models import Failure, FailureClass, Operation, RemoteObject
from docbatch.providers.base import Batch
from docbatch.providers.llamacloud.upload_form import without_keys

LONGEST = 1000

_IT = r"(?:(?:the|this|your|a|source|input|uploaded|pdf) )*(?:file|document|pdf|upload)"
_IS = r"(?:is|was|seems|appears)(?: to be)?"
_COUNTED = r"(?:file|document|page|pages|size|file size|page count|number of pages)"
_MEANINGS = (
    (
        FailureClass.ENCRYPTED,
        rf"{_IT} {_IS} (?:password[- ]protected|protected by a password|encrypted|drm[- ]protected|locked)",
        r"(?:(?:a|the) )?password (?:is )?(?:required|missing|needed|wrong|incorrect)",
        r"(?:wrong|incorrect|invalid) password",
        r"(?:password[- ]protected|encrypted) (?:file|document|pdf)s?(?: (?:is|are) not supported)?",
    ),
    (
        FailureClass.TOO_LARGE,
        rf"(?:{_IT}|{_IT} size|file size|payload|request entity) (?:{_IS} )?too (?:large|big|long)(?: to be \w+)?",
        rf"{_IT} has too many pages(?: \(\d+\))?",
        r"too many pages(?: \(\d+\))?",
        rf"{_COUNTED} limit (?:(?:is|was|has been) )?exceeded",
        (
            rf"(?:{_IT}|{_COUNTED}) (?:exceeds|exceeded|is above|is over) (?:the )?(?:maximum|max|allowed|size|page)"
            r"(?: [a-z]+){0,4}(?: of \d[\d,.]* ?[a-z]*)?"
        ),
    ),
    (
        FailureClass.UNSUPPORTED,
        r"unsupported (?:(?:file|media|document|content) )?(?:type|format|extension)(?: [\w.+/-]+)?",
        r"(?:this|the) (?:file|media|document) (?:type|format) is (?:not supported|unsupported)",
        r"(?:file|media|document) (?:type|format)(?: [\w.+/-]+)? (?:is )?(?:not supported|unsupported)",
        r"unknown (?:file|media) type(?: [\w.+/-]+)?",
    ),
    (
        FailureClass.EMPTY,
        rf"{_IT} {_IS} empty",
        r"empty (?:file|document)",
        rf"{_IT} has (?:no (?:content|pages)|zero bytes)",
        r"no content(?: found)?",
    ),
    (
        FailureClass.TIMEOUT,
        (
            r"(?:the )?(?:job|request|parsing|processing|extraction|operation|document|file)? ?(?:has )?timed[- ]?out"
            r"(?: after [\d.]+ ?[a-z]*)?"
        ),
        r"(?:[a-z]+ )?time[- ]?out(?: (?:exceeded|reached|of|after)(?: [\d.]+ ?[a-z]*)?)?",
    ),
    (
        FailureClass.OUT_OF_CREDITS,
        r"you(?:'ve| have) (?:exceeded|used up|run out of|used all of|used all)(?: of)? your (?:free )?credits?",
        r"(?:insufficient|not enough|out of|no) credits?(?: left| remaining| available)?",
        r"(?:this|the) (?:project|organization) has reached its (?:day|daily|month|monthly) usage limit",
        r"(?:credit|usage|spend|quota)(?: limit)? (?:(?:is|was|has been) )?(?:reached|exceeded|exhausted)",
        r"credits (?:(?:are|have been) )?exhausted",
        r"payment (?:is )?required",
    ),
    (
        FailureClass.EXPIRED,
        rf"{_IT} (?:{_IS} )?not (?:found )?in (?:the )?storage",
        rf"{_IT} (?:has |is )?expired",
        rf"{_IT} (?:is no longer available|no longer exists)",
    ),
    (
        FailureClass.CORRUPT,
        rf"{_IT} {_IS} (?:corrupt|corrupted|damaged|malformed|broken)",
        rf"(?:{_IT} )?(?:could not|cannot|can't) be (?:opened|read)",
        rf"(?:could not|cannot|failed to) (?:open|read) {_IT}",
        r"(?:invalid|corrupt|corrupted|damaged|malformed) (?:file|document|pdf)(?: file)?",
    ),
    (
        FailureClass.CANCELLED,
        r"(?:(?:the|this) )?(?:job |request |batch )?(?:is |was |has been )?cancell?ed(?: by [a-z ]+)?",
    ),
)
_SENTENCES = [(kind, re.compile("|".join(patterns), re.IGNORECASE)) for kind, *patterns in _MEANINGS]
_CODE = re.compile(r"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?=$|[:\s])")
_CODES = (
    (FailureClass.ENCRYPTED, r"\w*(?:PASSWORD|ENCRYPTED)\w*"),
    (FailureClass.TOO_LARGE, r"\w*(?:TOO_LARGE|TOO_MANY_PAGES|LIMIT_EXCEEDED)"),
    (FailureClass.UNSUPPORTED, r"(?:UNSUPPORTED_\w+|\w+_(?:UNSUPPORTED|NOT_SUPPORTED))"),
    (FailureClass.EMPTY, r"(?:EMPTY_\w+|\w+_EMPTY)"),
    (FailureClass.TIMEOUT, r"\w*(?:TIMEOUT|TIMED_OUT)"),
    (
        FailureClass.OUT_OF_CREDITS,
        r"(?:OUT_OF_CREDITS|INSUFFICIENT_CREDITS|\w*(?:USAGE|CREDIT|QUOTA)\w*_EXCEEDED)",
    ),
    (FailureClass.EXPIRED, r"(?:\w+_EXPIRED|\w*NOT_(?:FOUND_)?IN_STORAGE)"),
    (FailureClass.CORRUPT, r"(?:(?:CORRUPT|CORRUPTED|INVALID)_(?:FILE|DOCUMENT|PDF)|\w+_CORRUPT(?:ED)?)"),
)
# Where one sentence ends and the next begins; an outer one often gives the inner after a colon.
_END = re.compile(r"(?:[.!;]+|:)(?:\s+|$)|\s*[\r\n]+\s*|\s+\((?=\D)|\)(?=[\s.]|$)")


def failure(
    message: object, otherwise: FailureClass = FailureClass.VENDOR_ERROR, code: str | None = None
) -> Failure:
    """Sort a message of the service; the message itself is kept."""
    said = without_keys(str(message or "")).strip()[:LONGEST] or "LlamaCloud gave no reason"
    kind = _coded(said) or next(filter(None, map(_meant, _END.split(said))), otherwise)
    return Failure(kind, said, code)


def _coded(said: str) -> FailureClass | None:
    """Return what a code at the beginning means; OTHER_THINGS in the middle may be a name."""
    code = _CODE.match(said)
    if code is None:
        return None
    # Credits and quotas are limits as well, and another matter than a document's size.
    kinds = [kind for kind, pattern in _CODES if re.fullmatch(pattern, code[1])]
    return FailureClass.OUT_OF_CREDITS if FailureClass.OUT_OF_CREDITS in kinds else next(iter(kinds), None)


def _meant(sentence: str) -> FailureClass | None:
    plain = " ".join(sentence.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())
    return next((kind for kind, pattern in _SENTENCES if pattern.fullmatch(plain)), None)


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
