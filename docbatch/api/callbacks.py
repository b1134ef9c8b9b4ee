"""Calling what a program hands in: one call at a time, and what it raises stays its own."""

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from docbatch.api.documented_errors import documented
from docbatch.core.report import PlanReport
from docbatch.engine.progress_notices import Notice, Observer
from docbatch.engine.running.apply import ApplyOutcome, Assignment, apply
from docbatch.invocation import called

_LOG = logging.getLogger("docbatch.run")
T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")


class Callbacks:
    """What is to be called in a run. The first error that a call raises is the last call of all."""

    def __init__(
        self, on_event: Callable[[Notice], object] | None, agree: Callable[[PlanReport], bool] | None
    ) -> None:
        self._on_event = on_event
        self._agree = agree
        self._error: Exception | None = None
        self._lock = threading.Lock()

    def run(self, work: Callable[[Observer, Callable[[PlanReport], bool]], T]) -> T:
        """Return what the work returns; raise what a call raised, whatever the work made of it."""
        outcome = None
        with contextlib.suppress(_CallRaised):
            outcome = work(self._tell, self._ask)
        if self._error is not None:
            raise self._error
        assert outcome is not None
        return outcome

    def _tell(self, notice: Notice) -> None:
        if _LOG.isEnabledFor(logging.INFO):
            _LOG.info("%s", notice)
        if self._on_event is not None:
            self._call(self._on_event, notice)

    def _ask(self, report: PlanReport) -> bool:
        return self._agree is None or bool(self._call(self._agree, report))

    def _call(self, function: Callable[[S], R], value: S) -> R:
        with self._lock:
            if self._error is not None:
                raise _CallRaised
            try:
                return function(value)
            except Exception as error:
                self._error = error
                # The engine may take errors of some types for its own, such as those of SQLite.
                raise _CallRaised from error


class _CallRaised(Exception):
    """Ends the run."""


def applied_unreported(
    work: Assignment,
    on_event: Callable[[Notice], object] | None,
    agree: Callable[[PlanReport], bool] | None,
) -> ApplyOutcome:
    """Return how jobs stand after a run in which a program is asked and told."""

    @documented()
    @called("apply")
    def run(observe: Observer, announce: Callable[[PlanReport], bool]) -> ApplyOutcome:
        return apply(work, observe, announce)

    return Callbacks(on_event, agree).run(run)
