"""How many rows every table has and what they say, kept in the transaction that changes them.

A tally holds a number of rows and the exclusive or of their digests and of their keys, so that each change costs the same
however many rows there are. A row counts in one of a table's cells, chosen by what it says: a row that is gone or is another
leaves its key as the difference of a cell, and can be named. Some rows also count in a part that an index leads to, so that
what is acted on can be proven without reading the rest of its table.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from docbatch.core.errors import StateError
from docbatch.state.checksum import Value, checksum
from docbatch.state.digests import as_text, span
from docbatch.state.shape import TABLES

CELLS = 64
_CELLS = tuple(f"cell {number}" for number in range(CELLS))
MOST_KEPT = 50_000
"""How many counts are kept in memory, so that what was written is not read again for each change of it."""
OPEN = ("intended", "unanswered", "submitted", "held")
Parts = tuple[tuple[str, int], ...]
LIKE = 3
"""How many digits items have in common that count in one part."""
KEYS: Mapping[str, tuple[str, ...]] = {"item": ("key",)}
"""What a row is called where that is not its primary key."""
DIGESTS: dict[str, tuple[str, ...]] = {"item": ("key", "digest", "result"), "delivery": ("result",)}
"""Columns of bytes that are text everywhere else."""
PROVEN_BY_READING = frozenset({"pack", "result", "stored_pack"})
"""Tables that say where results lie: what is read there is held to its digest, and a row that is wrong is one lost result."""


@dataclass(slots=True)
class RowTally:
    """Rows of a table or a part of it. Two are equal when they are of the same rows."""

    count: int = 0
    digests: int = 0
    keys: int = 0

    def add(self, count: int, digest: int, key: int) -> None:
        self.count += count
        self.digests ^= digest
        self.keys ^= key

    @property
    def is_empty(self) -> bool:
        return not (self.count or self.digests or self.keys)


@dataclass(frozen=True, slots=True)
class TallyPart:
    """Rows of a table that `where` chooses."""

    table: str
    name: str
    where: str
    parameters: tuple[Value, ...] = ()


def items_like(key: str) -> TallyPart:
    """Return the part in which an item of this key counts, whether there is one or not."""
    start = key[:LIKE]
    return TallyPart("item", f"like {start}", "key >= ? AND key <= ?", span(start))


def events_of(submission: str) -> TallyPart:
    return TallyPart("event", f"of {submission}", "submission = ?", (submission,))


def entries_of(submission: str) -> TallyPart:
    return TallyPart("submission_item", f"of {submission}", "submission = ?", (submission,))


OPEN_SUBMISSIONS = TallyPart(
    "submission", "open", "status IN ('intended', 'unanswered', 'submitted', 'held')"
)


class TalliedTable:
    """A table as it is tallied: its columns, and in which parts a row counts.

    Digests count as text, as they did before they were kept as bytes: what was counted then still holds.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        described = connection.execute(f"PRAGMA table_info({name})").fetchall()
        self.name = name
        self.columns = [column[1] for column in described]
        primary = [column[1] for column in sorted(described, key=lambda column: int(column[5])) if column[5]]
        self._key = [self.columns.index(column) for column in KEYS.get(name, primary)]
        self._status = self.columns.index("status") if "status" in self.columns else 0
        self._submission = self.columns.index("submission") if "submission" in self.columns else 0
        self._parts: Callable[[Sequence[Value], int], Parts] | None = {
            "item": self._of_item,
            "submission": self._of_submission,
            "event": self._of_its_submission,
            "submission_item": self._of_its_submission,
        }.get(name)

    def told(self, row: str) -> str:
        """Return SQL for what is weighed of a row, which is called so in the query."""
        own = DIGESTS.get(self.name, ())
        return ", ".join(
            as_text(f"{row}.{column}") if column in own else f"{row}.{column}" for column in self.columns
        )

    def weigh(self, row: Sequence[Value]) -> tuple[int, Parts]:
        """Return a row's key as a number, and the parts it counts in, each with the digest of what counts there."""
        digest = checksum(self.name, *row)
        if len(self._key) == 1:
            word = _bytes(row[self._key[0]])
        else:
            word = b"\0".join([_bytes(row[place]) for place in self._key])
        cell = _CELLS[digest % CELLS], digest
        parts = () if self._parts is None else self._parts(row, digest)
        return int.from_bytes(word, "little"), (cell, *parts)

    def _of_item(self, row: Sequence[Value], digest: int) -> Parts:
        # Only that there is an item of this key counts there, so that what becomes of it changes nothing.
        like = "like " + str(row[self._key[0]])[:LIKE], 0
        status = row[self._status]
        return (like,) if status == "succeeded" else (like, (f"are {status!s}", digest))

    def _of_submission(self, row: Sequence[Value], digest: int) -> Parts:
        return ((OPEN_SUBMISSIONS.name, digest),) if row[self._status] in OPEN else ()

    def _of_its_submission(self, row: Sequence[Value], digest: int) -> Parts:
        return ((f"of {row[self._submission]!s}", digest),)


