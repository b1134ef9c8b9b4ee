"""What answers the requests of drivers: a bucket, below a prefix."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, runtime_checkable

from docbatch.core.errors import CredentialsError, StateError, UnfitStore
from docbatch.state.homes import tell_wait
from docbatch.state.remote.store_requests import (
    Get,
    ListBelow,
    ListedName,
    Pause,
    Put,
    Remove,
    Steps,
    StoredObject,
    StoreRequest,
    T,
    Together,
)
from docbatch.stores.faults import (
    BucketMissing,
    NotOffered,
    ObjectChanged,
    ObjectMissing,
    StoreFault,
    StoreRefused,
    StoreUnreachable,
)
from docbatch.stores.object_store import ObjectStore
from docbatch.stores.settings import StoreSettings

LARGEST = 64 * 2**20
"""Bytes of an object of a state. Chunks are far smaller."""
SIDE_BY_SIDE = 16
"""Requests that are under way at once: what is waited for is the way there and back, and stores ask for no more of one client."""


CREATING = "the condition that nothing is there yet (If-None-Match: *)"
REPLACING = "the condition that a certain object is there (If-Match)"
"""As S3 and Azure call them; Google has numbers of generations for both."""


class RecordStore(Protocol):
    """Puts and gets objects. What may be asked, and what is answered, `store_requests` says."""

    def answer(self, request: Get | Put | ListBelow | Remove) -> Any:
        """Raises StateError where a store cannot be used, CredentialsError where it may not, UnfitStore where it says that it lacks something."""


@runtime_checkable
class SideBySide(Protocol):
    """A store that has several requests under way at once. Any other is asked one after the other."""

    def answers(self, requests: Sequence[Get | Put]) -> list[Any]:
        """Return the answers in order. Raises as `answer` does, once nothing is under way any more."""


def drive(steps: Steps[T], store: RecordStore, wait: Callable[[float], None]) -> T:
    """Take a driver through to its end, and return what it came to. `wait` is given seconds."""
    answer: Any = None
    while True:
        try:
            request: StoreRequest = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        if isinstance(request, Pause):
            if request.why:
                tell_wait(request.why)
            wait(request.seconds)
            answer = None
        elif isinstance(request, Together):
            answer = _answers(store, request.requests)
        else:
            answer = store.answer(request)


def _answers(store: RecordStore, requests: Sequence[Get | Put]) -> list[Any]:
    if isinstance(store, SideBySide) and len(requests) > 1:
        return store.answers(requests)
    return [store.answer(each) for each in requests]


class BucketRecords:
    """A bucket. Reading is repeated as everywhere; a put is asked once, since what became of it is read from its name."""

    def __init__(self, settings: StoreSettings, prefix: str) -> None:
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._reading = ObjectStore(settings)
        self._writing = ObjectStore(settings, repeats=False)

    def answer(self, request: Get | Put | ListBelow | Remove) -> Any:
        try:
            match request:
                case Get(name):
                    return self._get(name)
                case Put():
                    return self._put(request)
                case ListBelow(folder, after):
                    return self._list(folder, after)
                case Remove(name):
                    self._reading.delete(self._prefix + name)
                    return None
        except StoreRefused as error:
            raise CredentialsError(
                f"the state cannot be used: {error}",
                hint="nothing was sent; give credentials that may read, write, list and remove objects under its prefix",
            ) from None
        except BucketMissing as error:
            raise StateError(
                f"the state cannot be used: {error}",
                hint="nothing more is sent by this run; create the bucket, or correct bucket, endpoint or region of the store in"
                " docbatch.yaml, and run the same command again",
            ) from None
        except StoreFault as error:
            raise StateError(
                f"the state cannot be used: {error}",
                hint="nothing more is sent by this run; run the same command again when the store answers",
            ) from None

    def answers(self, requests: Sequence[Get | Put]) -> list[Any]:
        self._reading.connect()
        self._writing.connect()
        with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(requests))) as threads:
            return list(threads.map(self.answer, requests))

    def _get(self, name: str) -> StoredObject | None:
        try:
            found = self._reading.read_newest(self._prefix + name, LARGEST)
        except ObjectMissing:
            return None
        if found.content is None or found.facts.etag is None:
            raise StoreFault(f"'{name}' is too large, or the store gives it no tag")
        return StoredObject(found.content, found.facts.etag, found.facts.modified)

    def _put(self, put: Put) -> str | None:
        try:
            return self._writing.write(self._prefix + put.name, put.content, replaces=put.replaces)
        except (ObjectChanged, StoreUnreachable):
            return None
        except NotOffered as error:
            raise unfit(
                f"it does not take {CREATING if put.replaces is None else REPLACING}: {error}"
            ) from None

    def _list(self, folder: str, after: str | None) -> tuple[ListedName, ...]:
        behind = None if after is None else self._prefix + after
        windows = self._reading.windows(self._prefix + folder, behind)
        return tuple(
            ListedName(
                each["path"].removeprefix(self._prefix), each["last_modified"].timestamp(), each["size"]
            )
            for window in windows
            for each in window
        )


def unfit(why: str) -> UnfitStore:
    """Return the error of a store that does not do what a state in it relies on."""
    return UnfitStore(
        f"the store cannot hold a state: {why}",
        hint="nothing was sent or changed; keep the state in another store, or on this disk",
    )
