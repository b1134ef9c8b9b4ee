"""What must never be seen, planted and looked for."""

import traceback
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

KEY = "sk-planted-0123456789"
SIGNATURE = "planted5166a7e"
PRESIGNED = f"X-Amz-Expires=900&X-Amz-Signature={SIGNATURE}&token=planted-token"
PLANTED = (KEY, SIGNATURE, "planted-token")

E = TypeVar("E", bound=BaseException)


def exposed(text: str) -> list[str]:
    return [secret for secret in PLANTED if secret in text]


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, its causes and its contexts, shown or not."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


def failing(kind: type[E], call: Callable[[], object]) -> E:
    """Require an error of exactly this kind that shows nothing planted, however it is printed."""
    with pytest.raises(kind) as caught:
        call()
    error = caught.value
    assert type(error) is kind
    for each in chain(error):
        assert exposed(f"{each} {each!r} {each.args} {vars(each)}") == []
    lines = traceback.TracebackException.from_exception(error).format()
    assert exposed("".join(lines)) == []
    return error
