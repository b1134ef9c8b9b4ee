"""What reports ask of documents beside how they stand."""

from collections.abc import Iterator
from dataclasses import dataclass

from docbatch.core.models import Failure, FailureClass
from docbatch.state.database import Database
from docbatch.state.digests import as_text
from docbatch.state.void import EMPTY, void


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A wanted document that failed or cannot be sent; of the latter what it is may not be known."""

    path: bytes
    failure: Failure
    digest: str | None
    size: int | None
    media_type: str | None


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

    def failed(self, job: str) -> Iterator[FailedDocument]:
        """Yield the documents that have no result because they failed, or whose result the job does not take, in path order."""
        rows = self._database.execute(
            "SELECT document.path, coalesce(item.failure_class, document.problem_class),"
            " coalesce(item.failure_message, document.problem_message), item.failure_code,"
            f" {as_text('item.digest')}, item.size, item.media_type"
            " FROM document LEFT JOIN item ON item.id = document.item WHERE document.job = ? AND document.wanted = 1"
            f" AND (document.item IS NULL OR item.status = 'failed' OR {void(self._database, job)}) ORDER BY document.path",
            (job,),
        )
        for path, kind, message, code, *known in rows:
            failure = (
                EMPTY
                if kind is None
                else Failure(FailureClass(kind), message or "no reason was recorded", code)
            )
            yield FailedDocument(path, failure, *known)

    def passed(self, job: str, limit: int) -> list[bytes]:
        """Return the first documents that succeeded, in path order."""
        rows = self._database.execute(
            "SELECT document.path FROM document JOIN item ON item.id = document.item WHERE document.job = ?"
            f" AND document.wanted = 1 AND item.status = 'succeeded' AND NOT {void(self._database, job)}"
            " ORDER BY document.path LIMIT ?",
            (job, limit),
        )
        return [path for (path,) in rows]
