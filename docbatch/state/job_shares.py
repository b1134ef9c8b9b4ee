"""Which jobs want how many documents of what travels together. Documents of several jobs may be one item: each counts.

Parts of documents count for nobody: a document has ended once it is made of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docbatch.state.database import Database, marked, windows
from docbatch.state.part_queries import whole_of

_COUNTED = (
    "SELECT entry.submission, document.job, entry.status, count(*) FROM submission_item AS entry"
    " JOIN document ON document.item = entry.item AND document.wanted = 1"
)


@dataclass(frozen=True, slots=True)
class JobShare:
    """Documents of a job in one submission: those that ended at the provider, that failed of these, and that were collected."""

    documents: int = 0
    ended: int = 0
    failed: int = 0
    collected: int = 0

    @property
    def is_through(self) -> bool:
        return self.failed + self.collected >= self.documents


class JobShares:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of_items(self, rows: Sequence[int]) -> dict[str, int]:
        """Return how many documents that are one of these items each job wants."""
        shares: Counter[str] = Counter()
        for window in windows(rows):
            found = self._database.execute(
                f"SELECT job, count(*) FROM document WHERE {marked('item', window)} AND wanted = 1 GROUP BY job",
                window,
            )
            shares.update(dict(found.fetchall()))
        return dict(sorted(shares.items()))

    def jobs_of(self, rows: Sequence[int]) -> dict[int, set[str]]:
        """Return the jobs that want each of these items, or the document that it is a part of."""
        jobs: dict[int, set[str]] = {row: set() for row in rows}
        for window in windows(rows):
            found = self._database.execute(
                f"SELECT item.id, document.job FROM item JOIN document ON document.item = {whole_of('item.id')}"
                f" WHERE {marked('item.id', window)} AND document.wanted = 1",
                window,
            )
            for row, job in found.fetchall():
                jobs[row].add(job)
        return jobs

    def of_submission(self, identity: str) -> dict[str, JobShare]:
        """Return how far a submission's documents are, by job."""
        return self._read(f"{_COUNTED} WHERE entry.submission = ? GROUP BY 2, 3", identity).get(identity, {})

    def of_open(self) -> dict[str, dict[str, JobShare]]:
        """Return the same of all submissions that are not through."""
        clause = "WHERE entry.submission IN (SELECT id FROM submission WHERE status IN ('intended', 'unanswered', 'submitted', 'held'))"
        return self._read(f"{_COUNTED} {clause} GROUP BY 1, 2, 3")

    def _read(self, query: str, *parameters: str) -> dict[str, dict[str, JobShare]]:
        counts: dict[str, dict[str, Counter[str]]] = {}
        for submission, job, status, number in self._database.execute(query, parameters).fetchall():
            counts.setdefault(submission, {}).setdefault(job, Counter())[status] += number
        return {
            submission: {job: _share(by_status) for job, by_status in by_job.items()}
            for submission, by_job in counts.items()
        }


def _share(by_status: Mapping[str, int]) -> JobShare:
    done, failed = by_status.get("done", 0), by_status.get("failed", 0)
    waiting = by_status.get("ready", 0) + by_status.get("partial", 0)
    return JobShare(sum(by_status.values()), done + failed + waiting, failed, done)
