"""Whether a store does what a state in it relies on, tried before it is believed."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from docbatch.core.errors import DocbatchError, StateError
from docbatch.state.remote.object_names import PROBES, probe_name
from docbatch.state.remote.record_stores import CREATING, REPLACING, RecordStore, drive, unfit
from docbatch.state.remote.store_requests import Get, ListBelow, Put, Remove, StoredObject, put_new, put_over

TIMES = 3
RACING = 16


def require_fitness(store: RecordStore, draw: Callable[[], str], wait: Callable[[float], None]) -> None:
    """Try a store, and leave nothing there. Raises UnfitStore with what it does not do.

    It finds what a store never does, or does not know of; that it always does, its vendor has to promise.
    """
    for _ in range(TIMES):
        name = probe_name(draw())
        try:
            _try_conditions(store, name, wait)
            _try_race(store, name)
        except DocbatchError:
            # Why it is unfit is worth more than that it does not remove either.
            with contextlib.suppress(DocbatchError):
                store.answer(Remove(name))
            raise
        store.answer(Remove(name))


def _try_conditions(store: RecordStore, name: str, wait: Callable[[float], None]) -> None:
    first = drive(put_new(name, b"first"), store, wait)
    _require(store.answer(Put(name, b"other")) is None, f"it ignores {CREATING}: an object was written over")
    found = store.answer(Get(name))
    _require(found is not None and found.content == b"first", "what was written is not read at once")
    _require(found is not None and found.tag == first.tag, "an object's tag changes without the object")
    listed = [each.name for each in store.answer(ListBelow(PROBES))]
    _require(name in listed, "what was written is not listed at once")
    _require_replaced(store, name, first, wait)
    _require(
        store.answer(Put(name, b"third", first.tag)) is None,
        f"it ignores {REPLACING}: an object was replaced that was another by then",
    )
    store.answer(Remove(name))
    _require(store.answer(Get(name)) is None, "what was removed is still read")


def _require_replaced(
    store: RecordStore, name: str, first: StoredObject, wait: Callable[[float], None]
) -> None:
    try:
        second = drive(put_over(name, b"second", first), store, wait)
    except StateError:
        found = store.answer(Get(name))
        _require(
            found is None or found.tag != first.tag,
            f"under {REPLACING}, an object is not replaced that is just that one",
        )
        raise
    _require(second is not None and second.content == b"second", "what was written is not read at once")


def _try_race(store: RecordStore, name: str) -> None:
    with ThreadPoolExecutor(RACING) as threads:
        puts = [Put(name, str(number).encode()) for number in range(RACING)]
        won = [put.content for put, tag in zip(puts, threads.map(store.answer, puts), strict=True) if tag]
    found = store.answer(Get(name))
    # The answer to the one that was done may be lost.
    _require(
        len(won) <= 1,
        f"of {RACING} who created one object at once, {len(won)} were told that they did, under {CREATING}",
    )
    _require(found is not None and won in ([], [found.content]), "an object is not what its creator wrote")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise unfit(otherwise)
