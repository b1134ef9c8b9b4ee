"""Names that rows of a job's one output may still bear, since the job or the document was called so when they were written."""

from collections.abc import Iterator

from docbatch.state.database import Database

_WHOLE_JOB = b""
"""In the place of a document's path: all rows that bear the job's former name."""


class RenamedRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    def jobs(self, sink: int) -> list[str]:
        """Return the former names of a sink's job, without those that another job writes under to the same output by now."""
        rows = self._database.execute(
            "SELECT renamed_row.former FROM renamed_row JOIN sink AS mine ON mine.id = renamed_row.sink"
            " WHERE renamed_row.sink = ? AND renamed_row.path = ? AND NOT EXISTS (SELECT 1 FROM sink AS other"
            " WHERE other.job = renamed_row.former AND other.root IS mine.root AND other.output IS mine.output)"
            " ORDER BY renamed_row.former",
            (sink, _WHOLE_JOB),
        )
        return [str(former) for (former,) in rows]

    def paths(self, sink: int) -> list[bytes]:
        """Return the former paths of a sink's documents that no document has now."""
        rows = self._database.execute(
            "SELECT renamed_row.path FROM renamed_row JOIN sink ON sink.id = renamed_row.sink"
            " WHERE renamed_row.sink = ? AND renamed_row.path <> ? AND NOT EXISTS (SELECT 1 FROM document"
            " WHERE document.job = sink.job AND document.path = renamed_row.path) ORDER BY renamed_row.path",
            (sink, _WHOLE_JOB),
        )
        return [bytes(path) for (path,) in rows]

    def settled(self, sink: int) -> Iterator[bytes]:
        """Yield the former paths whose rows are to go; once they are gone, no row of the sink bears a former name any more."""
        yield from self.paths(sink)
        if self._database.execute("SELECT 1 FROM renamed_row WHERE sink = ? LIMIT 1", (sink,)).fetchone():
            with self._database.write():
                forget(self._database, sink)


def forget(database: Database, sink: int) -> None:
    """Inside the current transaction: no row of a sink bears a former name any more."""
    database.execute("DELETE FROM renamed_row WHERE sink = ?", (sink,))


def remember(database: Database, job: str, former: str, path: bytes = _WHOLE_JOB) -> None:
    """Inside the current transaction: rows of a job in outputs of many documents may bear a former name, or path, of it."""
    database.execute(
        "INSERT OR IGNORE INTO renamed_row (sink, former, path)"
        " SELECT id, ?, ? FROM sink WHERE job = ? AND (output IS NOT NULL OR root IS NULL)",
        (former, path, job),
    )
