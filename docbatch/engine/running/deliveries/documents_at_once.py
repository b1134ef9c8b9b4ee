"""How many documents a sink is handed at once, how many are recorded at once, and when it is enough for now."""

from collections.abc import Iterable, Iterator
from itertools import islice

from docbatch.engine.running.run_context import Run
from docbatch.sinks.base import Delivery, Fault, Receipt

WINDOW = 512
STRETCH = 2048
"""Receipts that are recorded at once of sinks that are handed a stream: each time costs a flush of the disk."""
LONGEST = 2.0
"""Seconds for which more than a window is handed over, so that vendors are asked in between as well."""


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


def in_stretches(outcomes: Iterable[Receipt | Fault], faults: list[Fault]) -> Iterator[list[Receipt]]:
    """Yield receipts, some at a time; what is no receipt is added to the `faults`."""

    def receipts() -> Iterator[Receipt]:
        for outcome in outcomes:
            if isinstance(outcome, Fault):
                faults.append(outcome)
            else:
                yield outcome

    rest = receipts()
    while stretch := list(islice(rest, STRETCH)):
        yield stretch
