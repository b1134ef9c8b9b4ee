"""Holding a provider to its contract: what it raises and returns that it must not becomes one kind of error."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from docbatch.core.consequences import ProviderCall
from docbatch.core.errors import CredentialsError, ProviderError, Unexpected, UsageError
from docbatch.core.models import Failure
from docbatch.core.outside_text import whole_value
from docbatch.engine.code_of_others import raised
from docbatch.providers.base import Failed, Progress, Provider, Survey
from docbatch.providers.http.redaction import MOST_KEPT, redact

T = TypeVar("T")
Allowed = tuple[type[Exception], ...]
MEMBERS = sorted(
    name for name, value in vars(Provider).items() if inspect.isfunction(value) and name[0] != "_"
)
LONGEST_CODE = 200
MENDABLE = "its work is left as it is; it is a fault of the provider's code, which its authors can mend"


def kept(connection: str, call: str, act: Callable[[], T], gives: Any, may_raise: Allowed = ()) -> T:
    """Return what a call gives, if that is of a type.

    Raises the errors that the contract knows for all calls and what this one `may_raise`, and Unexpected for all else.
    """
    known: Allowed = (ProviderError, CredentialsError, *may_raise)
    try:
        answer = act()
    except (ProviderError, CredentialsError) as error:
        error.message = _told(error.message)
        raise
    except known:
        raise
    except WrongTypeError as error:
        raise broken(connection, call, str(error)) from error
    except (Exception, SystemExit) as error:
        raise broken(connection, call, f"it raised {raised(error)}") from error
    if not isinstance(answer, gives):
        raise broken(connection, call, f"it returned a value of type {type(answer).__name__}")
    return fit(answer)


def fit(answer: T) -> T:
    """Return what a provider gave as it can be recorded and shown, whatever its vendor says in it."""
    answer = whole_value(answer)
    if not isinstance(answer, Progress):
        return answer
    ended = [
        replace(each, failure=_failure(each.failure)) if isinstance(each, Failed) else each
        for each in answer.ended
    ]
    doubted = {key: _failure(why) for key, why in answer.doubted.items()}
    return replace(answer, ended=ended, doubted=doubted, note=_told(answer.note))


def _failure(failure: Failure) -> Failure:
    code = None if failure.code is None else redact(failure.code, (), LONGEST_CODE)
    return Failure(failure.kind, _told(failure.message), code)


def _told(message: str) -> str:
    return redact(message, (), MOST_KEPT)


class WrongTypeError(TypeError):
    """A value is of another type than the contract says. Its text may be shown."""


def opened(connection: str, connect: Callable[[], Provider]) -> Provider:
    """Open a provider. Raises CredentialsError, and Unexpected where the connection cannot be used as it is set."""
    try:
        provider = connect()
    except (ProviderError, CredentialsError):
        raise
    except UsageError as error:
        raise Unexpected(f"connection '{connection}': {error.message}", hint=error.hint) from error
    except (Exception, SystemExit) as error:
        what = f"its provider raised {raised(error)} when it was opened"
        raise Unexpected(f"connection '{connection}': {what}", hint=MENDABLE) from error
    missing = [name for name in MEMBERS if not hasattr(provider, name)]
    if missing:
        what = f"it was opened as a {type(provider).__name__}, which lacks {', '.join(missing)}"
        raise Unexpected(f"connection '{connection}': its provider broke its contract: {what}", hint=MENDABLE)
    return provider


def listed(values: Iterable[T], kind: type[T]) -> list[T]:
    """Return values as a list. Raises WrongTypeError when one is not of a kind."""
    found = list(values)
    strangers = [each for each in found if not isinstance(each, kind)]
    if strangers:
        raise WrongTypeError(
            f"it returned a {type(strangers[0]).__name__} among what is to be {kind.__name__}"
        )
    return found


def surveyed(answer: object) -> Survey:
    """Return what a survey gave. Raises WrongTypeError when it is none, or holds what is no marker."""
    if not isinstance(answer, Survey):
        raise WrongTypeError(f"it returned a value of type {type(answer).__name__}")
    return replace(answer, markers=frozenset(listed(answer.markers, str)))


def broken(connection: str, call: str, what: str) -> Unexpected:
    """Return the error of a provider that does not keep its contract."""
    text = f"connection '{connection}': its provider broke its contract in '{call}': {what}"
    if call in {ProviderCall.CREATE, ProviderCall.REPLAY}:
        return Unexpected(
            f"{text}; whether the work exists is not known",
            hint="run the same command again: it finds out before anything is sent",
        )
    return Unexpected(text, hint=MENDABLE)
