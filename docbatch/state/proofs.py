"""Proving that rows are as they were written: a few before something is sent, all of them when a person asks.

What decides about money is proven before it is acted on: small tables whole, open submissions with their entries and
histories, how many items wait or ended badly, and of the other items those among which a new one would be. What else is
damaged costs nothing: documents and outputs are compared with the files themselves in every run.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from docbatch.core.errors import StateError
from docbatch.naming.pathtext import escape
from docbatch.state.history_schema import HISTORY_TABLES
from docbatch.state.objects_schema import OBJECT_TABLES
from docbatch.state.outputs_schema import OUTPUT_TABLES
from docbatch.state.tallies import (
    OPEN_SUBMISSIONS,
    RowTally,
    TalliedTable,
    TallyKeeper,
    TallyPart,
    damage,
    entries_of,
    events_of,
    items_like,
    prove_counts,
    recorded,
    tables,
    tallied,
)

LARGE = frozenset(
    {
        "item",
        "document",
        "delivery",
        "submission",
        "submission_item",
        "event",
        "remote_object",
        "charge",
        "waiting",
        "selected_item",
        "failure",
        "former",
        "former_acceptance",
        "queued_again",
        "run",
        "job_change",
        "unneeded",
        "companion",
        "written",
        *OBJECT_TABLES,
    }
)
"""Tables that grow with the documents or with the runs; the others grow with the specs, or with what is open."""
FREE = (
    "delivery",
    "document",
    "failed_upload",
    "hindrance",
    "remote_object",
    "selected_item",
    "waiting",
    *HISTORY_TABLES,
    *OUTPUT_TABLES,
    *OBJECT_TABLES,
)
"""Tables that decide about no money: what they lack or have wrong is found anew, and written anew."""


class Proofs:
    """Proofs for the one writer. What was proven once is not read again: nobody else writes."""

    def __init__(self, connection: sqlite3.Connection, keeper: TallyKeeper) -> None:
        self._connection = connection
        self._keeper = keeper
        self._tables = tables(connection)
        self._proven: set[tuple[str, str]] = set()
        self._has_sound_counts = False

    def prove_what_is_open(self) -> None:
        """Raise StateError when something is damaged that decides what a run does first."""
        for name, table in self._tables.items():
            if name not in LARGE:
                self._hold(name, tallied(self._connection, table), None)
        self.prove(OPEN_SUBMISSIONS)
        for (identity,) in self._connection.execute(
            f"SELECT id FROM submission WHERE {OPEN_SUBMISSIONS.where}"
        ).fetchall():
            self.prove_submission(identity)
        self._prove_unfinished()

    def prove_counts(self) -> None:
        """Raise StateError when a count is damaged that a later step would need: better now, before something is sent."""
        if not self._has_sound_counts:
            for name in self._tables:
                prove_counts(self._connection, name)
            self._has_sound_counts = True

    def prove_submission(self, identity: str) -> None:
        """Raise StateError when something is gone, or another, of a submission's entries, items and history."""
        self.prove(entries_of(identity))
        self.prove(events_of(identity))
        lost = self._connection.execute(
            "SELECT 1 FROM submission_item WHERE submission = ? AND item NOT IN (SELECT id FROM item) LIMIT 1",
            (identity,),
        ).fetchone()
        if lost is not None:
            self._blame("item")

    def prove_item(self, key: str) -> None:
        """Raise StateError when an item of this key may have been lost: it would be taken for new."""
        self.prove(items_like(key))

    def forgive(self) -> None:
        """Inside the current transaction: take the tables that decide about no money as they are."""
        found = self._tables
        self._keeper.count_anew(
            [name for name in FREE if name in found and any(_of(self._connection, found[name]))]
        )

    def prove(self, part: TallyPart) -> None:
        if (part.table, part.name) not in self._proven:
            found = tallied(self._connection, self._tables[part.table], part)
            self._hold(part.table, {part.name: found.get(part.name, RowTally())}, (part.name,))
            self._proven.add((part.table, part.name))

    def _prove_unfinished(self) -> None:
        """Count them only: an index has their numbers, and each is held to its checksum when it is acted on."""
        counts = self._connection.execute(
            "SELECT status, count(*) FROM item WHERE status <> 'succeeded' GROUP BY status"
        ).fetchall()
        now = self._keeper.now("item", tuple(f"are {status}" for status in _STATUSES))
        expected = {name.removeprefix("are "): tally.count for name, tally in now.items() if tally.count}
        if dict(counts) != expected:
            self._blame("item")

    def _hold(self, table: str, found: Mapping[str, RowTally], names: tuple[str, ...] | None) -> None:
        now = self._keeper.now(table, names)
        empty = RowTally()
        if any(found.get(name, empty) != now.get(name, empty) for name in {*found, *now}):
            self._blame(table)

    def _blame(self, table: str) -> None:
        known = self._keeper.now(table)
        found = tallied(self._connection, self._tables[table])
        raise damage(
            list(_differences(table, known, found)) or [f"counts that are kept of table {table} are not"]
        )


_STATUSES = ("pending", "live", "failed", "partial", "held")


class RowFault(NamedTuple):
    """A row that is gone, or is not as it was written. What `is_free` decides about no money, and can be taken as it is."""

    sentence: str
    is_free: bool


def faults(connection: sqlite3.Connection) -> Iterator[RowFault]:
    """Yield what is wrong with the rows of every table. Reads all there is."""
    for name, table in tables(connection).items():
        is_free = name in FREE
        try:
            known = recorded(connection, name)
        except StateError as error:
            yield RowFault(error.message, is_free)
        else:
            for sentence in _differences(name, known, tallied(connection, table)):
                yield RowFault(sentence, is_free)


def _of(connection: sqlite3.Connection, table: TalliedTable) -> Iterator[str]:
    return _differences(table.name, recorded(connection, table.name), tallied(connection, table))


def _differences(table: str, known: Mapping[str, RowTally], found: Mapping[str, RowTally]) -> Iterator[str]:
    """Name rows by the cells that differ; where those tell nothing, by the parts."""
    gone: set[str] = set()
    new: set[str] = set()
    unnamed = []
    for name in sorted({*known, *found}):
        was, now = known.get(name, RowTally()), found.get(name, RowTally())
        if was == now:
            continue
        if name.startswith("cell ") and abs(was.count - now.count) == 1:
            (gone if was.count > now.count else new).add(_named(was.keys ^ now.keys))
        else:
            unnamed.append(f"table {table}: rows ({name}) are not as they were written")
    yield from (f"table {table}: row {key} is not as it was written" for key in sorted(gone & new))
    yield from (f"table {table}: row {key} is missing" for key in sorted(gone - new))
    yield from (f"table {table}: row {key} was not written by docbatch" for key in sorted(new - gone))
    if not gone and not new:
        yield from unnamed


def _named(key: int) -> str:
    text = key.to_bytes((key.bit_length() + 7) // 8, "little")
    return " ".join(escape(part) for part in text.split(b"\0")) or "''"
