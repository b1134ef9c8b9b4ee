"""Items: what is paid once. Each row carries a checksum over everything that decides about money."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

from docbatch.core.demands import Demands
from docbatch.core.models import Failure, FailureClass, ItemStatus, WorkItem
from docbatch.core.result_warnings import WarningKind, kinds_of
from docbatch.state.checksum import Value, checksum, verify
from docbatch.state.database import Database, marked, windows
from docbatch.state.digests import as_bytes, as_text, span
from docbatch.state.failures import note_doubtful, note_failure
from docbatch.state.part_queries import PARTS, RANGE, RELATED, pending
from docbatch.state.records import Collected
from docbatch.state.tallies import DIGESTS, LIKE

COLUMNS = (
    "id, key, recipe, digest, size, media_type, status, attempt, result,"
    " failure_class, failure_code, failure_message, checksum, warnings, empty"
)
READING = ", ".join(
    as_text(f"item.{name}") if name in DIGESTS["item"] else f"item.{name}"
    for name in COLUMNS.replace(",", "").split()
)
"""What `read` takes, in a query of items."""
WAITING = frozenset({ItemStatus.PENDING, ItemStatus.LIVE, ItemStatus.HELD})
"""An item that is one of these may have a result all the same: what was read of it in part, before it was queued again."""
READ = frozenset({ItemStatus.SUCCEEDED, ItemStatus.PARTIAL})


_AGAIN = "trying it again failed"


def _failed_again(failure: Failure) -> str:
    return f"{_AGAIN}, so what was read before stays: {failure.kind}: {failure.message}"


@dataclass(frozen=True, slots=True)
class RecordedItem:
    """An item as recorded. `row` and `recipe` are row numbers; `result` is the digest of a payload in the spool.

    While it waits for another try, `result` and `warnings` are what is left of the one before. `empty` says that there is
    nothing to see in the document.
    """

    row: int
    key: str
    recipe: int
    digest: str
    size: int
    media_type: str
    status: ItemStatus
    attempt: int
    result: str | None
    failure: Failure | None
    warnings: tuple[str, ...] = ()
    empty: bool = False

    @property
    def waits(self) -> bool:
        return self.status in WAITING

    @property
    def is_read(self) -> bool:
        """Say whether its result is the one that counts."""
        return self.status in READ and self.result is not None

    def taken(self, demands: Demands) -> "RecordedItem":
        """Return the item as a job takes it: one that is empty or partial may count as failed there."""
        refusal = demands.refusal(empty=self.empty, partial=self.status is ItemStatus.PARTIAL)
        if refusal is None:
            return self
        return replace(self, status=ItemStatus.FAILED, result=None, failure=refusal)

    def work_item(self, place: bytes, name: str | None = None, priority: int = 50) -> WorkItem:
        """Return the item as one place's bytes to send; it is named for the place unless a name is given."""
        return WorkItem(
            key=self.key,
            recipe=str(self.recipe),
            digest=self.digest,
            size=self.size,
            media_type=self.media_type,
            name=place.rpartition(b"/")[2].decode("utf-8", "replace") if name is None else name,
            place=place,
            priority=priority,
            attempt=self.attempt,
            row=self.row,
        )


def read(columns: Sequence[Value]) -> RecordedItem:
    """Read one row of READING. Raises StateError when its checksum does not match."""
    *sealed, recorded, warnings, empty = columns
    row, key, recipe, digest, size, media_type, status, attempt, result, kind, code, message = sealed
    verify(f"item {str(key)[:12]}", int(recorded or 0), *sealed[1:])
    failure = None
    if kind is not None:
        failure = Failure(FailureClass(str(kind)), str(message), None if code is None else str(code))
    return RecordedItem(
        row=int(row or 0),
        key=str(key),
        recipe=int(recipe or 0),
        digest=str(digest),
        size=int(size or 0),
        media_type=str(media_type),
        status=ItemStatus(str(status)),
        attempt=int(attempt or 0),
        result=None if result is None else str(result),
        failure=failure,
        warnings=() if warnings is None else tuple(json.loads(str(warnings))),
        empty=bool(empty),
    )


