"""Which failures concern one document and which the whole sink."""

import errno
import os

from docbatch.core.errors import DocbatchError, SinkError
from docbatch.sinks.base import Delivery, Fault

SAFE = "results are safe in the spool and nothing is paid again"

_EVERYTHING = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ESTALE,
    }
)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def concerns_all(error: OSError) -> bool:
    """Whether the next document would meet the same failure."""
    return error.errno in _EVERYTHING


def sink_error(place: str, error: OSError) -> SinkError:
    """Return the error that stops a sink, naming what is safe to do next."""
    remedy = "free space" if error.errno in _FULL else "repair it or restore access"
    return SinkError(
        f"{place} cannot be written: {reason(error)}",
        hint=f"{SAFE}; {remedy} and run `docbatch apply` again",
    )


def unusable(place: str, why: str) -> SinkError:
    """Return the error that stops a sink whose database cannot be opened, read or written."""
    return SinkError(
        f"{place} cannot be used: {why}",
        hint=f"{SAFE}; close programs that hold it, free space, or restore access to it, and run `docbatch apply` again",
    )


def damaged(place: str, why: str) -> SinkError:
    """Return the error that stops a sink whose database is no whole database any more."""
    return SinkError(
        f"{place} is damaged: {why}",
        hint=f"{SAFE}; move the file away, and `docbatch apply` writes another with all rows",
    )


def reason(error: OSError) -> str:
    """Return what the system said, without numbers and paths."""
    return os.strerror(error.errno).lower() if error.errno else str(error)


def fault(delivery: Delivery, error: ValueError | DocbatchError) -> Fault:
    """Return the fault of one document, with the error's hint if it has one."""
    hint = error.hint if isinstance(error, DocbatchError) else None
    return Fault(delivery.path, f"{error} ({hint})" if hint else str(error))
