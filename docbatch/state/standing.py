"""Why a document is not well: the reason that is shown, whatever its status keeps it in."""

import json
from dataclasses import dataclass

from docbatch.core.models import FailureClass, ItemStatus
from docbatch.core.result_warnings import WarningKind, losses
from docbatch.state.void import EMPTY

_UNTOLD = "what is missing is named in its result, as a sink with format: json writes it"
_HELD = (
    "it may have been sent, but the provider shows no trace of it; it is not sent again by itself; once you made sure"
    " that the provider does not have it, 'docbatch retry --class held' queues it"
)


@dataclass(frozen=True, slots=True)
class Unwell:
    """The reason: `kind` is a failure class, 'lost' for what a partial document lacks, or 'held'; `code` is the vendor's own.

    `has_result` says that the document was read, and that it is its job that takes it for failed.
    """

    kind: str
    message: str
    code: str | None = None
    has_result: bool = False


def unwell(
    status: str, kind: str | None, message: str | None, code: str | None, warnings: str | None
) -> Unwell:
    """Return the reason for a status, given what is recorded: a failure, or warnings as JSON."""
    if kind is not None:
        return Unwell(FailureClass(kind), message or "no reason was recorded", code)
    match status:
        case ItemStatus.FAILED:
            return Unwell(EMPTY.kind, EMPTY.message, has_result=True)
        case ItemStatus.PARTIAL:
            return Unwell(WarningKind.LOST, _lost(warnings))
        case ItemStatus.HELD:
            return Unwell("held", _HELD)
        case _:
            return Unwell(FailureClass.UNKNOWN, "no reason was recorded")


def _lost(warnings: str | None) -> str:
    told = losses(json.loads(warnings)) if warnings else []
    more = f" (and {len(told) - 1:,} more)" if len(told) > 1 else ""
    return told[0] + more if told else _UNTOLD
