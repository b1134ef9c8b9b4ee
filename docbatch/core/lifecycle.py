"""The life of a submission, as data. `advance` is a look-up; docs/state.md is drawn from the same table.

A refusal or a proof that nothing was sent answers only its own attempt. That is why INTENDED (the first attempt is in
flight in this very process) and UNANSWERED (an answer was lost, or the process died) are two states: from UNANSWERED
only the vendor's own evidence or a person leads on.
"""

import enum
from collections.abc import Iterable, Mapping
from typing import Final

from docbatch.core.errors import StateError
from docbatch.core.models import SubmissionStatus as Status


class Event(enum.StrEnum):
    INTENDED = "intended"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNANSWERED = "unanswered"
    TORN = "torn"
    REPLAY_REFUSED = "replay_refused"
    FOUND = "found"
    ABSENT = "absent"
    UNKNOWABLE = "unknowable"
    RESOLVED_FOUND = "resolved_found"
    RESOLVED_ABSENT = "resolved_absent"
    CANCEL_ASKED = "cancel_asked"
    COLLECTED = "collected"
    LOST = "lost"
    RESULT_LOST = "result_lost"


TRANSITIONS: Final[Mapping[tuple[Status | None, Event], Status]] = {
    (None, Event.INTENDED): Status.INTENDED,
    (Status.UNSENT, Event.INTENDED): Status.INTENDED,
    (Status.INTENDED, Event.ACCEPTED): Status.SUBMITTED,
    (Status.INTENDED, Event.REFUSED): Status.REFUSED,
    (Status.INTENDED, Event.NOT_SENT): Status.UNSENT,
    (Status.INTENDED, Event.UNANSWERED): Status.UNANSWERED,
    (Status.INTENDED, Event.TORN): Status.UNANSWERED,
    (Status.UNANSWERED, Event.TORN): Status.UNANSWERED,
    (Status.UNANSWERED, Event.ACCEPTED): Status.SUBMITTED,
    (Status.UNANSWERED, Event.REPLAY_REFUSED): Status.UNANSWERED,
    (Status.UNANSWERED, Event.FOUND): Status.SUBMITTED,
    (Status.UNANSWERED, Event.ABSENT): Status.VOID,
    (Status.UNANSWERED, Event.UNKNOWABLE): Status.HELD,
    (Status.UNANSWERED, Event.RESOLVED_FOUND): Status.SUBMITTED,
    (Status.UNANSWERED, Event.RESOLVED_ABSENT): Status.VOID,
    (Status.HELD, Event.TORN): Status.HELD,
    (Status.HELD, Event.FOUND): Status.SUBMITTED,
    (Status.HELD, Event.RESOLVED_FOUND): Status.SUBMITTED,
    (Status.HELD, Event.RESOLVED_ABSENT): Status.VOID,
    (Status.SUBMITTED, Event.CANCEL_ASKED): Status.SUBMITTED,
    (Status.SUBMITTED, Event.COLLECTED): Status.COLLECTED,
    (Status.SUBMITTED, Event.RESULT_LOST): Status.SUBMITTED,
    (Status.COLLECTED, Event.RESULT_LOST): Status.SUBMITTED,
    (Status.SUBMITTED, Event.LOST): Status.EXPIRED,
}

OPEN: Final = frozenset({Status.INTENDED, Status.UNANSWERED, Status.SUBMITTED, Status.HELD})
DOUBTFUL: Final = frozenset({Status.INTENDED, Status.UNANSWERED, Status.HELD})
"""Whether the vendor has the work is not known."""
MAY_BE_SENT: Final = "an owner of the state that was replaced may still send it"
"""Why work is held as long as it is not found, however often it was looked for."""


class IllegalTransition(StateError):
    """The recorded history contradicts the table: the state is damaged or was edited."""


def advance(status: Status | None, event: Event) -> Status:
    """Return the status that `event` leads to. Raises IllegalTransition."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise IllegalTransition(
            f"a submission that is {status or 'unknown'} cannot become '{event}'",
            hint="the state file is damaged; nothing was changed. Run 'docbatch state check'",
        ) from None


def replay(events: Iterable[Event]) -> Status | None:
    """Return the status a history of events leads to. Raises IllegalTransition."""
    status: Status | None = None
    for event in events:
        status = advance(status, event)
    return status


def diagram() -> str:
    """Draw the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    for (source, event), target in TRANSITIONS.items():
        lines.append(f"    {source or '[*]'} --> {target}: {event}")
    ends = sorted(set(Status) - OPEN)
    lines.extend(f"    {status} --> [*]" for status in ends)
    return "\n".join(lines) + "\n"
