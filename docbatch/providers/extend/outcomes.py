"""What Extend's states, failure codes and refusals mean."""

from collections.abc import Mapping

from docbatch.core.errors import NotSent, Refused, Unavailable, Uncertain
from docbatch.core.models import Failure, FailureClass
from docbatch.providers.base import Accepted, Failed, Ready
from docbatch.providers.extend.calls import Row
from docbatch.providers.http.identities import identity
from docbatch.providers.http.keyed import Reply, redact

RUNNING = frozenset({"PENDING", "PROCESSING", "CANCELLING"})

CLASSES: Mapping[str, FailureClass] = {
    "UNABLE_TO_DOWNLOAD_FILE": FailureClass.VENDOR_ERROR,
    "FILE_TYPE_NOT_SUPPORTED": FailureClass.UNSUPPORTED,
    "FILE_SIZE_TOO_LARGE": FailureClass.TOO_LARGE,
    "CORRUPT_FILE": FailureClass.CORRUPT,
    "OCR_ERROR": FailureClass.VENDOR_ERROR,
    "PASSWORD_PROTECTED_FILE": FailureClass.ENCRYPTED,
    "FAILED_TO_CONVERT_TO_PDF": FailureClass.VENDOR_ERROR,
    "FAILED_TO_CONVERT_TO_JPEG": FailureClass.VENDOR_ERROR,
    "FAILED_TO_GENERATE_TARGET_FORMAT": FailureClass.VENDOR_ERROR,
    "CHUNKING_ERROR": FailureClass.VENDOR_ERROR,
    "INTERNAL_ERROR": FailureClass.VENDOR_ERROR,
    "INVALID_CONFIG_OPTIONS": FailureClass.REFUSED_INPUT,
    "OUT_OF_CREDITS": FailureClass.OUT_OF_CREDITS,
    "ABORTED": FailureClass.CANCELLED,
    "FAILED_TO_PROCESS_FILE": FailureClass.VENDOR_ERROR,
    "INVALID_PROCESSOR": FailureClass.REFUSED_INPUT,
    "INVALID_CONFIGURATION": FailureClass.REFUSED_INPUT,
    "PARSING_ERROR": FailureClass.VENDOR_ERROR,
    "PRE_PROCESSING_FAILURE": FailureClass.VENDOR_ERROR,
    "POST_PROCESSING_FAILURE": FailureClass.VENDOR_ERROR,
    "SCHEMA_GENERATION_FAILED": FailureClass.VENDOR_ERROR,
}

_BY_STATUS: Mapping[int, FailureClass] = {
    413: FailureClass.TOO_LARGE,
    415: FailureClass.UNSUPPORTED,
}

_LOCKED = "for a PDF, set passwords: in the job, then run 'docbatch retry'"


def ended(key: str, run: Row) -> Ready | Failed | None:
    """Return how a run ended; None while it has not, which an unknown state counts as."""
    match run.status:
        case "PROCESSED":
            return Ready(key, run.id)
        case "FAILED":
            return Failed(key, failure(run.reason, run.message), run.id)
        case "CANCELLED":
            told = run.message or "the run was cancelled at Extend"
            return Failed(key, Failure(FailureClass.CANCELLED, told, run.reason or "CANCELLED"), run.id)
        case _:
            return None


def dropped(batch: str, status: str) -> Failure:
    """Return why a document failed that a batch left behind when it ended as FAILED or CANCELLED."""
    kind = FailureClass.CANCELLED if status == "CANCELLED" else FailureClass.VENDOR_ERROR
    told = f"batch {batch} ended as {status}, and its run of this document still says PENDING; it may have been charged"
    return Failure(kind, told, f"BATCH_{status}")


def failure(reason: str | None, message: str | None) -> Failure:
    kind = CLASSES.get(reason or "", FailureClass.UNKNOWN)
    told = message or f"Extend says {reason or 'nothing about the reason'}"
    return Failure(kind, f"{told}; {_LOCKED}" if kind is FailureClass.ENCRYPTED else told, reason)


def refused(reply: Reply, name: str) -> Refused:
    """Return what the refusal of one document's upload means."""
    kind = CLASSES.get(code(reply)) or _BY_STATUS.get(reply.status, FailureClass.REFUSED_INPUT)
    return Refused(f"{name}: {told(reply)}", code=code(reply), kind=kind)


def accepted(reply: Reply) -> Accepted:
    """Return what a create's answer says. Raises Refused, NotSent, Uncertain."""
    if 200 <= reply.status < 300:
        found = reply.json()
        made = identity(found.get("id")) if isinstance(found, dict) else None
        if made is not None:
            return Accepted(made)
        raise Uncertain(f"the answer to a create has no id: {reply.excerpt}", cause=reply.cause)
    if reply.status == 402:
        raise out_of_credits(reply)
    if reply.status == 409 or not 400 <= reply.status < 500:
        raise Uncertain(told(reply), cause=reply.cause)
    raise Refused(
        told(reply), code=code(reply), hint="nothing of it was sent; correct what the message names"
    )


def out_of_credits(reply: Reply) -> NotSent:
    hint = "add credits at Extend and apply again; what runs is still collected"
    return NotSent(told(reply), stop=True, hint=hint)


def told(reply: Reply) -> str:
    """Return the vendor's own message, with the id of the request for its support."""
    error = _error(reply)
    message = error.get("message")
    if not isinstance(message, str) or not message:
        return f"Extend answered with status {reply.status}: {reply.excerpt}"
    request = error.get("requestId") or reply.headers.get("x-extend-request-id")
    text = f"Extend: {message}" + (f" (request {request})" if request else "")
    return redact(text, reply.secrets)


def code(reply: Reply) -> str:
    found = _error(reply).get("code")
    return found if isinstance(found, str) else str(reply.status)


def _error(reply: Reply) -> Mapping[str, object]:
    """Return the error object; it comes bare, wrapped, or as a text."""
    try:
        found = reply.json()
    except Unavailable:
        return {}
    inner = found.get("error", found) if isinstance(found, dict) else {}
    return inner if isinstance(inner, dict) else {"message": inner}
