"""Documents that need a password: trying those there are, and saying what to do where none of them fits.

A password is in no message, and nothing that outlives a document holds one.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import PDF, unreadable
from docbatch.providers.local.messages import Task

_HIDDEN = "[cut]"

Found = TypeVar("Found")


def opened(passwords: Iterable[str], read: Callable[[str | None], Found]) -> tuple[str | None, Found]:
    """Return the password that opens a document, None where it needs none, and what was read with it.

    Raises what reading without a password raised when the document needs one and none of these fits, or what any try
    raises that is no complaint about a password.
    """
    try:
        return None, read(None)
    except Exception as error:
        if unreadable(error).kind is not FailureClass.ENCRYPTED:
            raise
        for password in passwords:
            try:
                return password, read(password)
            except Exception as again:
                if unreadable(again).kind is not FailureClass.ENCRYPTED:
                    raise again from None
        raise


def locked(failure: Failure, task: Task) -> Failure:
    """Return a failure as it is told: without passwords, and for want of one with what to do."""
    if failure.kind is FailureClass.ENCRYPTED:
        return replace(failure, message=_wanted(task))
    message = failure.message
    for password in sorted(task.options.passwords, key=len, reverse=True):
        message = message.replace(password, _HIDDEN)
    return replace(failure, message=message)


def _wanted(task: Task) -> str:
    if task.media_type != PDF:
        return "needs a password, and passwords open PDF files only; save a copy without one, or as PDF"
    number = len(task.options.passwords)
    if not number:
        return "needs a password; set passwords: {file: …} in the job, then run 'docbatch retry'"
    tried = (
        "the password there is does not open it" if number == 1 else f"none of {number:,} passwords opens it"
    )
    return f"needs a password, and {tried}; add it where passwords: says, then run 'docbatch retry'"
