"""Until when documents wait for the hours in which their job sends: counted from the first apply that had them, in wall time.

There are rows of jobs with a deadline alone. They go once a document is through, or is no longer wanted.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from docbatch.core.models import WorkItem
from docbatch.state.checksum import Value
from docbatch.state.database import Database, marked
from docbatch.state.items import Items
from docbatch.state.selected_items import SELECTED

Paths = tuple[bytes, bytes]
"""The first and the last of the documents of a job that are meant, in path order."""

_WAITS = "item.status IN ('pending', 'live')"
_LATE = (
    "EXISTS (SELECT 1 FROM waiting WHERE waiting.item = document.item AND waiting.job = document.job"
    " AND waiting.until <= ?)"
)


@dataclass(frozen=True, slots=True)
class LateJobs:
    """The jobs that send nothing at this hour but what waited for too long, and what time it is (wall time)."""

    jobs: tuple[str, ...] = ()
    now: float = 0.0


class WaitingDocuments:
    def __init__(self, database: Database, items: Items) -> None:
        self._database = database
        self._items = items

    def note(self, job: str, now: float, seconds: float, paths: Paths | None = None) -> None:
        """Inside the current transaction: count for what waits to be sent of a job from now on, unless it counts already."""
        among = "" if paths is None else " AND document.path BETWEEN ? AND ?"
        self._database.execute(
            "INSERT OR IGNORE INTO waiting (item, job, since, until) SELECT DISTINCT item.id, document.job, ?, ?"
            " FROM document JOIN item ON item.id = document.item"
            f" WHERE document.job = ? AND document.wanted = 1 AND item.status = 'pending'{among}",
            (now, now + seconds, job, *(paths or ())),
        )

    def settle(self, job: str, now: float, seconds: float | None) -> None:
        """Hold what is recorded of a job to its deadline as it is now, None where it has none. Writes only what changes.

        A clock that was set back makes nobody wait longer than the deadline from then on.
        """
        if seconds is None:
            self.forget(job)
            return
        self._drop("job = ? AND ", job)
        changed = "job = ? AND (since > ? OR until <> since + ?)"
        if self._has(changed, job, now, seconds):
            with self._database.write():
                self._database.execute(
                    f"UPDATE waiting SET since = min(since, ?), until = min(since, ?) + ? WHERE {changed}",
                    (now, now, seconds, job, now, seconds),
                )
        missing = (
            "SELECT 1 FROM item CROSS JOIN document ON document.item = item.id WHERE item.status = 'pending'"
            " AND document.job = ? AND document.wanted = 1"
            " AND NOT EXISTS (SELECT 1 FROM waiting WHERE waiting.item = item.id AND waiting.job = document.job) LIMIT 1"
        )
        if self._database.execute(missing, (job,)).fetchone() is not None:
            with self._database.write():
                self.note(job, now, seconds)

    def forget(self, job: str) -> None:
        """Count for nothing of a job any more."""
        if self._has("job = ?", job):
            with self._database.write():
                self._database.execute("DELETE FROM waiting WHERE job = ?", (job,))

    def let_go(self) -> None:
        """Forget what does not wait any more, of all jobs."""
        self._drop("")

    def next_after(self, job: str, now: float) -> float | None:
        """Return when the next document of a job will have waited for too long."""
        (found,) = self._database.execute(
            "SELECT min(until) FROM waiting WHERE job = ? AND until > ?", (job, now)
        ).fetchone()
        return None if found is None else float(found)

    def pending(
        self, recipe: int, jobs: Sequence[str], late: LateJobs, limit: int, *, under: str = ""
    ) -> list[WorkItem]:
        """Return items of a recipe that are to be sent for jobs, or were not sent for too long for those that are `late`.

        With selectors, those that were selected `under` them.
        """
        wanted = marked("document.job", jobs)
        parameters: tuple[Value, ...] = (*jobs,)
        if late.jobs:
            wanted = f"({wanted} OR ({marked('document.job', late.jobs)} AND {_LATE}))"
            parameters = (*jobs, *late.jobs, late.now)
        return self._items.pending_for(recipe, *_selected(wanted, parameters, under), limit)

    def waits(self, recipe: int, job: str, now: float, *, under: str = "") -> list[WorkItem]:
        """Return the first item of a recipe that waits for the hours of a job, if any does, of those selected `under` selectors."""
        wanted = f"document.job = ? AND NOT {_LATE}"
        return self._items.pending_for(recipe, *_selected(wanted, (job, now), under), 1)

    def only_late(self, items: Collection[int], jobs: Sequence[str], late: LateJobs) -> dict[str, int]:
        """Count, by job, the items that are sent because they waited too long: none of the `jobs` that send wants them."""
        found: dict[str, int] = {}
        for item in items:
            row = self._database.execute(
                f"SELECT min(document.job) FROM document WHERE item = ? AND wanted = 1 AND {marked('job', late.jobs)} AND {_LATE}"
                f" AND NOT EXISTS (SELECT 1 FROM document AS own WHERE own.item = document.item AND own.wanted = 1"
                f" AND {marked('own.job', jobs)})",
                (item, *late.jobs, late.now, *jobs),
            ).fetchone()
            if row[0] is not None:
                found[row[0]] = found.get(row[0], 0) + 1
        return found

    def counted(self, job: str) -> tuple[int, float] | None:
        """Return how many documents of a job wait to be sent with a deadline, and when the first of them passes (wall time)."""
        count, until = self._database.execute(
            "SELECT count(*), min(waiting.until) FROM waiting JOIN item ON item.id = waiting.item"
            " JOIN document ON document.item = item.id AND document.job = waiting.job AND document.wanted = 1"
            " WHERE waiting.job = ? AND item.status = 'pending'",
            (job,),
        ).fetchone()
        return (count, until) if count else None

    def since(self, key: str, job: str) -> float | None:
        """Return from when on it counts for an item of a job, None where it does not yet."""
        item = self._items.get(key)
        row = (
            None
            if item is None
            else self._database.execute(
                "SELECT since FROM waiting WHERE item = ? AND job = ?", (item.row, job)
            ).fetchone()
        )
        return None if row is None else float(row[0])

    def first(self, job: str) -> float | None:
        """Return from when on it counts for the first document of a job that waits to be sent."""
        (found,) = self._database.execute(
            "SELECT min(waiting.since) FROM waiting JOIN item ON item.id = waiting.item"
            " WHERE waiting.job = ? AND item.status = 'pending'",
            (job,),
        ).fetchone()
        return None if found is None else float(found)

    def _has(self, where: str, *parameters: object) -> bool:
        found = self._database.execute(f"SELECT 1 FROM waiting WHERE {where} LIMIT 1", parameters).fetchone()
        return found is not None

    def _drop(self, which: str, *parameters: str) -> None:
        over = (
            f"{which}NOT EXISTS (SELECT 1 FROM item CROSS JOIN document ON document.item = item.id WHERE item.id = waiting.item"
            f" AND {_WAITS} AND document.job = waiting.job AND document.wanted = 1)"
        )
        if self._has(over, *parameters):
            with self._database.write():
                self._database.execute(f"DELETE FROM waiting WHERE {over}", parameters)


def _selected(wanted: str, parameters: tuple[Value, ...], under: str) -> tuple[str, tuple[Value, ...]]:
    """Return a condition on documents and its parameters, narrowed to those that were selected `under` selectors, if there are any."""
    return (f"{wanted} AND {SELECTED}", (*parameters, under)) if under else (wanted, parameters)
