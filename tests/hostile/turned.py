"""Runs of the command in this process against an emulator whose time is turned on instead of waited for."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from docbatch.emulators.server import Emulator
from docbatch.engine.clock import SystemClock
from docbatch.engine.connections import backoff
from docbatch.engine.running import apply
from docbatch.providers.http import rates

PIECE = 0.004


class TurnedClock(SystemClock):
    """Whoever waits has the time pass at once, unless something comes to pass first."""

    passed = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + TurnedClock.passed

    def wall(self) -> float:
        return super().wall() + TurnedClock.passed

    def wait(self, until: float, has_news: Callable[[], bool] = lambda: False) -> None:
        before = self.monotonic()
        super().wait(min(until, before + PIECE), has_news)
        if self.monotonic() - before >= PIECE and not has_news():
            TurnedClock.passed += max(0.0, until - self.monotonic())

    def listen(self, until: float, has_news: Callable[[], bool]) -> None:
        SystemClock.wait(self, until, has_news)


@contextmanager
def turned(emulator: Emulator) -> Iterator[None]:
    """Let waits of the engine pass at once, for the vendor as well."""
    TurnedClock.passed = 0.0
    emulator.clock = lambda: time.time() + TurnedClock.passed
    emulator.haste = 0.0
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(apply, "SystemClock", TurnedClock))
        stack.enter_context(mock.patch.object(rates, "PAUSE", 0.01))
        stack.enter_context(mock.patch.object(backoff, "LONGEST_PAUSE", 30.0))
        yield