def _bytes(value: Value) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def tables(connection: sqlite3.Connection) -> dict[str, TalliedTable]:
    """Return the tables whose rows count: all but those of others, of libraries, the tallies themselves and what reading proves."""
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    ours = TABLES.keys() - PROVEN_BY_READING - {"tally"}
    return {name: TalliedTable(connection, name) for (name,) in names if name in ours}


def tallied(
    connection: sqlite3.Connection, table: TalliedTable, part: TallyPart | None = None
) -> dict[str, RowTally]:
    """Read the rows of a table, or of a part of it, and return what they come to, by parts."""
    where, parameters = ("1", ()) if part is None else (part.where, part.parameters)
    rows = connection.execute(f"SELECT {table.told(table.name)} FROM {table.name} WHERE {where}", parameters)
    found: dict[str, RowTally] = {}
    for row in rows:
        key, parts = table.weigh(row)
        for name, digest in parts:
            found.setdefault(name, RowTally()).add(1, digest, key)
    return found


def recorded(
    connection: sqlite3.Connection, table: str, names: Iterable[str] | None = None
) -> dict[str, RowTally]:
    """Return what is recorded of a table, or of some of its parts. Raises StateError for a tally that is not as it was written."""
    if names is None:
        rows = connection.execute(f"{_READ} WHERE of_table = ?", (table,)).fetchall()
    else:
        one = f"{_READ} WHERE of_table = ? AND part = ?"
        rows = [row for name in names for row in connection.execute(one, (table, name)).fetchall()]
    return {name: _read(table, name, values) for name, *values in rows}


def prove_counts(connection: sqlite3.Connection, table: str) -> None:
    """Raise StateError when a count is not as it was written; those of single submissions are proven with them."""
    where = "WHERE of_table = ? AND NOT (part >= 'of ' AND part < 'of!')"
    for name, *values in connection.execute(f"{_READ} {where}", (table,)).fetchall():
        _read(table, name, values)


_READ = "SELECT part, rows, digests, keys, checksum FROM tally"


def _read(table: str, name: str, values: Sequence[Value]) -> RowTally:
    count, digests, keys, sealed = values
    if checksum(table, name, count, digests, keys) != sealed:
        raise damage([f"the count that is kept of table {table} ({name}) is not as it was written"])
    assert isinstance(count, int)
    assert isinstance(digests, int)
    assert isinstance(keys, bytes)
    return RowTally(count, digests, int.from_bytes(keys, "little"))


def write(connection: sqlite3.Connection, table: str, tallies: Mapping[str, RowTally]) -> None:
    """Record what parts of a table come to, in the place of what was recorded of them."""
    gone = [(table, name) for name, tally in tallies.items() if tally.is_empty]
    connection.executemany("DELETE FROM tally WHERE of_table = ? AND part = ?", gone)
    rows = (_row(table, name, tally) for name, tally in tallies.items() if not tally.is_empty)
    connection.executemany("INSERT OR REPLACE INTO tally VALUES (?, ?, ?, ?, ?, ?)", rows)


