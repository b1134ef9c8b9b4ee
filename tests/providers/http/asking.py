"""Exchanges in threads of their own, so that one that never ends is seen and not waited for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import httpcore

from docbatch.providers.http.client import Call, Client, ExchangeFailure, Take
from docbatch.providers.http.reply import Reply
from docbatch.testing.patience import until
from tests.emulators.sockets import Act, Caller

T = TypeVar("T")
NEVER = 600.0
"""Seconds that no test waits: what ends earlier was ended by something else."""
BIG = 64 << 20
"""Bytes that no socket takes before somebody reads them."""


class Asking(Generic[T]):
    """A call that runs beside the test."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._outcomes: list[T | BaseException] = []
        threading.Thread(target=self._run, daemon=True).start()

    def outcome(self) -> T:
        """Return what the call returned, or raise what it raised."""
        until(lambda: self._outcomes, "the call did not end")
        outcome = self._outcomes[0]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    @property
    def over(self) -> bool:
        return bool(self._outcomes)

    def _run(self) -> None:
        try:
            self._outcomes.append(self._call())
        except BaseException as error:  # noqa: BLE001 - it is raised where the outcome is asked for
            self._outcomes.append(error)


@contextmanager
def client(
    longest: float = NEVER, proxy: str | None = None, backend: httpcore.NetworkBackend | None = None
) -> Iterator[Client]:
    """Make a client whom no silence bothers."""
    made = Client({"X-Key": "k"}, timeout=NEVER, longest=longest, proxy=proxy, backend=backend)
    try:
        yield made
    finally:
        made.close()


def asking(
    made: Client,
    url: str,
    content: bytes | Iterator[bytes] | None = None,
    take: Take | None = None,
) -> Asking[Reply | ExchangeFailure]:
    method = "GET" if content is None else "POST"
    call = Call(method, url, "the question", 1 << 30, content=content, take=take)
    return Asking(lambda: made.exchange(call))


def failure(asked: Asking[Reply | ExchangeFailure]) -> ExchangeFailure:
    outcome = asked.outcome()
    assert isinstance(outcome, ExchangeFailure)
    return outcome


class Held:
    """An act that stops where the test wants it, and tells when it is there."""

    def __init__(self, *said: bytes, hear: Callable[[Caller], object] = Caller.hear) -> None:
        self.there = threading.Event()
        self._said = said
        self._hear = hear

    def __call__(self, caller: Caller) -> None:
        self._hear(caller)
        for each in self._said:
            caller.say(each)
        self.there.set()
        rest(caller)

    def reached(self) -> None:
        until(self.there.is_set, "the server was not asked")


def rest(caller: Caller) -> None:
    """Say nothing until the caller leaves or the server is closed."""
    while caller.connection.recv(65536):
        pass


def repeating(start: bytes, again: bytes, hear: Callable[[Caller], object] = Caller.hear) -> Act:
    """Say the start at once, and then a little now and then, without end."""

    def act(caller: Caller) -> None:
        hear(caller)
        caller.say(start)
        pause = threading.Event()
        while not pause.wait(0.02):
            caller.say(again)

    return act
