"""The time that a run is given is up once something has happened, and not when a clock says so: a busy machine changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from unittest import mock

from docbatch.engine import clock
from docbatch.engine.running import apply
from tests.cli.project import Ended, Project

AGES = 36_000.0
SOON = 0.02
"""Seconds between looks at whether it has happened."""


class HastyClock(clock.SystemClock):
    """Is far ahead once something has happened; without anything to look for, once the run has nothing to do but wait."""

    def __init__(self, has_happened: Callable[[], bool] | None) -> None:
        super().__init__()
        self._is_over = False
        self._has_happened = has_happened

    def monotonic(self) -> float:
        self._is_over = self._is_over or (self._has_happened is not None and self._has_happened())
        return super().monotonic() + (AGES if self._is_over else 0.0)

    def wait(self, until: float, has_news: Callable[[], bool] = lambda: False) -> None:
        self._is_over = self._is_over or self._has_happened is None
        super().wait(until, has_news)

    def listen(self, until: float, has_news: Callable[[], bool]) -> None:
        super().wait(until, has_news)


def apply_until(project: Project, has_happened: Callable[[], bool] | None, *arguments: str) -> Ended:
    """Run `apply` in this process, and end its time once that has happened."""
    with _hasty(has_happened):
        return project.call("apply", "--timeout", "60s", *arguments)


@contextmanager
def _hasty(has_happened: Callable[[], bool] | None) -> Iterator[None]:
    made = partial(HastyClock, has_happened)
    with mock.patch.object(apply, "SystemClock", made), mock.patch.object(clock, "GLANCE", SOON):
        yield
