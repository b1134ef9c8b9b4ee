"""Writing some documents' rows while those of the next are made: who writes waits most of the time, for a server or a library."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from typing import TypeVar

from docbatch.processes.daemon_pool import DaemonPool
from docbatch.sinks.base import Fault, Receipt

Window = TypeVar("Window")
Outcomes = Sequence[Receipt | Fault]


def written_in_turn(
    windows: Iterable[Window | Fault], write: Callable[[Window], Outcomes]
) -> Iterator[Receipt | Fault]:
    """Write each window before the next is made."""
    for window in windows:
        if isinstance(window, Fault):
            yield window
        else:
            yield from write(window)


def written_beside(
    windows: Iterable[Window | Fault], write: Callable[[Window], Outcomes]
) -> Iterator[Receipt | Fault]:
    """Write windows in their order, one at a time, in a thread of their own; yield what became of each, and faults that come in their place.

    A window's receipts are yielded once it is written, and its faults before the next one is begun. Raises what writing raises, and
    nothing is begun after that. Whoever asks for no more waits until what was begun is done.
    """
    writer = DaemonPool(1, "docbatch-rows")
    under_way: Future[Outcomes] | None = None
    try:
        for window in windows:
            if isinstance(window, Fault):
                yield window
                continue
            outcomes = () if under_way is None else under_way.result()
            if any(isinstance(each, Fault) for each in outcomes):
                yield from outcomes
                outcomes = ()
            under_way = writer.submit(write, window)
            yield from outcomes
        if under_way is not None:
            yield from under_way.result()
    finally:
        writer.close()
        if under_way is not None:
            wait([under_way])
        # An error that it holds leads back to here.
        del under_way
