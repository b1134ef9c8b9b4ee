"""What is asked of a store, as values: drivers yield them and are sent the answers.

Assumed of a store, and tried at first use: a put under a condition is decided by one winner; what was put is read and listed
from then on by everybody; a name that was removed is free again. Nothing is assumed of when a request arrives: one whose
answer was lost may be done much later, or never.
"""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

from docbatch.core.errors import StateError

T = TypeVar("T")

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between the tries to have a put settled whose answer was lost."""
LONG = 5.0
"""Seconds of such a pause from which on it is told."""
TOGETHER = 64
"""Objects that are asked for at once, at most: of chunks, that is 16 MiB."""


class Get(NamedTuple):
    """Answered by `StoredObject`, or None where there is none."""

    name: str


class Put(NamedTuple):
    """Answered by the tag of what was written; by None where it was refused, or where nobody knows.

    `replaces` is the tag of what it replaces; without one nothing may be there. It is asked once and never repeated below.
    """

    name: str
    content: bytes
    replaces: str | None = None


class ListBelow(NamedTuple):
    """Answered by `ListedNames` below a folder, or those behind a name in it, in the order of names."""

    folder: str
    after: str | None = None


class Remove(NamedTuple):
    """Answered by None, also where nothing is there."""

    name: str


class Pause(NamedTuple):
    """Answered by None, when so many seconds have passed. `why` is what people are told meanwhile, nothing where it is empty."""

    seconds: float
    why: str = ""


class Together(NamedTuple):
    """Answered by the answers to each, in order. None has to come before another: a store may be asked them side by side."""

    requests: tuple[Get | Put, ...]


class StoredObject(NamedTuple):
    """An object as it was read. `modified` is the store's date, in seconds since 1970."""

    content: bytes
    tag: str
    modified: float


class ListedName(NamedTuple):
    name: str
    modified: float
    size: int = 0


StoreRequest: TypeAlias = Get | Put | ListBelow | Remove | Pause | Together
Steps: TypeAlias = Generator[StoreRequest, Any, T]
"""A driver: yields requests, is sent their answers, and returns what it came to."""


def read(name: str) -> Steps[StoredObject | None]:
    found: StoredObject | None = yield Get(name)
    return found


def read_all(names: Sequence[str]) -> Steps[list[StoredObject | None]]:
    """Return what several names stand for, side by side. `TOGETHER` are as many as memory has room for, whatever they are."""
    found: list[StoredObject | None] = yield Together(tuple(map(Get, names)))
    return found


def names_below(folder: str, after: str | None = None) -> Steps[tuple[ListedName, ...]]:
    found: tuple[ListedName, ...] = yield ListBelow(folder, after)
    return found


def put_new(name: str, content: bytes) -> Steps[StoredObject]:
    """Put an object where nothing may be, until it is known what stands there, and return that: this one, or another.

    Whatever became of a put is read from its name. Where nothing is there, the same bytes are put again: of the two, should
    the first arrive late, the store takes one.
    """
    put = Put(name, content)
    tag: str | None = yield put
    return (yield from _standing(put, tag))


def put_all_new(puts: Sequence[Put]) -> Steps[list[StoredObject]]:
    """Do what `put_new` does for objects of which none has to stand before another, side by side; return what stands there."""
    tags: list[str | None] = yield Together(tuple(puts))
    stand = []
    for put, tag in zip(puts, tags, strict=True):
        stand.append((yield from _standing(put, tag)))
    return stand


def _standing(put: Put, tag: str | None) -> Steps[StoredObject]:
    """Return what stands under the name of a put that was answered by a tag, or by nothing."""
    for seconds in PAUSES:
        if tag is not None:
            break
        found = yield from read(put.name)
        if found is not None:
            return found
        yield _again(put.name, seconds)
        tag = yield put
    if tag is None:
        raise _unsettled(put.name)
    return StoredObject(put.content, tag, 0.0)


def put_over(name: str, content: bytes, former: StoredObject) -> Steps[StoredObject | None]:
    """Put an object in the place of another, until it is known what stands there, and return that.

    The content has to be one that was never put under this name before: tags of some stores are sums of contents.
    """
    for seconds in PAUSES:
        tag: str | None = yield Put(name, content, former.tag)
        if tag is not None:
            return StoredObject(content, tag, 0.0)
        found = yield from read(name)
        if found is None or found.tag != former.tag:
            return found
        yield _again(name, seconds)
    raise _unsettled(name)


def _again(name: str, seconds: float) -> Pause:
    """Return the pause before a put is tried again: a long one is told."""
    why = f"the store of the state does not say whether '{name}' was written: trying again in {seconds:g} s"
    return Pause(seconds, why if seconds >= LONG else "")


def _unsettled(name: str) -> StateError:
    return StateError(
        f"the store of the state does not say whether '{name}' was written",
        hint="nothing is sent by this run any more; run the same command again when the store answers",
    )
