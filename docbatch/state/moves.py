"""Other names for what is recorded: a job, a document of one, a connection. Nothing that is paid depends on a name."""

from collections.abc import Iterable, Mapping

from docbatch.core.models import SubmissionStatus
from docbatch.state.database import Database
from docbatch.state.manifests import outdate
from docbatch.state.renamed_rows import remember
from docbatch.state.submission_rows import SUM

OF_JOBS: Mapping[str, str] = {
    "job": "name",
    **dict.fromkeys(
        (
            "acceptance",
            "document",
            "former",
            "former_acceptance",
            "job_change",
            "manifest",
            "pace",
            "payer",
            "policy",
            "problem",
            "sink",
            "split_job",
            "waiting",
        ),
        "job",
    ),
}
"""The tables that say which job something is of, and the column."""
_OF_DOCUMENTS = ("acceptance", "document", "former", "former_acceptance", "problem")
"""The tables that name a document by its job and path; outputs are named by their sink."""
OF_CONNECTIONS = ("abandoned", "failed_upload", "hindrance", "job", "payer", "submission")


class Moves:
    def __init__(self, database: Database) -> None:
        self._database = database

    def job_rows(self, name: str) -> int:
        """Return in how many places a job is named."""
        return sum(self._count(table, f"{column} = ?", name) for table, column in OF_JOBS.items())

    def move_job(self, old: str, new: str) -> None:
        """Have all that is recorded of a job be that of another name, which nothing is recorded of."""
        with self._database.write():
            self._database.execute("PRAGMA defer_foreign_keys = ON")
            for table, column in OF_JOBS.items():
                self._database.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new, old))
            remember(self._database, new, old)
            self._database.execute(_WRITE_AGAIN, (new,))
            self._database.execute(
                "UPDATE sink SET revision = -1 WHERE job = ? AND output IS NOT NULL", (new,)
            )
            outdate(self._database, new)

    def document_rows(self, job: str, path: bytes) -> int:
        """Return in how many places a document of a job is named, but for former ones and outputs of its own."""
        named = sum(
            self._count(table, "job = ? AND path = ?", job, path)
            for table in _OF_DOCUMENTS
            if table not in {"former", "former_acceptance"}
        )
        return named + self._count("delivery", _IN_ONE_OUTPUT, job, path)

    def move_document(self, job: str, old: bytes, new: bytes) -> None:
        """Have all that is recorded of a document be that of another path, of which nothing is recorded.

        An output of its own stays known at the old path, as that of a document that is gone: it can be pruned once the new
        one is written, and is the document's again if that is moved back.
        """
        with self._database.write():
            for table in _OF_DOCUMENTS:
                self._database.execute(
                    f"UPDATE {table} SET path = ? WHERE job = ? AND path = ?", (new, job, old)
                )
            self._database.execute(
                f"UPDATE delivery SET path = ?, due = (result IS NOT NULL) WHERE {_IN_ONE_OUTPUT}",
                (new, job, old),
            )
            remember(self._database, job, job, old)
            outdate(self._database, job)
            self._database.execute("UPDATE job SET revision = revision + 1 WHERE name = ?", (job,))

    def connection_rows(self, name: str) -> int:
        """Return in how many places a connection is named."""
        return sum(self._count(table, "connection = ?", name) for table in OF_CONNECTIONS)

    def open_question(self, connection: str, statuses: Iterable[SubmissionStatus]) -> str | None:
        """Return a submission of a connection that is in one of these states."""
        wanted = tuple(statuses)
        row = self._database.execute(
            f"SELECT id FROM submission WHERE connection = ? AND status IN ({', '.join('?' * len(wanted))}) ORDER BY sequence",
            (connection, *wanted),
        ).fetchone()
        return None if row is None else str(row[0])

    def move_connection(self, old: str, new: str) -> None:
        """Have all that is recorded of a connection be that of another name, which nothing is recorded of."""
        with self._database.write():
            for table in OF_CONNECTIONS:
                self._database.execute(f"UPDATE {table} SET connection = ? WHERE connection = ?", (new, old))
            self._database.execute(f"UPDATE submission SET checksum = {SUM} WHERE connection = ?", (new,))

    def _count(self, table: str, where: str, *values: str | bytes) -> int:
        return int(
            self._database.execute(f"SELECT count(*) FROM {table} WHERE {where}", values).fetchone()[0]
        )


_IN_ONE_OUTPUT = "folded IS NULL AND sink IN (SELECT id FROM sink WHERE job = ?) AND path = ?"

_WRITE_AGAIN = (
    "UPDATE delivery SET due = 1 WHERE result IS NOT NULL"
    " AND sink IN (SELECT id FROM sink WHERE job = ? AND output IS NOT NULL AND wanted = 1)"
)
"""Lines and rows say which job they are of, so that those of a renamed one are written again."""
