"""What is raised where a part of a document cannot be read."""

from collections.abc import Callable

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Parsed


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


def attempted(name: str, read: Callable[[], Parsed | Failure]) -> Parsed | Failure:
    """Return what reading gives, or why it could not be done of a document that is called by this name."""
    try:
        return read()
    except UnreadablePartError as error:
        return refusal(error, name)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - what nobody thought of is a document for the next reader
        return Failure(FailureClass.CORRUPT, f"{name}: {type(error).__name__}: {error}")
