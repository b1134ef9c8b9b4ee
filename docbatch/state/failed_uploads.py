"""Uploads that failed and are tried again, with how often: several short runs come as far as one long one."""

from collections.abc import Iterable

from docbatch.state.database import Database


class FailedUploads:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, connection: str) -> list[tuple[str, int, int]]:
        """Return (item's key, tries, how many of these failed while other uploads went well)."""
        rows = self._database.execute(
            "SELECT key, tries, proofs FROM failed_upload WHERE connection = ? ORDER BY key", (connection,)
        )
        return [(key, tries, proofs) for key, tries, proofs in rows.fetchall()]

    def conclude(self, connection: str, failed: Iterable[tuple[str, int, int]]) -> None:
        """Record what is left at the end of a run; writes nothing where nothing changed."""
        wanted = sorted(failed)
        if self.of(connection) == wanted:
            return
        with self._database.write():
            self._database.execute("DELETE FROM failed_upload WHERE connection = ?", (connection,))
            self._database.executemany(
                "INSERT INTO failed_upload VALUES (?, ?, ?, ?)", [(connection, *each) for each in wanted]
            )
