"""Checking that a state is sound: against everything it promises about itself."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from docbatch.core.errors import StateError
from docbatch.core.lifecycle import replay
from docbatch.engine.administration.edit_state import locked
from docbatch.spool import Spool
from docbatch.state.items import RecordedItem
from docbatch.state.proofs import faults, forgive
from docbatch.state.store import Store

Row = TypeVar("Row")
UNREADABLE = (StateError, ValueError, TypeError, LookupError, AttributeError)
"""What reading a damaged row may raise."""


def check(folder: Path) -> Iterator[str]:
    """Yield what is wrong with the state and its results; nothing when all is well. Changes nothing."""
    with Store.readable(folder) as store, store.database.still():
        yield from _sqlite(store)
        wrong = list(faults(store.database.connection))
        yield from wrong
        for rows in (store.items.all, store.submissions.all, store.events.all, store.looks.all):
            yield from _rows(rows)
        try:
            yield from _histories(store)
            yield from _results(store)
        except UNREADABLE as error:
            if not wrong:
                raise
            yield f"what is damaged keeps the rest from being checked: {error}"


def _sqlite(store: Store) -> Iterator[str]:
    for (message,) in store.database.execute("PRAGMA integrity_check").fetchall():
        if message != "ok":
            yield f"SQLite: {message}"
    for table, row, parent, _ in store.database.execute("PRAGMA foreign_key_check").fetchall():
        yield f"row {row} of {table} refers to a row of {parent} that is not there"


def _rows(rows: Callable[[], Iterator[object]]) -> Iterator[str]:
    try:
        for _ in rows():
            pass
    except StateError as error:
        yield error.message
    except UNREADABLE as error:
        yield f"a record cannot be read: {error}"


def _histories(store: Store) -> Iterator[str]:
    """Compare each submission's status with what its events lead to."""
    for submission in _sound(store.submissions.all()):
        try:
            status = replay(entry.event for entry in store.events.of(submission.id))
        except StateError as error:
            yield f"submission {submission.id}: {error.message}"
            continue
        if status is not submission.status:
            yield f"submission {submission.id} is {submission.status}, but its events say {status}"


def _sound(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield rows up to the first that is damaged, which was told already."""
    with contextlib.suppress(StateError):
        yield from rows


def _results(store: Store) -> Iterator[str]:
    for item, error in _lost_results(store):
        yield f"item {item.key[:12]}: {error.message}"


def _lost_results(store: Store) -> Iterator[tuple[RecordedItem, StateError]]:
    """Read every result that a document wants; yield the items that lack theirs, and what is wrong with it."""
    spool = Spool(store.folder / "spool")
    for item in _sound(store.items.all()):
        if item.result is not None and store.documents.places(item.row):
            try:
                spool.read(item.result)
            except StateError as error:
                yield item, error


def repair(folder: Path) -> int:
    """Have what lost its result written anew, so that the next apply finds the loss and brings it back; return how many results.

    What the state has wrong of documents and outputs is taken as it is: the next apply compares it with the files.
    Raises NoState, StateLocked, StateError.
    """
    with locked(folder) as store:
        with store.write():
            forgive(store.database.connection)
        lost = sorted({item.row for item, _ in _lost_results(store)})
        with store.write():
            store.deliveries.make_due(lost)
    return len(lost)
