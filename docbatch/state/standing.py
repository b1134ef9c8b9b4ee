"""Why a document is not well: the reason that is shown, whatever its status keeps it in."""

import json
from dataclasses import dataclass

from docbatch.core.demands import EMPTY
from docbatch.core.models import Failure, FailureClass, ItemStatus
from docbatch.core.result_warnings import WarningKind
from docbatch.state.failures import lost_text

HELD = (
    "it may have been sent, but the provider shows no trace of it; it is not sent again by itself; once you made sure"
    " that the provider does not have it, 'docbatch retry --class held' queues it"
)
RESULT_LOST = Failure(
    FailureClass.EXPIRED,
    "its stored result was lost, and no run of the provider is known of which it could be fetched again",
)
EXPIRED = Failure(
    FailureClass.EXPIRED,
    "the vendor no longer has the work or its result; it is not sent again without consent",
)
KIND = (
    "coalesce(item.failure_class, document.problem_class, CASE item.status WHEN 'partial' THEN 'lost'"
    " WHEN 'held' THEN 'held' WHEN 'succeeded' THEN 'empty' ELSE 'unknown' END)"
)
"""SQL for the class of a document that is not well. Where its item succeeded, its job does not take it, since it is empty."""


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
    kind: str, message: str | None, code: str | None, warnings: str | None, item: str | None
) -> Unwell:
    """Return the reason, given its class and what is recorded: a message, warnings as JSON, and how its item stands."""
    match item:
        case ItemStatus.PARTIAL:
            return Unwell(WarningKind.LOST, lost_text(json.loads(warnings) if warnings else ()))
        case ItemStatus.SUCCEEDED:
            return Unwell(EMPTY.kind, EMPTY.message, has_result=True)
        case ItemStatus.HELD:
            return Unwell("held", HELD)
        case _:
            return Unwell(FailureClass(kind), message or "no reason was recorded", code)
