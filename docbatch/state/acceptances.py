"""Failures that somebody accepted: written here, read with the documents in `unwell_documents`. What was said before is kept."""

from collections.abc import Iterable, Iterator

from docbatch.core.acceptances import Acceptance, FormerAcceptance
from docbatch.state.database import Database
from docbatch.state.unwell_documents import UnwellDocument


class Acceptances:
    def __init__(self, database: Database) -> None:
        self._database = database

    def accept(self, documents: Iterable[UnwellDocument], acceptance: Acceptance) -> None:
        """Record that these failures may stand, in place of what was said of them before."""
        said = (acceptance.reason, acceptance.who, acceptance.at, acceptance.until)
        with self._database.write():
            for each in documents:
                self._end(each, acceptance.at, acceptance.who)
                self._database.execute(
                    "INSERT OR REPLACE INTO acceptance (job, path, item, class, reason, who, at, until)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (each.job, each.path, each.item, str(each.why.kind), *said),
                )

    def withdraw(self, documents: Iterable[UnwellDocument], now: float, who: str) -> None:
        """Let these failures count again, whatever was said of them."""
        with self._database.write():
            for each in documents:
                self._end(each, now, who)
                self._drop(each)

    def undo(self, documents: Iterable[UnwellDocument]) -> None:
        """Let what was said of these failures before hold again; where nothing was, they count again."""
        with self._database.write():
            for each in documents:
                before = self._database.execute(_REPLACED, (each.job, each.path)).fetchone()
                self._drop(each)
                if before is not None:
                    chosen = (each.job, each.path, before[0])
                    self._database.execute(_BRING_BACK, chosen)
                    self._database.execute(_FORGET, chosen)

    def replaced(self, document: UnwellDocument) -> Acceptance | None:
        """Return what was said of this failure before what is said now, and would hold again; None where nothing was."""
        found = self._database.execute(_REPLACED, (document.job, document.path)).fetchone()
        if found is None or found[1:3] != (document.item, str(document.why.kind)):
            return None
        return Acceptance(*found[3:])

    def former(self, job: str, path: bytes) -> Iterator[FormerAcceptance]:
        """Yield what was said of a document's failures before, the oldest first."""
        rows = self._database.execute(
            "SELECT reason, who, at, until, class, ended, ended_by FROM former_acceptance"
            f" WHERE {_PLACE} ORDER BY number",
            (job, path),
        )
        for *said, kind, ended, ended_by in rows.fetchall():
            yield FormerAcceptance(Acceptance(*said), kind, ended, ended_by)

    def _end(self, document: UnwellDocument, now: float, who: str) -> None:
        self._database.execute(_END, (now, who, document.job, document.path))

    def _drop(self, document: UnwellDocument) -> None:
        self._database.execute(f"DELETE FROM acceptance WHERE {_PLACE}", (document.job, document.path))


_PLACE = "job = ? AND path = ?"
_SAID = "job, path, item, class, reason, who, at, until"
_END = (
    f"INSERT INTO former_acceptance ({_SAID}, number, ended, ended_by)"
    f" SELECT {_SAID}, (SELECT coalesce(max(number) + 1, 0) FROM former_acceptance AS former"
    " WHERE former.job = acceptance.job AND former.path = acceptance.path), ?, ?"
    f" FROM acceptance WHERE {_PLACE}"
)
_REPLACED = (
    "SELECT number, item, class, reason, who, at, until FROM former_acceptance AS former WHERE former.job = ? AND former.path = ?"
    " AND number = (SELECT max(number) FROM former_acceptance AS other"
    " WHERE other.job = former.job AND other.path = former.path)"
    " AND ended = (SELECT at FROM acceptance WHERE acceptance.job = former.job AND acceptance.path = former.path)"
)
"""What was said last before, where what is said now took its place: what was withdrawn does not come back by itself."""
_BRING_BACK = (
    f"INSERT INTO acceptance ({_SAID}) SELECT {_SAID} FROM former_acceptance WHERE {_PLACE} AND number = ?"
)
_FORGET = f"DELETE FROM former_acceptance WHERE {_PLACE} AND number = ?"