class Items:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> RecordedItem | None:
        return next(self.many([key]), None)

    def many(self, keys: Sequence[str]) -> Iterator[RecordedItem]:
        """Yield the items that are known among any number of keys."""
        for window in windows([as_bytes(key) for key in keys]):
            rows = self._database.execute(f"SELECT {READING} FROM item WHERE {marked('key', window)}", window)
            yield from map(read, rows.fetchall())

    def by_row(self, row: int) -> RecordedItem:
        return read(self._database.execute(f"SELECT {READING} FROM item WHERE id = ?", (row,)).fetchone())

    def beginning(self, prefix: str, limit: int) -> list[RecordedItem]:
        """Return the first items, by key, of those whose keys begin with some digits."""
        try:
            bounds = span(prefix)
        except ValueError:
            return []
        return [read(row) for row in self._database.execute(_BEGINNING, (*bounds, limit))]

    def all(self) -> Iterator[RecordedItem]:
        return map(read, self._database.execute(f"SELECT {READING} FROM item ORDER BY id"))

    def pending(self, recipe: int, jobs: Sequence[str], limit: int) -> list[WorkItem]:
        """Return items of a recipe that selected jobs want sent, lowest priority number first, a place with each."""
        return self.pending_for(recipe, marked("document.job", jobs), tuple(jobs), limit)

    def pending_for(
        self, recipe: int, wanted: str, parameters: tuple[Value, ...], limit: int
    ) -> list[WorkItem]:
        """Return such items, of those of which a document is `wanted`: a condition in SQL.

        Documents that are read in parts want what their parts are.
        """
        is_of_parts = self._database.execute(RANGE, (recipe,)).fetchone() is not None
        asked = pending(READING, wanted, of_parts=is_of_parts)
        rows = self._database.execute(asked, (*parameters, recipe, *parameters, limit))
        return [read(columns).work_item(place, priority=priority) for *columns, priority, place in rows]

    def with_result(self, job: str, after: int, limit: int) -> list[int]:
        """Return the first rows, of those above `after`, of items that a job wants and that have a result."""
        rows = self._database.execute(
            "SELECT DISTINCT item.id FROM item JOIN document ON document.item = item.id AND document.wanted = 1"
            " WHERE document.job = ? AND item.id > ? AND item.result IS NOT NULL ORDER BY item.id LIMIT ?",
            (job, after, limit),
        )
        return [row[0] for row in rows]

    def requeue(self, row: int) -> None:
        """Queue an item again if it failed, is partial or held, as a new attempt, inside the current transaction.

        A partial result is kept until there is a better. So are its parts that did not end well, and what it is a part of.
        """
        related = self._database.execute(RELATED, (row,)).fetchall()
        for (each,) in ((row,), *related):
            item = self.by_row(each)
            if item.status in {ItemStatus.FAILED, ItemStatus.PARTIAL, ItemStatus.HELD}:
                self.set(item, ItemStatus.PENDING, attempts=1, result=item.result, warnings=item.warnings)

    def parts(self, row: int) -> list[int]:
        """Return the parts of an item, none where it is read whole."""
        return [part for (part,) in self._database.execute(PARTS, (row,)).fetchall()]

    def restore(self, item: RecordedItem, status: ItemStatus) -> None:
        """Have an item be what is given, with its attempt and its failure, inside the current transaction."""
        was = _changed(item, status, result=item.result, warnings=item.warnings, failure=item.failure)
        self._database.execute(_CHANGE, was)

    def do_again(self, row: int) -> None:
        """Queue an item anew inside the current transaction; what was read of it is lost."""
        item = self.by_row(row)
        if item.waits:
            self.let_earlier_go(item)
        else:
            self.set(item, ItemStatus.PENDING, attempts=1)

    def let_earlier_go(self, item: RecordedItem) -> None:
        """Forget inside the current transaction what was read of an item that waits: it was lost."""
        self.set(replace(item, result=None), item.status)

    def want(self, item: WorkItem, recipe: int) -> int:
        """Return the item's row, making it when it is new, inside the current transaction.

        Raises StateError where it may be new only because a row was lost: it would be paid again.
        """
        if self._database.proofs is not None:
            self._database.proofs.prove_item(item.key)
        made = self._database.execute(
            f"{_MAKE} ON CONFLICT (key) DO UPDATE SET priority = min(priority, excluded.priority) RETURNING id",
            _made(item, recipe, None),
        ).fetchone()
        return int(made[0])

    def want_new(self, items: Sequence[WorkItem], recipe: int) -> Iterator[tuple[WorkItem, int]]:
        """Make items of different keys that were found not to be known, inside the current transaction; yield each with its row.

        Raises StateError as `want` does, or where one is known.
        """
        if self._database.proofs is not None:
            for key in {item.key[:LIKE]: item.key for item in items}.values():
                self._database.proofs.prove_item(key)
        (last,) = self._database.execute("SELECT coalesce(max(id), 0) FROM item").fetchone()
        rows = range(last + 1, last + 1 + len(items))
        self._database.executemany(_MAKE, map(_made, items, repeat(recipe), rows))
        return zip(items, rows, strict=True)

    def set(
        self,
        item: RecordedItem,
        status: ItemStatus,
        *,
        attempts: int = 0,
        result: str | None = None,
        failure: Failure | None = None,
        warnings: Sequence[str] = (),
        submission: str | None = None,
    ) -> None:
        """Change an item inside the current transaction; `attempts` is added to its count.

        A failure is noted as that of an attempt, and the submission with it.

        What was read of it in part before stays while it waits, and is its result again where another try fails.
        """
        if failure is not None:
            note_failure(self._database, item.row, item.attempt, failure, submission)
        if result is None and item.result is not None and item.waits:
            result, warnings = item.result, item.warnings
            if failure is not None:
                warnings = (
                    *(each for each in warnings if not each.startswith(_AGAIN)),
                    _failed_again(failure),
                )
                status, failure = ItemStatus.PARTIAL, None
        self._database.execute(
            _CHANGE,
            _changed(item, status, result=result, warnings=warnings, failure=failure, attempts=attempts),
        )

    def set_live(self, items: Iterable[RecordedItem]) -> None:
        """Note inside the current transaction that items are about to be sent."""
        self._database.executemany(_CHANGE, (_live(item) for item in items))

    def succeed(
        self, results: Sequence[tuple[RecordedItem, Collected]], submission: str | None = None
    ) -> None:
        """Record results inside the current transaction, and which of them are not whole."""
        self._database.executemany(_CHANGE, (_succeeded(item, each) for item, each in results))
        note_doubtful(self._database, ((item.row, each) for item, each in results), submission)

    def succeed_waiting(self, results: Sequence[tuple[WorkItem, Collected]]) -> None:
        """Record results inside the current transaction, of items that wait as they were read from the state."""
        rows = ((*_succeeded(item, each), item.attempt) for item, each in results)
        self._database.executemany(f"{_CHANGE} AND status = 'pending' AND attempt = ?", rows)
        note_doubtful(self._database, ((item.row, each) for item, each in results))


