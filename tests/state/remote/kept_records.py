"""A store in memory with dates, which can lose answers and do puts late."""

from collections.abc import Callable
from itertools import count
from typing import Any

from docbatch.state.remote.leases import StateOwner
from docbatch.state.remote.log_records import START, LogEnd
from docbatch.state.remote.record_stores import RecordStore, drive
from docbatch.state.remote.state_chunks import PLAIN, ChunkForm
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
from docbatch.state.remote.taking_over import Claim, OwnedState, take
from tests.state.remote.model_store import tag

_TOKENS = count(1)


def draw() -> str:
    return f"t{next(_TOKENS)}"


def claim(who: str, project: str = "p", takes: str | None = None, form: ChunkForm = PLAIN) -> Claim:
    return Claim(project, StateOwner(who, "host", 7), draw, takes, form)


class KeptRecords:
    """`asked` is every request; `loses` says of a put, by its number, whether it is done, and its answer then is lost."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, float]] = {}
        self.now = 1000.0
        self.asked: list[Get | Put | ListBelow | Remove] = []
        self.waited: list[float] = []
        self.loses: Callable[[int], bool | None] = lambda _: None
        self._puts = 0

    def answer(self, request: Get | Put | ListBelow | Remove) -> Any:
        self.asked.append(request)
        match request:
            case Get(name):
                if name not in self.objects:
                    return None
                content, modified = self.objects[name]
                return StoredObject(content, tag(content), modified)
            case ListBelow(folder, after):
                names = sorted(
                    name for name in self.objects if name.startswith(folder) and name > (after or "")
                )
                return tuple(
                    ListedName(name, self.objects[name][1], len(self.objects[name][0])) for name in names
                )
            case Remove(name):
                self.objects.pop(name, None)
                return None
            case Put():
                done = self.loses(self._puts)
                self._puts += 1
                return self._put(request) if done is None else (self._put(request) if done else None) and None

    def _put(self, put: Put) -> str | None:
        stands = tag(self.objects[put.name][0]) if put.name in self.objects else None
        if stands != put.replaces:
            return None
        self.objects[put.name] = (put.content, self.now)
        return tag(put.content)

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds

    def do(self, steps: Steps[T]) -> T:
        return drive(steps, self, self.wait)

    def take(self, who: str, copy: LogEnd = START, takes: str | None = None) -> OwnedState:
        return self.do(take(claim(who, takes=takes), copy))

    def log(self) -> list[str]:
        return [name for name in sorted(self.objects) if name.startswith("log/")]


def answered(store: RecordStore, request: StoreRequest) -> Any:
    """Answer what a driver asks for that a test takes through by itself. Pauses are over at once."""
    match request:
        case Together(requests):
            return [store.answer(each) for each in requests]
        case Pause():
            return None
        case _:
            return store.answer(request)
