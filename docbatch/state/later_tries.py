"""When documents that failed are tried again by themselves. How often they were says the item, which is sealed."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from docbatch.core.models import ItemStatus
from docbatch.core.result_warnings import WarningKind
from docbatch.state.database import Database, marked
from docbatch.state.digests import as_text
from docbatch.state.items import Items


@dataclass(frozen=True, slots=True)
class LaterTry:
    """An item that failed, or is partial, and when it is tried again (wall time), once that was decided."""

    row: int
    key: str
    kind: str
    attempt: int
    due: float | None


class LaterTries:
    def __init__(self, database: Database, items: Items) -> None:
        self._database = database
        self._items = items

    def failed(self, job: str, kinds: Collection[str]) -> Iterator[LaterTry]:
        """Yield the items of a job's documents that failed in one of these ways."""
        rows = self._database.execute(
            f"{_FAILED} AND {marked('item.failure_class', list(kinds))}", (job, ItemStatus.FAILED, *kinds)
        ).fetchall()
        if WarningKind.LOST in kinds:
            rows += self._database.execute(_FAILED, (job, ItemStatus.PARTIAL)).fetchall()
        for row, key, kind, attempt, due in rows:
            yield LaterTry(row, key, kind or WarningKind.LOST, attempt, due)

    def due(self, row: int, attempt: int) -> float | None:
        """Return when an item is tried again after so many tries, None where that is not decided."""
        found = self._database.execute(
            "SELECT due FROM later_try WHERE item = ? AND attempt = ?", (row, attempt)
        ).fetchone()
        return None if found is None else float(found[0])

    def coming(self, job: str) -> tuple[int, float | None]:
        """Return how many of a job's items are tried again by themselves, and when the first of them is (wall time)."""
        count, at = self._database.execute(_COMING, (job,)).fetchone()
        return int(count), at

    def coming_for(self, row: int) -> float | None:
        """Return when one item is tried again by itself (wall time), None where it is not."""
        found = self._database.execute(
            "SELECT later_try.due FROM later_try JOIN item ON item.id = later_try.item"
            " WHERE item.id = ? AND item.attempt = later_try.attempt AND item.status IN ('failed', 'partial')",
            (row,),
        ).fetchone()
        return None if found is None else float(found[0])

    def note(self, tries: Iterable[tuple[LaterTry, float]]) -> None:
        """Record when items are tried again."""
        with self._database.write():
            self._database.executemany(
                "INSERT OR REPLACE INTO later_try VALUES (?, ?, ?)",
                ((each.row, each.attempt, due) for each, due in tries),
            )

    def take(self, rows: Collection[int]) -> None:
        """Queue items for another try."""
        with self._database.write():
            for row in sorted(rows):
                self._items.requeue(row)
                self._database.execute("DELETE FROM later_try WHERE item = ?", (row,))


_WANTED = """EXISTS (
    SELECT 1 FROM document LEFT JOIN acceptance ON acceptance.job = document.job AND acceptance.path = document.path
    AND acceptance.item IS document.item AND acceptance.until IS NULL
    WHERE document.item = item.id AND document.wanted = 1 AND document.job = ? AND acceptance.reason IS NULL)"""
"""By a document that nobody said may stay as it is, for good."""
_COMING = f"""
    SELECT count(*), min(later_try.due) FROM later_try CROSS JOIN item ON item.id = later_try.item
    WHERE item.attempt = later_try.attempt AND item.status IN ('failed', 'partial')
    AND {_WANTED}
"""
_FAILED = f"""
    SELECT item.id, {as_text("item.key")}, item.failure_class, item.attempt, later_try.due
    FROM item LEFT JOIN later_try ON later_try.item = item.id AND later_try.attempt = item.attempt
    WHERE {_WANTED}
    AND item.status <> 'succeeded' AND item.status = ?
"""
