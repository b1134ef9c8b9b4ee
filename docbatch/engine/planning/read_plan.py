"""Reading a state to make a plan from it: nothing is held or written, no vendor is asked and no key is needed."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from docbatch.core.errors import NoState
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.plan import AT_HAND, Plan, Selection, Sight, plan
from docbatch.sources.statcache import StatCache
from docbatch.state.foreign_things import refuse_foreign_entries
from docbatch.state.home import Home
from docbatch.state.store import Store


@contextlib.contextmanager
def read_plan(selection: Selection, sight: Sight = AT_HAND) -> Iterator[Plan]:
    """Make a plan from the state as it is read, holding nothing and needing no key; there may be no state yet.

    Raises GuardRefused, UsageError, StateError.
    """
    folder = selection.folder
    with contextlib.ExitStack() as stack:
        if not selection.stateless:
            refuse_foreign_entries(folder)
        store = None if selection.stateless else _recorded(folder)
        if store is not None:
            stack.enter_context(store)
        # Where there is no state folder, or none that can be written to, nothing is cached.
        usable = not selection.stateless and folder.is_dir() and os.access(folder, os.W_OK)
        cache = stack.enter_context(contextlib.closing(StatCache(folder / "cache.db" if usable else None)))
        yield plan(selection, store, cache, stack.enter_context(Differences()), sight)


def _recorded(folder: Path) -> Store | None:
    try:
        return Home.at(folder).readable()
    except NoState:
        return None