def _row(table: str, name: str, tally: RowTally) -> tuple[Value, ...]:
    keys = tally.keys.to_bytes((tally.keys.bit_length() + 7) // 8, "little")
    values = (table, name, tally.count, tally.digests, keys)
    return *values, checksum(*values)


def count_anew(connection: sqlite3.Connection, names: Iterable[str] | None = None) -> None:
    """Inside the current transaction: take tables as they are; all of them unless some are named."""
    found = tables(connection)
    for name in found if names is None else names:
        connection.execute("DELETE FROM tally WHERE of_table = ?", (name,))
        write(connection, name, tallied(connection, found[name]))


def damage(faults: Sequence[str]) -> StateError:
    more = f" (and {len(faults) - 1:,} more)" if len(faults) > 1 else ""
    return StateError(
        f"the state is damaged: {faults[0]}{more}",
        hint="'docbatch state check' names all of it. Restore .docbatch/state.db from a backup; 'docbatch recover' then"
        " takes over what was sent since",
    )


class TallyKeeper:
    """Counts what one connection writes, from when it `watch`es until it ends. Nobody else may write meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._tables = tables(connection)
        self._changes: dict[str, dict[str, RowTally]] = {}
        self._written: dict[tuple[str, str], RowTally] = {}

    def watch(self) -> None:
        """See every row that is written from now on. The triggers are this connection's own, and go with it."""
        self._connection.create_function("tally_row", -1, self._take)
        self._connection.create_function("tally_change", -1, self._exchange)
        # Otherwise what a REPLACE removes would go unseen.
        self._connection.execute("PRAGMA recursive_triggers = ON")
        for name, table in self._tables.items():
            old, new = table.told("OLD"), table.told("NEW")
            calls = {
                "INSERT": f"tally_row('{name}', 1, {new})",
                "DELETE": f"tally_row('{name}', -1, {old})",
                "UPDATE": f"tally_change('{name}', {old}, {new})",
            }
            for event, call in calls.items():
                self._connection.execute(
                    f"CREATE TEMP TRIGGER tally_{name}_{event} AFTER {event} ON main.{name} BEGIN SELECT {call}; END"
                )

    def settle(self) -> None:
        """Inside the transaction about to end: record what it comes to."""
        if len(self._written) > MOST_KEPT:
            self._written = {}
        for table, every in self._changes.items():
            changes = {name: change for name, change in every.items() if not change.is_empty}
            totals = dict(self._added(self._known(table, changes), changes))
            write(self._connection, table, totals)
            self._written.update(((table, name), tally) for name, tally in totals.items())
        self._changes = {}

    def drop(self) -> None:
        """Forget what was counted of a transaction that came to nothing."""
        self._changes = {}
        self._written = {}

    def count_anew(self, names: Sequence[str]) -> None:
        """Inside the current transaction: take tables as they are by now, whatever memory holds of them."""
        count_anew(self._connection, names)
        for name in names:
            self._changes.pop(name, None)
        self._written = {key: tally for key, tally in self._written.items() if key[0] not in names}

    def _known(self, table: str, names: Iterable[str]) -> dict[str, RowTally]:
        """Return what is recorded of parts: from memory where this process wrote it, nobody else may."""
        found = {name: self._written[table, name] for name in names if (table, name) in self._written}
        return found | recorded(self._connection, table, [name for name in names if name not in found])

    def now(self, table: str, names: Iterable[str] | None = None) -> dict[str, RowTally]:
        """Return what a table's parts should come to at this moment, within a transaction or outside."""
        changes = self._changes.get(table, {})
        known = recorded(self._connection, table, names)
        return known | dict(
            self._added(known, {name: changes[name] for name in changes if names is None or name in names})
        )

    @staticmethod
    def _added(
        known: Mapping[str, RowTally], changes: Mapping[str, RowTally]
    ) -> Iterator[tuple[str, RowTally]]:
        for name, change in changes.items():
            total = RowTally(change.count, change.digests, change.keys)
            before = known.get(name, RowTally())
            total.add(before.count, before.digests, before.keys)
            yield name, total

    def _take(self, name: str, count: int, *row: Value) -> None:
        key, parts = self._tables[name].weigh(row)
        changes = self._changes.setdefault(name, {})
        for part, digest in parts:
            tally = changes.get(part)
            if tally is None:
                tally = changes[part] = RowTally()
            tally.add(count, digest, key)

    def _exchange(self, name: str, *rows: Value) -> None:
        half = len(rows) // 2
        old, new = rows[:half], rows[half:]
        if old != new:
            self._take(name, -1, *old)
            self._take(name, 1, *new)
