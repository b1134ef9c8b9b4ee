"""How long documents of a job took: a row for each job, to which every run adds. For people alone; nothing depends on it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from docbatch.state.database import Database, marked, windows


@dataclass(frozen=True, slots=True)
class DocumentPace:
    """So many documents took so many seconds together; `slowest` is the one that took longest, and `longest` how long it took."""

    documents: int = 0
    seconds: float = 0.0
    slowest: str = ""
    longest: float = 0.0

    def __add__(self, other: "DocumentPace") -> "DocumentPace":
        slower = max(self, other, key=lambda each: each.longest)
        documents, seconds = self.documents + other.documents, self.seconds + other.seconds
        return DocumentPace(documents, seconds, slower.slowest, slower.longest)

    def values(self) -> dict[str, object]:
        """Return it as JSON has it."""
        mean = self.seconds / self.documents if self.documents else None
        return {"documents": self.documents, "mean": mean, "longest": self.longest, "slowest": self.slowest}


class Paces:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, paces: Mapping[str, DocumentPace]) -> None:
        """Add what was learned, by job, in one transaction."""
        if not paces:
            return
        with self._database.write():
            for job, pace in paces.items():
                found = (self.of(job) or DocumentPace()) + pace
                self._database.execute(
                    "INSERT OR REPLACE INTO pace (job, documents, seconds, slowest, longest) VALUES (?, ?, ?, ?, ?)",
                    (job, found.documents, found.seconds, found.slowest, found.longest),
                )

    def of(self, job: str) -> DocumentPace | None:
        """Return how long documents of a job took; None where that is not known of any."""
        row = self._database.execute(
            "SELECT documents, seconds, slowest, longest FROM pace WHERE job = ?", (job,)
        ).fetchone()
        return None if row is None else DocumentPace(*row)

    def by_job(self, taken: Mapping[int, tuple[str, float]]) -> dict[str, DocumentPace]:
        """Return how long documents took that are one of these items, each with a name and its seconds, by job."""
        found: dict[str, DocumentPace] = {}
        for window in windows(list(taken)):
            rows = self._database.execute(
                f"SELECT job, item FROM document WHERE {marked('item', window)} AND wanted = 1 ORDER BY job, path",
                window,
            )
            for job, item in rows.fetchall():
                name, seconds = taken[item]
                found[job] = found.get(job, DocumentPace()) + DocumentPace(1, seconds, name, seconds)
        return found

    def running(self, submission: str) -> frozenset[int]:
        """Return the items of a submission that the vendor works on."""
        rows = self._database.execute(
            "SELECT item FROM submission_item WHERE submission = ? AND status = 'running'", (submission,)
        )
        return frozenset(item for (item,) in rows.fetchall())

    def taken(self, submission: str, items: Collection[int], now: float) -> dict[int, tuple[str, float]]:
        """Return the name of each of these items, in their order, and for how many seconds the submission is under way."""
        found: list[tuple[int, int, str, float]] = []
        for window in windows(list(items)):
            rows = self._database.execute(
                "SELECT entry.position, entry.item, entry.name, submission.intended_at FROM submission_item AS entry"
                " JOIN submission ON submission.id = entry.submission"
                f" WHERE entry.submission = ? AND {marked('entry.item', window)}",
                (submission, *window),
            )
            found += rows.fetchall()
        return {item: (name, max(0.0, now - since)) for _, item, name, since in sorted(found)}
