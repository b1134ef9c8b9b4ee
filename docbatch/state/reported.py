"""What reports ask of documents beside how they stand."""

from docbatch.state.database import Database
from docbatch.state.void import void


class ReportedDocuments:
    def __init__(self, database: Database) -> None:
        self._database = database

    def attempts(self, job: str) -> dict[bytes, int]:
        """Return how often documents were tried that did not succeed and were tried more than once; an index leads to them."""
        rows = self._database.execute(
            "SELECT document.path, item.attempt + 1 FROM item CROSS JOIN document ON document.item = item.id"
            " WHERE item.status <> 'succeeded' AND item.attempt > 0 AND document.job = ? AND document.wanted = 1",
            (job,),
        )
        return dict(rows.fetchall())

    def passed(self, job: str, limit: int) -> list[bytes]:
        """Return the first documents that succeeded, in path order."""
        rows = self._database.execute(
            "SELECT document.path FROM document JOIN item ON item.id = document.item WHERE document.job = ?"
            f" AND document.wanted = 1 AND item.status = 'succeeded' AND NOT {void(self._database, job)}"
            " ORDER BY document.path LIMIT ?",
            (job, limit),
        )
        return [path for (path,) in rows]
