"""What reports ask of documents beside how they stand."""

from collections.abc import Iterator
from dataclasses import dataclass

from docbatch.core.demands import EMPTY, INCOMPLETE
from docbatch.core.models import Failure, FailureClass
from docbatch.state.database import Database
from docbatch.state.digests import as_text
from docbatch.state.void import void


@dataclass(frozen=True, slots=True)
class DocumentWithoutResult:
    """A wanted document that failed or cannot be sent; of the latter what it is may not be known."""

    path: bytes
    failure: Failure
    digest: str | None
    size: int | None
    media_type: str | None


class ReportedDocuments:
    def __init__(self, database: Database) -> None:
        self._database = database

    def failed(self, job: str) -> Iterator[DocumentWithoutResult]:
        """Yield the documents that have no result because they failed, or whose result the job does not take, in path order."""
        rows = self._database.execute(
            "SELECT document.path, coalesce(item.failure_class, document.problem_class),"
            " coalesce(item.failure_message, document.problem_message), item.failure_code,"
            f" coalesce(item.status = 'partial', 0), {as_text('item.digest')}, item.size, item.media_type"
            " FROM document LEFT JOIN item ON item.id = document.item WHERE document.job = ? AND document.wanted = 1"
            f" AND (document.item IS NULL OR item.status = 'failed' OR {void(self._database, job)}) ORDER BY document.path",
            (job,),
        )
        for path, kind, message, code, is_partial, *known in rows:
            if is_partial or kind is None:
                failure = INCOMPLETE if is_partial else EMPTY
            else:
                failure = Failure(FailureClass(kind), message or "no reason was recorded", code)
            yield DocumentWithoutResult(path, failure, *known)

    def passed(self, job: str, limit: int) -> list[bytes]:
        """Return the first documents that succeeded, in path order."""
        rows = self._database.execute(
            "SELECT document.path FROM document JOIN item ON item.id = document.item WHERE document.job = ?"
            f" AND document.wanted = 1 AND item.status = 'succeeded' AND NOT {void(self._database, job)}"
            " ORDER BY document.path LIMIT ?",
            (job, limit),
        )
        return [path for (path,) in rows]
