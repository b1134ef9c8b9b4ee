"""A real state with its spool, as one who holds the lock takes them up, and killed at an effect."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from docbatch.core.errors import StateError
from docbatch.spool import Spool
from docbatch.state.store import Store
from docbatch.testing.tripwire import Killed, Tripwire, wired


@contextlib.contextmanager
def taken_up(folder: Path) -> Iterator[tuple[Store, Spool]]:
    with Store.writable(folder) as store, contextlib.closing(Spool(folder / "spool", store.results)) as spool:
        spool.sweep()
        spool.clear_leftovers(whole=store.restored() is None)
        yield store, spool


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Spool]:
    with taken_up(folder) as (_, spool):
        yield spool


def killed(folder: Path, act: Callable[[Spool], object], wire: Tripwire) -> None:
    """Do something to an opened spool, and die at the wire's effect. Nothing is really flushed."""
    with contextlib.suppress(Killed), wired(wire), opened(folder) as spool:
        act(spool)


def unread(folder: Path, digests: list[str]) -> list[str]:
    """Return those of the results that nobody can read at this moment."""
    lost = []
    with Store.readable(folder) as store:
        spool = Spool(folder / "spool", store.results)
        for digest in digests:
            try:
                spool.read(digest)
            except StateError:
                lost.append(digest)
    return lost
