"""What documents came to that are through, by how they were made: what a vendor told, and how much there was of them."""

from docbatch.core.experience import Experience
from docbatch.state.database import Database

MOST = 10_000
"""Of how many documents, the last ones."""


class Experiences:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of_recipe(self, key: str) -> Experience:
        """Return what the last documents came to that were made by a recipe."""
        documents, counted, pages, spent = self._database.execute(
            "SELECT count(*), count(pages), total(pages), total(credits) FROM ("
            " SELECT charge.pages AS pages, entry.credits AS credits"
            " FROM submission JOIN submission_item AS entry ON entry.submission = submission.id"
            " LEFT JOIN charge ON charge.submission = entry.submission AND charge.item = entry.item"
            " WHERE submission.recipe = (SELECT id FROM recipe WHERE key = ?) AND entry.credits IS NOT NULL"
            " ORDER BY submission.sequence DESC LIMIT ?)",
            (key, MOST),
        ).fetchone()
        pages_known = int(pages) if documents and counted == documents else None
        return Experience(documents, pages_known, round(spent * 1_000_000))
