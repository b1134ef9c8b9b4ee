"""Items as parts of submissions. All that writes here does so inside the current transaction."""

from collections.abc import Iterator, Mapping, Sequence

from docbatch.core.errors import StateError
from docbatch.core.models import Failure, ItemStatus, WorkItem
from docbatch.state import items as item_rows
from docbatch.state.database import Database, marked, windows
from docbatch.state.digests import as_bytes, as_text
from docbatch.state.failures import AttemptEnd, note_ended
from docbatch.state.items import Items, RecordedItem
from docbatch.state.part_queries import whole_of
from docbatch.state.records import Collected, ReadyItem
from docbatch.state.standing import HELD


class Entries:
    def __init__(self, database: Database, items: Items) -> None:
        self._database = database
        self._items = items

    def rounds(self, keys: Sequence[str]) -> int:
        """Return how often the most often sent of these items was part of a submission that may have been sent.

        What certainly was not does not count, so that a vendor who says "later" all day sees one submission, not many.
        """
        most = 0
        for window in windows([item.row for item in self._items.many(keys)]):
            rows = self._database.execute(
                "SELECT max(times) FROM (SELECT count(*) AS times FROM submission_item AS entry"
                f" JOIN submission ON submission.id = entry.submission WHERE {marked('entry.item', window)}"
                " AND submission.status <> 'unsent' GROUP BY entry.item)",
                window,
            )
            most = max(most, int(rows.fetchone()[0] or 0))
        return most

    def waiting(self, identity: str, limit: int) -> list[ReadyItem]:
        """Return items whose results can be fetched."""
        rows = self._database.execute(
            f"SELECT {as_text('item.key')}, entry.remote_id, entry.status = 'partial' FROM submission_item AS entry"
            " JOIN item ON item.id = entry.item"
            " WHERE entry.submission = ? AND entry.status IN ('ready', 'partial') ORDER BY entry.position LIMIT ?",
            (identity, limit),
        )
        return [ReadyItem(key, remote_id, bool(partial)) for key, remote_id, partial in rows]

    def frozen(self, identity: str) -> Iterator[WorkItem]:
        """Yield all items of a submission as they were sent, in position order."""
        rows = self._database.execute(
            f"SELECT {item_rows.READING}, entry.name, entry.path, item.priority"
            " FROM submission_item AS entry JOIN item ON item.id = entry.item"
            " WHERE entry.submission = ? ORDER BY entry.position",
            (identity,),
        )
        for *columns, name, path, priority in rows:
            yield item_rows.read(columns).work_item(path, name, priority)

    def unended(self, identity: str) -> list[RecordedItem]:
        """Return the items that have not ended, in position order."""
        rows = self._database.execute(
            f"SELECT {item_rows.READING} FROM submission_item AS entry JOIN item ON item.id = entry.item"
            " WHERE entry.submission = ? AND entry.status IN ('running', 'ready', 'partial') ORDER BY entry.position",
            (identity,),
        )
        return [item_rows.read(row) for row in rows.fetchall()]

    def live(self, identity: str, keys: Sequence[str]) -> dict[str, RecordedItem]:
        """Return those of the items that have not ended, by key."""
        items = {item.row: item for item in self._items.many(keys)}
        live: dict[str, RecordedItem] = {}
        for window in windows(list(items)):
            rows = self._database.execute(
                f"SELECT item FROM submission_item WHERE submission = ? AND {marked('item', window)}"
                " AND status IN ('running', 'ready', 'partial')",
                (identity, *window),
            )
            live.update((items[row].key, items[row]) for (row,) in rows)
        return live

    def source_of(self, item: RecordedItem) -> tuple[str, str] | None:
        """Return (submission, remote id) that an item's result was last fetched of, None where there is none."""
        row: tuple[str, str] | None = self._database.execute(
            "SELECT submission, entry.remote_id FROM submission_item AS entry"
            " JOIN submission ON submission.id = entry.submission"
            " WHERE item = ? AND entry.status = 'done' AND entry.remote_id IS NOT NULL"
            " AND submission.status IN ('submitted', 'collected')"
            " ORDER BY submission.sequence DESC LIMIT 1",
            (item.row,),
        ).fetchone()
        return row

    def are_through(self, identity: str) -> bool:
        """Say whether every item of a submission has ended."""
        left = self._database.execute(
            "SELECT 1 FROM submission_item WHERE submission = ? AND status IN ('running', 'ready', 'partial') LIMIT 1",
            (identity,),
        ).fetchone()
        return left is None

    def enlist(self, identity: str, items: Sequence[WorkItem]) -> None:
        """Make items part of a submission. Raises StateError when one of them does not wait to be sent."""
        known = {recorded.key: recorded for recorded in self._items.many([item.key for item in items])}
        for item in items:
            recorded = known.get(item.key)
            if recorded is None or recorded.status is not ItemStatus.PENDING:
                status = "unknown" if recorded is None else recorded.status
                raise StateError(
                    f"item {item.key[:12]} ({item.name}) is {status}, not waiting to be sent; it was not sent"
                )
        self._database.executemany(
            "INSERT INTO submission_item (submission, position, item, name, path, status)"
            " VALUES (?, ?, ?, ?, ?, 'running')",
            (
                (identity, position, known[item.key].row, item.name, item.place)
                for position, item in enumerate(items)
            ),
        )
        self._items.set_live(known.values())

    def strike(self, identity: str) -> None:
        """Take all items out of a submission that was not sent."""
        self._database.execute("DELETE FROM submission_item WHERE submission = ?", (identity,))

    def name_runs(self, identity: str, runs: Mapping[str, str]) -> None:
        """Note the items' remote ids, as far as they are known."""
        for key, run in runs.items():
            self._database.execute(
                "UPDATE submission_item SET remote_id = ?"
                " WHERE submission = ? AND item = (SELECT id FROM item WHERE key = ?)",
                (run, identity, as_bytes(key)),
            )

    def charged(self, job: str) -> float | None:
        """Return what documents of a job cost, None where no vendor told.

        Each is charged to one job: of those that want it the one with the lowest priority number, then by name.
        """
        row = self._database.execute(
            "SELECT sum(entry.credits) FROM submission_item AS entry WHERE entry.credits IS NOT NULL AND ? = ("
            f"SELECT job.name FROM document JOIN job ON job.name = document.job WHERE document.item = {whole_of('entry.item')}"
            " ORDER BY job.priority, job.name LIMIT 1)",
            (job,),
        ).fetchone()
        return None if row[0] is None else float(row[0])

    def wanted_by(self, identity: str) -> tuple[str, ...]:
        """Return the jobs that want documents of a submission, by name."""
        rows = self._database.execute(
            "SELECT DISTINCT document.job FROM submission_item AS entry"
            f" JOIN document ON document.item = {whole_of('entry.item')} AND document.wanted = 1"
            " WHERE entry.submission = ? ORDER BY 1",
            (identity,),
        )
        return tuple(row[0] for row in rows)

    def running(self, identity: str) -> int:
        """Count the items the vendor still works on."""
        row = self._database.execute(
            "SELECT count(*) FROM submission_item WHERE submission = ? AND status = 'running'", (identity,)
        ).fetchone()
        return int(row[0])

    def ready(self, identity: str, item: RecordedItem, waiting: ReadyItem) -> None:
        self._database.execute(
            "UPDATE submission_item SET status = ?, remote_id = ? WHERE submission = ? AND item = ?",
            ("partial" if waiting.partial else "ready", waiting.remote_id, identity, item.row),
        )

    def collect(self, identity: str, results: Sequence[tuple[RecordedItem, Collected]]) -> None:
        """End items' parts in a submission with the results that they have."""
        self._database.executemany(
            "UPDATE submission_item SET status = 'done', credits = coalesce(?, credits)"
            " WHERE submission = ? AND item = ?",
            ((each.credits, identity, item.row) for item, each in results),
        )
        self._items.succeed(results, identity)

    def hold(self, identity: str, item: RecordedItem) -> None:
        """Hold an item of which the vendor shows no trace."""
        self.end(identity, item, "missing", ItemStatus.HELD)
        note_ended(self._database, item.row, item.attempt, AttemptEnd("held", HELD), identity)

    def end(
        self,
        identity: str,
        item: RecordedItem,
        entry: str,
        status: ItemStatus,
        *,
        result: str | None = None,
        failure: Failure | None = None,
        attempts: int = 0,
        warnings: Sequence[str] = (),
    ) -> None:
        """End an item's part in a submission as `entry`, and let the item be `status`."""
        self._database.execute(
            "UPDATE submission_item SET status = ? WHERE submission = ? AND item = ?",
            (entry, identity, item.row),
        )
        self._items.set(
            item,
            status,
            result=result,
            failure=failure,
            attempts=attempts,
            warnings=warnings,
            submission=identity,
        )
