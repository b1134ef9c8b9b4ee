"""Failures that somebody accepted: written here, read with the documents in `unwell_documents`."""

from collections.abc import Iterable

from docbatch.core.acceptances import Acceptance
from docbatch.state.database import Database
from docbatch.state.unwell_documents import UnwellDocument


class Acceptances:
    def __init__(self, database: Database) -> None:
        self._database = database

    def accept(self, documents: Iterable[UnwellDocument], acceptance: Acceptance) -> None:
        """Record that these failures may stand, in place of what was said of them before."""
        said = (acceptance.reason, acceptance.who, acceptance.at, acceptance.until)
        with self._database.write():
            self._database.executemany(
                "INSERT OR REPLACE INTO acceptance (job, path, item, class, reason, who, at, until)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                ((each.job, each.path, each.item, str(each.why.kind), *said) for each in documents),
            )

    def withdraw(self, documents: Iterable[UnwellDocument]) -> None:
        """Let these failures count again."""
        with self._database.write():
            self._database.executemany(
                "DELETE FROM acceptance WHERE job = ? AND path = ?",
                ((each.job, each.path) for each in documents),
            )
