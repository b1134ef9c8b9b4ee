"""Conversations with providers: each is a generator that asks, and yields what it waits for.

So the one thread that decides and records reads as if it asked and were answered, while other threads ask, and no
conversation waits for another. A call's error is raised where its answer would be.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from docbatch.engine.clock import Clock
from docbatch.engine.progress_notices import Observer, Trouble

T = TypeVar("T")
SLOW = 5.0
"""Seconds after which it is told that somebody has not answered yet."""


class Wait:
    """Until all of some calls came back, or so many seconds have passed.

    `subject` says whom and what is waited for, for people, and `since` when it was asked for (monotonic) if that was before
    now; `call` is what was asked, `costs` that it may cost money, `matters` that work is not through without it.
    """

    def __init__(
        self,
        calls: Iterable["Future[Any]"],
        *,
        seconds: float,
        subject: str,
        call: str = "",
        since: float | None = None,
        costs: bool = False,
        matters: bool = True,
    ) -> None:
        self._calls = list(calls)
        self._left = len(self._calls)
        self._lock = threading.Lock()
        self.seconds = seconds
        self.subject = subject
        self.call = call
        self.since = since
        self.costs = costs
        self.matters = matters
        self.is_over = False

    def watch(self, over: Callable[[], None]) -> None:
        """Have a function called once, from any thread, when the calls are back."""
        for call in self._calls:
            call.add_done_callback(lambda _call: self._came_back(over))

    def _came_back(self, over: Callable[[], None]) -> None:
        with self._lock:
            self._left -= 1
            if self._left != 0:
                return
            self.is_over = True
        over()


Talk = Generator[Wait, None, T]
"""A conversation that ends with a value."""


class RunOver(Exception):
    """Nothing more is asked in this run. What was about to be asked is asked by the next."""


@dataclass(slots=True)
class _Waiting:
    talk: Talk[None]
    wait: Wait
    since: float
    until: float


class Conversations:
    """Those of a run, one at most by each name. For the one thread that decides."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._waiting)

    @property
    def until(self) -> float:
        """When (monotonic) the next of them goes on though it was not answered."""
        return min((each.until for each in self._waiting.values()), default=float("inf"))

    def begin(self, name: str, talk: Talk[None]) -> None:
        """Begin a conversation, and go on as far as it does not wait. Raises what it raises."""
        self._step(name, talk)

    def has_news(self) -> bool:
        return any(each.wait.is_over for each in list(self._waiting.values()))

    def go_on(self) -> bool:
        """Go on with those that need not wait any longer; say whether one ended."""
        before = len(self._waiting)
        now = self._clock.monotonic()
        for name, each in list(self._waiting.items()):
            if each.wait.is_over or now >= each.until:
                self._step(name, each.talk)
        return len(self._waiting) < before

    def unanswered(self, seconds: float) -> Mapping[str, tuple[Wait, float]]:
        """Return, by name, what those wait for that have waited so long, and since when (monotonic)."""
        now = self._clock.monotonic()
        return {
            name: (each.wait, each.since)
            for name, each in self._waiting.items()
            if now - each.since >= seconds
        }

    def unanswered_at(self, seconds: float) -> float:
        """Return when (monotonic) the next of them will have waited so long."""
        now = self._clock.monotonic()
        ends = (each.since + seconds for each in self._waiting.values())
        return min((end for end in ends if end > now), default=float("inf"))

    def end(self, error: Callable[[Wait], Exception]) -> None:
        """End all: what each of them waits for fails with an error. They must not ask for anything more."""
        for name, each in list(self._waiting.items()):
            self._step(name, each.talk, None if each.wait.is_over else error(each.wait))
        self._waiting.clear()

    def _step(self, name: str, talk: Talk[None], error: Exception | None = None) -> None:
        self._waiting.pop(name, None)
        try:
            wait = next(talk) if error is None else talk.throw(error)
        except (StopIteration, RunOver):
            return
        now = self._clock.monotonic()
        since = now if wait.since is None else wait.since
        self._waiting[name] = _Waiting(talk, wait, since, now + wait.seconds)
        wait.watch(self._clock.wake)


def complete(clock: Clock, talk: Talk[T], observe: Observer = lambda _notice: None) -> T:
    """Hold one conversation to its end and return its value. Raises what it raises. Who does not answer is named."""
    while True:
        try:
            wait = next(talk)
        except StopIteration as end:
            value: T = end.value
            return value
        wait.watch(clock.wake)
        _sit_out(clock, wait, observe)


def _sit_out(clock: Clock, wait: Wait, observe: Observer) -> None:
    began = clock.monotonic()
    until = began + wait.seconds
    is_told = False
    while not wait.is_over and (now := clock.monotonic()) < until:
        if now - began >= SLOW and not is_told:
            observe(Trouble(wait.subject, f"{wait.subject} for {now - began:.0f} s"))
            is_told = True
        clock.listen(until if is_told else min(until, began + SLOW), lambda: wait.is_over)
