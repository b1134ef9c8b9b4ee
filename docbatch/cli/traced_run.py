"""A run with traces: its notices become spans, and the end of it waits a bounded time for the collector."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import docbatch
from docbatch import Notice
from docbatch.cli.run_spans import RunSpans
from docbatch.cli.span_collector import SpanCollector
from docbatch.cli.traces import ENDPOINTS, INTERRUPTED, SUBJECT, Checked, Observe

if TYPE_CHECKING:
    from docbatch import PlanReport

PATIENCE: Final = 5.0
"""Seconds that a run waits at its end, at most, for a collector to take what is left."""
INTERRUPTED_PATIENCE: Final = 1.0
"""The same where somebody asked it to end."""


class TracedRun:
    """Takes notices and hands them on. Nothing that goes wrong with spans gets any further than to a trouble at the end."""

    def __init__(self, observe: Observe) -> None:
        self._observe = observe
        self._collector = SpanCollector()
        self._spans = RunSpans(self._collector.tracer)
        self._code: int | None = None
        self._broken: str | None = None

    def observe(self, notice: Notice) -> None:
        self._try(lambda: self._spans.add(notice))
        self._observe(notice)

    def planned(self, report: "PlanReport", checked: Checked) -> None:
        self._try(lambda: self._spans.planned(report, checked()))

    def ended(self, code: int) -> None:
        self._code = code

    def failed(self, error: BaseException, code: int | None) -> None:
        """Learn what ended the run; of its message, which may quote anything, nothing is kept."""
        self._code = code
        self._try(lambda: self._spans.failed(type(error).__name__))

    def close(self) -> Iterator[docbatch.Trouble]:
        """End all spans and yield, once the collector has them or does not take them in time, what went wrong."""
        self._try(lambda: self._spans.end(self._code))
        is_asked_to_end = self._code == INTERRUPTED
        lost = self._collector.close(INTERRUPTED_PATIENCE if is_asked_to_end else PATIENCE)
        if self._broken is not None:
            yield docbatch.Trouble(SUBJECT, f"traces are incomplete: making them raised {self._broken}")
        if lost is not None:
            hint = f"{ENDPOINTS[1]} or {ENDPOINTS[0]} names it; the run itself is not affected"
            yield docbatch.Trouble(SUBJECT, f"{SUBJECT}: {lost}", hint)

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - a run does not end for its traces
            self._broken = type(error).__name__
