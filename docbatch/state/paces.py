"""How long documents of a job took: a row for each job, to which every run adds. For people alone; nothing depends on it."""

from collections.abc import Mapping
from dataclasses import dataclass

from docbatch.state.database import Database


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

    def taken(self, submission: str, now: float) -> tuple[str, float] | None:
        """Return a document of a submission that has ended, and for how many seconds the submission is under way; None without one."""
        row = self._database.execute(
            "SELECT entry.name, submission.intended_at FROM submission"
            " JOIN submission_item AS entry ON entry.submission = submission.id AND entry.status <> 'running'"
            " WHERE submission.id = ? ORDER BY entry.position LIMIT 1",
            (submission,),
        ).fetchone()
        return None if row is None else (row[0], max(0.0, now - row[1]))