_BEGINNING = f"SELECT {READING} FROM item WHERE key >= ? AND key <= ? ORDER BY key LIMIT ?"
_MAKE = (
    "INSERT INTO item (id, key, recipe, digest, size, media_type, status, attempt, result, failure_class,"
    " failure_code, failure_message, priority, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_CHANGE = (
    "UPDATE item SET status = ?, attempt = ?, result = ?, failure_class = ?, failure_code = ?,"
    " failure_message = ?, checksum = ?, warnings = ?, warned = ?, empty = ? WHERE id = ?"
)


def _made(item: WorkItem, recipe: int, row: int | None) -> tuple[Value, ...]:
    """Return what `_MAKE` takes."""
    values: tuple[Value, ...] = (
        item.size,
        item.media_type,
        str(ItemStatus.PENDING),
        0,
        None,
        None,
        None,
        None,
    )
    sealed = checksum(item.key, recipe, item.digest, *values)
    return (row, as_bytes(item.key), recipe, as_bytes(item.digest), *values, item.priority, sealed)


def _live(item: RecordedItem) -> tuple[Value, ...]:
    """What was read of it in part before stays while it waits."""
    has_earlier = item.waits and item.result is not None
    warnings = item.warnings if has_earlier else ()
    return _changed(item, ItemStatus.LIVE, result=item.result if has_earlier else None, warnings=warnings)


def _succeeded(item: RecordedItem | WorkItem, collected: Collected) -> tuple[Value, ...]:
    status = ItemStatus.PARTIAL if collected.partial else ItemStatus.SUCCEEDED
    return _changed(item, status, result=collected.result, warnings=collected.warnings)


def _changed(
    item: RecordedItem | WorkItem,
    status: ItemStatus,
    *,
    result: str | None,
    warnings: Sequence[str],
    failure: Failure | None = None,
    attempts: int = 0,
) -> tuple[Value, ...]:
    """Return what `_CHANGE` takes."""
    kinds = kinds_of(warnings) if warnings else ()
    kind, code, message = (
        (None, None, None) if failure is None else (str(failure.kind), failure.code, failure.message)
    )
    attempt = item.attempt + attempts
    changed: tuple[Value, ...] = (str(status), attempt, result, kind, code, message)
    return (
        str(status),
        attempt,
        None if result is None else as_bytes(result),
        kind,
        code,
        message,
        checksum(item.key, int(item.recipe), item.digest, item.size, item.media_type, *changed),
        json.dumps(warnings) if warnings else None,
        " ".join(kinds) or None,
        WarningKind.EMPTY in kinds and status not in WAITING,
        item.row,
    )
