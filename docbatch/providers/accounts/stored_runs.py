"""The runs of one account as they lie in a store: an object for each, which says what it does, and by its date that it lives.

Nothing here decides about money: it only makes runs ask less. So no write has a condition, and a run that is wrong about the
others is as fast or as slow as one that knows of none. All ages are differences of two dates of the store.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from docbatch.providers.accounts.account_run import LONGEST_WAIT, AccountRun, read_run
from docbatch.stores.faults import ObjectMissing, StoreFault

if TYPE_CHECKING:
    from docbatch.stores.object_store import NewestObject

EXPIRES_AFTER = 120.0
"""Seconds after which a run that did not say anything is dead."""
FORGOTTEN_AFTER = 3600.0
"""Seconds after which what a dead run left is removed by who sees it."""
MOST_RUNS = 256
"""Runs that are looked at; nobody's share is smaller than one of so many."""
LONGEST = 4096


class RunObjects(Protocol):
    """What is asked of a store. Every method raises StoreFault."""

    def overwrite(self, key: str, content: bytes) -> None: ...

    def windows(self, prefix: str) -> Iterator[Sequence[Any]]: ...

    def read_newest(self, key: str, most: int) -> "NewestObject": ...

    def delete(self, key: str) -> None: ...


class SeenRun(NamedTuple):
    """Another run, and how many seconds ago it said so, by the dates of the store."""

    run: AccountRun
    age: float

    def wait(self, sort: str) -> float:
        """Return for how many seconds from now it may make no request of a sort."""
        return max(0.0, min(self.run.waits.get(sort, 0.0), LONGEST_WAIT) - self.age)


class StoredRuns:
    """The runs of an account below a `folder` of keys, of which this one is `name`. `store` is opened with the first look."""

    def __init__(self, store: Callable[[], RunObjects], folder: str, name: str) -> None:
        self._open = store
        self._folder = folder
        self._key = f"{folder}/{name}"
        self._store: RunObjects | None = None
        self._known: dict[str, tuple[str | None, AccountRun]] = {}
        self._is_there = False

    def look(self, run: AccountRun) -> tuple[SeenRun, ...]:
        """Say what this run does, and return the others that live. Raises StoreFault, and what opening the store raises.

        Takes a put and a list, and a read for each of the others that said something else than before.
        """
        store = self._store = self._store or self._open()
        # What is not known to be there may be there all the same.
        self._is_there = True
        store.overwrite(self._key, run.written())
        listed = {each["path"]: each for window in store.windows(self._folder) for each in window}
        mine = listed.pop(self._key, None)
        if mine is None:
            raise StoreFault("the store does not list what was just written to it")
        now = mine["last_modified"].timestamp()
        ages = {key: now - each["last_modified"].timestamp() for key, each in listed.items()}
        for key in [key for key, age in ages.items() if age > FORGOTTEN_AFTER]:
            with suppress(StoreFault):
                store.delete(key)
        living = [key for key, age in ages.items() if age <= EXPIRES_AFTER][:MOST_RUNS]
        self._known = {key: found for key, found in self._known.items() if key in living}
        seen = (self._seen(store, key, listed[key]["e_tag"], ages[key], now) for key in living)
        return tuple(each for each in seen if each is not None)

    def leave(self) -> None:
        """Be none of them any more. Raises StoreFault."""
        if self._store is not None and self._is_there:
            self._store.delete(self._key)
            self._is_there = False

    def _seen(self, store: RunObjects, key: str, etag: str | None, age: float, now: float) -> SeenRun | None:
        known = self._known.get(key)
        if known is None or etag is None or known[0] != etag:
            try:
                found = store.read_newest(key, LONGEST)
            except ObjectMissing:
                # It ended since it was listed.
                return None
            known = self._known[key] = found.facts.etag, read_run(found.content)
            age = now - found.facts.modified
        return SeenRun(known[1], max(0.0, age))
