"""Checking that a state is sound: against everything it promises about itself."""

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from docbatch.core.errors import ResultLost, StateError
from docbatch.core.lifecycle import replay
from docbatch.engine.administration.edit_state import locked
from docbatch.naming.pathtext import escape
from docbatch.spool import Spool
from docbatch.spool.found_again import find_again
from docbatch.spool.readers import reading
from docbatch.state.home import Home
from docbatch.state.proofs import faults
from docbatch.state.store import Store

Row = TypeVar("Row")
UNREADABLE = (StateError, ValueError, TypeError, LookupError, AttributeError)
"""What reading a damaged row may raise."""

KEPT = (
    "the document is no longer found, and stays in the job's file only until that is written again, unless the document is"
    " put back: then apply brings the result back"
)


@dataclass(frozen=True, slots=True)
class StateFault:
    """Something that is wrong.

    `item` is the row of the item whose result is missing or damaged, where it is that; what `is_free` is of documents and
    outputs, which can be taken as they are. `is_kept` is said of a result that only a job's file needs.
    """

    sentence: str
    item: int | None = None
    is_free: bool = False
    is_kept: bool = False

    @property
    def decides_about_money(self) -> bool:
        """Whether it can be mended by a backup alone, or by what vendors have."""
        return self.item is None and not (self.is_free or self.is_kept)


def check(folder: Path) -> Iterator[StateFault]:
    """Yield what is wrong with the state and its results; nothing when all is well. Changes nothing."""
    home = Home.at(folder)
    with reading(home.spool), home.readable() as store, store.database.still():
        yield from map(StateFault, _sqlite(store))
        if (note := home.damaged_note()) is not None:
            yield StateFault(note)
        wrong = [
            StateFault(each.sentence, is_free=each.is_free) for each in faults(store.database.connection)
        ]
        wrong += map(StateFault, unreadable(store))
        yield from wrong
        try:
            yield from map(StateFault, _histories(store))
            yield from _results(store)
        except UNREADABLE as error:
            if not wrong:
                raise
            yield StateFault(f"what is damaged keeps the rest from being checked: {error}")


def _sqlite(store: Store) -> Iterator[str]:
    for (message,) in store.database.execute("PRAGMA integrity_check").fetchall():
        if message != "ok":
            yield f"SQLite: {message}"
    for table, row, parent, _ in store.database.execute("PRAGMA foreign_key_check").fetchall():
        yield f"row {row} of {table} refers to a row of {parent} that is not there"


def unreadable(store: Store) -> Iterator[str]:
    """Yield what is wrong with rows that carry money, by their own checksums."""
    for rows in (store.items.all, store.submissions.all, store.events.all, store.looks.all):
        yield from _rows(rows)


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


def _results(store: Store) -> Iterator[StateFault]:
    """Read every result that a document wants, or the file of a whole job for one that is no longer found."""
    spool = Spool(store.home.spool, store.results, packs=store.home.packs)
    named: set[str] = set()
    for item in _sound(store.items.all()):
        if item.result is None or not store.documents.places(item.row):
            continue
        if (loss := _loss(spool, item.result)) is not None:
            named.add(item.result)
            yield StateFault(f"item {item.key[:12]}: {loss}", item.row)
    for job, path, result in store.deliveries.lines_kept():
        if result not in named and (loss := _loss(spool, result)) is not None:
            yield StateFault(f"job '{job}', {escape(path)}: {loss}; {KEPT}", is_kept=True)


def _loss(spool: Spool, result: str) -> str | None:
    """Return what is wrong with a result. Raises StateError, CredentialsError where a store that has it cannot be asked."""
    try:
        place = spool.where(result)
    except StateError as error:
        return error.message
    try:
        spool.read(result, place)
    except ResultLost as error:
        return error.message
    return None


def repair(folder: Path, items: Collection[int], *, dry_run: bool = False) -> int:
    """Mend what costs nothing, or only look, and return how many lost results were found again in a pack.

    The other lost ones are written anew, so that the next apply finds the loss and brings them back. What the state has
    wrong of documents and outputs is taken as it is: the next apply compares it with the files.
    Raises NoState, StateLocked, StateError.
    """
    with (
        locked(folder) as store,
        contextlib.closing(Spool(store.home.spool, store.results, packs=store.home.packs)) as spool,
    ):
        results = {row: store.items.by_row(row).result for row in items}
        lost = {result for result in results.values() if result is not None}
        lost.update(result for *_, result in store.deliveries.lines_kept() if _loss(spool, result))
        again = dict(find_again(spool, lost))
        if dry_run:
            return len(again)
        with store.write():
            store.forgive()
            store.results.put(again.items())
            store.deliveries.make_due([row for row, result in results.items() if result not in again])
        return len(again)
