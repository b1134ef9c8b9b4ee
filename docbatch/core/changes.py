"""What is due for a document, decided by comparing what was found with what is recorded. Pure, one document at a time."""

import enum
from dataclasses import dataclass

from docbatch.core.models import REFERENCE_TYPES, Failure, FailureClass, Input, ItemStatus


class ChangeKind(enum.StrEnum):
    """What apply will do about a document."""

    SEND = "send"
    WAIT = "wait"
    DELIVER = "deliver"
    FAIL = "fail"
    STAND = "stand"
    HELD = "held"
    REMOVE = "remove"
    SKIP = "skip"
    LOOK = "look"


class Reason(enum.StrEnum):
    NEW = "new document"
    BYTES = "its bytes changed"
    OBJECT = "the object's version changed"
    REFERENCE = "its link or id changed"
    TYPE = "its media type is read differently now"
    HANDED_OVER = "it is handed over in another way now"
    PROVIDER = "the job's provider changed"
    ACCOUNT = "the job's account changed"
    OPERATION = "the job's operation changed"
    CONFIG = "the job's config changed"
    VERSION = "what processes it has another version now"
    UNSENT = "planned earlier, not yet sent"
    LIVE = "with the provider"
    KNOWN = "the same bytes were processed already"
    FAILED = "failed earlier"
    AGAIN = "failed for a reason that may have passed"
    HELD = "held: it may have been sent"
    UNUSABLE = "cannot be sent"
    SPECIAL = "not a regular file"
    NEW_SINK = "the sink is new"
    MOVED = "its output lies elsewhere now"
    FORM = "the sink writes it in another form now"
    BEHIND = "its result is not written yet"
    MISSING = "its output is gone"
    EDITED = "its output was edited"
    GONE = "no longer found; its outputs stay"
    UNSEEN = "not looked at yet: apply looks at it first"


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document as the scan saw it: an item's identity, or the problem that keeps it from being one."""

    path: bytes
    digest: str = ""
    media_type: str = ""
    size: int = 0
    problem: Failure | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A document as the state knows it.

    `remade` says why its item is not the one of today where its bytes are the same: it was made in another way.
    `recipe` is the row of that way in the state.
    """

    digest: str | None
    media_type: str | None
    status: ItemStatus | None
    remade: Reason | None = None
    problem: str | None = None
    recipe: int | None = None

    @property
    def was_sent(self) -> bool:
        """Whether something was sent for it, and perhaps paid."""
        return self.status not in {None, ItemStatus.PENDING}


@dataclass(frozen=True, slots=True)
class KnownItem:
    """An item that the state has under the found document's key.

    `passing` marks a failure that may be gone by itself: it is tried again, once in every run.
    """

    status: ItemStatus
    has_result: bool
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is due, why, and whether the state has to learn about the document first."""

    kind: ChangeKind
    reason: Reason
    adopt: bool


def judge(found: FoundDocument, recorded: Recorded | None, known: KnownItem | None) -> Verdict:
    """Decide about a document that is not plainly unchanged. `known` is the item its bytes already are, if any."""
    if found.problem is not None and found.problem.kind is FailureClass.SPECIAL_FILE:
        return Verdict(ChangeKind.SKIP, Reason.SPECIAL, adopt=recorded is not None)
    if found.problem is not None:
        same = recorded is not None and recorded.problem == found.problem.kind
        return Verdict(
            ChangeKind.STAND if same else ChangeKind.FAIL,
            Reason.FAILED if same else Reason.UNUSABLE,
            adopt=not same,
        )
    reason = _difference(found, recorded)
    if known is None:
        return Verdict(ChangeKind.SEND, reason or Reason.UNSENT, adopt=True)
    return _follow(known, reason, adopt=reason is not None)


def _difference(found: FoundDocument, recorded: Recorded | None) -> Reason | None:
    if recorded is None or recorded.digest is None:
        return Reason.NEW
    if recorded.digest != found.digest:
        named = _by_name_only(found)
        return Reason.HANDED_OVER if _by_name_only(recorded) != named else another(named)
    if recorded.media_type != found.media_type:
        return Reason.TYPE
    return recorded.remade


def another(media_type: str | None) -> Reason:
    """Say what is known where a digest is another: of what is handed over by its name, that alone, whatever its bytes are."""
    if media_type == REFERENCE_TYPES[Input.OBJECT]:
        return Reason.OBJECT
    return Reason.REFERENCE if media_type in REFERENCE_TYPES.values() else Reason.BYTES


def _by_name_only(document: FoundDocument | Recorded) -> str | None:
    """Return what names the document in the place of its bytes; None where these are handed over."""
    return document.media_type if document.media_type in REFERENCE_TYPES.values() else None


def _follow(known: KnownItem, reason: Reason | None, *, adopt: bool) -> Verdict:
    """Decide for bytes whose item exists: nothing is sent for them twice."""
    if known.has_result:
        return Verdict(ChangeKind.DELIVER, Reason.KNOWN if adopt else Reason.BEHIND, adopt=adopt)
    match known.status:
        case ItemStatus.PENDING:
            return Verdict(ChangeKind.SEND, reason or Reason.UNSENT, adopt=adopt)
        case ItemStatus.LIVE:
            return Verdict(ChangeKind.WAIT, Reason.LIVE, adopt=adopt)
        case ItemStatus.HELD:
            return Verdict(ChangeKind.HELD, Reason.HELD, adopt=adopt)
        case _ if known.passing:
            return Verdict(ChangeKind.SEND, Reason.AGAIN, adopt=True)
        case _:
            return Verdict(ChangeKind.STAND, Reason.FAILED, adopt=adopt)
