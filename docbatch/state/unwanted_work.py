"""Work under way that no job wants any more, of jobs that ask vendors to stop it."""

from docbatch.core.lifecycle import Event
from docbatch.state.database import Database
from docbatch.state.part_queries import whole_of


class UnwantedWork:
    def __init__(self, database: Database) -> None:
        self._database = database

    def declare(self, job: str, *, stops: bool) -> None:
        """Keep whether a job asks vendors to stop what it wants no more: it counts when the job itself is gone, too."""
        found = self._database.execute("SELECT 1 FROM stopping_job WHERE name = ?", (job,)).fetchone()
        if stops == (found is not None):
            return
        change = "INSERT INTO stopping_job VALUES (?)" if stops else "DELETE FROM stopping_job WHERE name = ?"
        with self._database.write():
            self._database.execute(change, (job,))

    def abandoned(self) -> list[str]:
        """Return the submissions with vendors of which nobody wants a document, and all who did say `on_removal: cancel`."""
        return [row[0] for row in self._database.execute(_ABANDONED)]

    def is_asked(self, submission: str) -> bool:
        """Say whether the vendor was asked to stop a submission."""
        found = self._database.execute(
            "SELECT 1 FROM event WHERE submission = ? AND kind = ?", (submission, Event.CANCEL_ASKED)
        ).fetchone()
        return found is not None


_OF_IT = f"""
    SELECT 1 FROM submission_item AS entry CROSS JOIN document ON document.item = {whole_of("entry.item")}
    WHERE entry.submission = submission.id
"""
_ABANDONED = f"""
    SELECT id FROM submission WHERE status = 'submitted'
    AND EXISTS ({_OF_IT}) AND NOT EXISTS ({_OF_IT} AND (document.wanted = 1 OR document.job NOT IN (SELECT name FROM stopping_job)))
    ORDER BY sequence
"""
