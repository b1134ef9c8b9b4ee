"""What is raised where a part of a document cannot be read."""

from docbatch.core.models import Failure, FailureClass


class UnreadablePartError(Exception):
    """A part that is missing, damaged or refused; the message says which of these, in a few words."""

    kind = FailureClass.CORRUPT


class OversizedPartError(UnreadablePartError):
    """A part that is larger than what is read."""

    kind = FailureClass.TOO_LARGE


class LockedPartError(UnreadablePartError):
    """A part that needs a password."""

    kind = FailureClass.ENCRYPTED


def refusal(error: UnreadablePartError, name: str = "") -> Failure:
    """Return the failure of a document whose main part, of this name, cannot be read."""
    return Failure(error.kind, f"{name}: {error}" if name else str(error))
