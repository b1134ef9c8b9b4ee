"""What a provider's error leads to, as data, beside `lifecycle.TRANSITIONS`.

Whatever is not in the table ends the use of the connection in this run, and is told as a trouble: the others go on.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from docbatch.core.errors import (
    CredentialsError,
    Gone,
    NotAnswering,
    NotSent,
    ProviderError,
    Refused,
    Stale,
    Unavailable,
    Uncertain,
    Unexpected,
)
from docbatch.core.lifecycle import Event
from docbatch.core.models import FailureClass


class ProviderCall(enum.StrEnum):
    """What a provider is asked for. All but CREATE and REPLAY, the same key once more, may be repeated freely."""

    PINS = "pins"
    SURVEY = "survey"
    PREPARE = "prepare"
    CREATE = "create"
    REPLAY = "replay"
    LOOK = "look"
    POLL = "poll"
    FETCH = "fetch"
    DISCARD = "discard"
    CANCEL = "cancel"
    RECALL = "recall"


class ErrorKind(enum.StrEnum):
    """Errors as the table tells them apart: by class, and refusals for want of money from the others."""

    REFUSED = "refused"
    OUT_OF_CREDITS = "out of credits"
    STALE = "stale"
    NOT_SENT = "not sent"
    STOPPED = "not sent, and nothing more is to be"
    UNCERTAIN = "uncertain"
    UNAVAILABLE = "unavailable"
    GONE = "gone"
    CREDENTIALS = "credentials"
    NOT_ANSWERING = "not answering"
    UNEXPECTED = "unexpected"


class Fate(enum.StrEnum):
    """What becomes of the connection in this run."""

    GOES_ON = "goes on"
    RESTS = "creates nothing before the next try"
    RENEWS = "prepares anew what is no longer good, and is blocked when that does not help"
    BLOCKED = "creates nothing more; what is there is still followed"
    CUT = "is asked nothing more"


class Told(enum.StrEnum):
    """What whoever watches hears of it."""

    NOTHING = "nothing"
    ANSWER = "what became of the create"
    TROUBLE = "a trouble of the connection"
    REMAINS = "that something is still at the provider that nobody needs any more"
    BOTH = "what became of the create, and a trouble of the connection"


@dataclass(frozen=True, slots=True)
class Consequence:
    """`event` is recorded of the submission; with `requeue` what waits to be sent is read from the state again.

    With `later` the same is asked again after a pause.
    """

    event: Event | None = None
    fate: Fate = Fate.GOES_ON
    requeue: bool = False
    told: Told = Told.NOTHING
    later: bool = False


_C, _K, _E, _F, _T = ProviderCall, ErrorKind, Event, Fate, Told
_REQUEUED = True
_LATER = Consequence(later=True)
_REFUSED_AGAIN = Consequence(_E.REPLAY_REFUSED)
_NOT_KNOWN = Consequence(_E.UNANSWERED, _F.CUT, told=_T.BOTH)
_STILL_THERE = Consequence(told=_T.REMAINS)

CUT: Final = Consequence(fate=Fate.CUT, told=Told.TROUBLE)
"""The consequence of every error that the table lacks."""

CONSEQUENCES: Final[Mapping[tuple[ProviderCall, ErrorKind], Consequence]] = {
    (_C.SURVEY, _K.UNAVAILABLE): Consequence(fate=_F.RESTS),
    (_C.PREPARE, _K.REFUSED): Consequence(requeue=_REQUEUED),
    (_C.PREPARE, _K.OUT_OF_CREDITS): Consequence(fate=_F.BLOCKED),
    (_C.PREPARE, _K.STOPPED): Consequence(fate=_F.BLOCKED),
    (_C.PREPARE, _K.STALE): Consequence(None, _F.RENEWS, _REQUEUED),
    (_C.PREPARE, _K.GONE): Consequence(None, _F.RENEWS, _REQUEUED),
    (_C.PREPARE, _K.NOT_SENT): Consequence(fate=_F.RESTS),
    (_C.PREPARE, _K.UNAVAILABLE): Consequence(fate=_F.RESTS),
    (_C.CREATE, _K.REFUSED): Consequence(_E.REFUSED, told=_T.ANSWER),
    (_C.CREATE, _K.OUT_OF_CREDITS): Consequence(_E.NOT_SENT, _F.BLOCKED, _REQUEUED, _T.ANSWER),
    (_C.CREATE, _K.STOPPED): Consequence(_E.NOT_SENT, _F.BLOCKED, _REQUEUED, _T.ANSWER),
    (_C.CREATE, _K.STALE): Consequence(_E.NOT_SENT, _F.RENEWS, _REQUEUED, _T.ANSWER),
    (_C.CREATE, _K.NOT_SENT): Consequence(_E.NOT_SENT, _F.RESTS, _REQUEUED, _T.ANSWER),
    (_C.CREATE, _K.CREDENTIALS): Consequence(_E.NOT_SENT, _F.CUT, told=_T.ANSWER),
    (_C.CREATE, _K.UNCERTAIN): Consequence(_E.UNANSWERED, told=_T.ANSWER),
    (_C.CREATE, _K.UNAVAILABLE): _NOT_KNOWN,
    (_C.CREATE, _K.GONE): _NOT_KNOWN,
    (_C.CREATE, _K.NOT_ANSWERING): _NOT_KNOWN,
    (_C.CREATE, _K.UNEXPECTED): _NOT_KNOWN,
    (_C.REPLAY, _K.REFUSED): _REFUSED_AGAIN,
    (_C.REPLAY, _K.OUT_OF_CREDITS): _REFUSED_AGAIN,
    (_C.REPLAY, _K.STALE): _REFUSED_AGAIN,
    (_C.REPLAY, _K.NOT_SENT): _LATER,
    (_C.REPLAY, _K.STOPPED): _LATER,
    (_C.REPLAY, _K.UNCERTAIN): _LATER,
    (_C.LOOK, _K.UNAVAILABLE): _LATER,
    (_C.POLL, _K.UNAVAILABLE): _LATER,
    (_C.POLL, _K.GONE): Consequence(_E.LOST, requeue=_REQUEUED),
    (_C.FETCH, _K.UNAVAILABLE): _LATER,
    (_C.FETCH, _K.GONE): Consequence(requeue=_REQUEUED),
    (_C.FETCH, _K.REFUSED): Consequence(),
    (_C.FETCH, _K.OUT_OF_CREDITS): Consequence(),
    (_C.FETCH, _K.STALE): Consequence(),
    **{(_C.DISCARD, kind): _STILL_THERE for kind in _K if kind not in {_K.NOT_ANSWERING, _K.UNEXPECTED}},
}

_KINDS: Final[Mapping[type[Exception], ErrorKind]] = {
    Stale: ErrorKind.STALE,
    Refused: ErrorKind.REFUSED,
    NotSent: ErrorKind.NOT_SENT,
    Uncertain: ErrorKind.UNCERTAIN,
    Unavailable: ErrorKind.UNAVAILABLE,
    Gone: ErrorKind.GONE,
    CredentialsError: ErrorKind.CREDENTIALS,
    NotAnswering: ErrorKind.NOT_ANSWERING,
    Unexpected: ErrorKind.UNEXPECTED,
}

CallError = ProviderError | CredentialsError


def kind_of(error: CallError) -> ErrorKind:
    """Return which kind of error it is."""
    if isinstance(error, NotSent) and error.stop:
        return ErrorKind.STOPPED
    if (
        isinstance(error, Refused)
        and not isinstance(error, Stale)
        and error.kind == FailureClass.OUT_OF_CREDITS
    ):
        return ErrorKind.OUT_OF_CREDITS
    return next((kind for known, kind in _KINDS.items() if isinstance(error, known)), ErrorKind.UNEXPECTED)


def consequence(call: ProviderCall, error: CallError) -> Consequence:
    """Return what an error that a call ended with leads to."""
    return CONSEQUENCES.get((call, kind_of(error)), CUT)
