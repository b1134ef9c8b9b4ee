"""How many documents a sink is handed at once, and when it is enough for now."""

from collections.abc import Iterable, Iterator

from docbatch.engine.running.run_context import Run
from docbatch.sinks.base import Delivery
from docbatch.sinks.kind import SinkKind

WINDOW = 512
SERVED_WINDOW = 4096
"""Of sinks that a server keeps: what is asked of it and noted in the state is worth more documents at once."""
LONGEST = 2.0
"""Seconds for which more than a window is handed over, so that vendors are asked in between as well."""


def documents_at_once(kind: SinkKind) -> int:
    """Return how many documents a sink is handed at most before they are recorded."""
    return SERVED_WINDOW if kind.is_served else WINDOW


def until_stopped(run: Run, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    """Yield what is to be written, each document by itself, until the run is to end: the next one writes the rest."""
    for each in deliveries:
        yield each
        if run.stop.is_asked:
            return


def for_a_while(run: Run, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    """Yield what is to be written until the run is to end, or more than a window takes long: the next time the rest is."""
    until = run.clock.monotonic() + LONGEST
    for number, each in enumerate(deliveries, 1):
        yield each
        if run.stop.is_asked or (number >= WINDOW and run.clock.monotonic() >= until):
            return
