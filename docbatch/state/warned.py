"""Which documents have warnings. Few have in most projects: an index leads to their items first, as CROSS JOIN says."""

import json
from collections import Counter
from collections.abc import Iterator

from docbatch.core.result_warnings import WarningKind
from docbatch.state.database import Database
from docbatch.state.void import void

_OF_A_JOB = (
    " FROM item CROSS JOIN document ON document.item = item.id"
    " WHERE item.warnings IS NOT NULL AND item.status IN ('succeeded', 'partial') AND document.job = ? AND document.wanted = 1"
)


class WarnedDocuments:
    def __init__(self, database: Database) -> None:
        self._database = database

    def counts(self, job: str) -> dict[str, int]:
        """Return how many of a job's documents have warnings, by their kinds; a document counts once for each kind."""
        counts: Counter[str] = Counter()
        rows = self._database.execute(
            f"SELECT item.warned, count(*){_OF_A_JOB} AND NOT {void(self._database, job)} GROUP BY 1", (job,)
        )
        for kinds, number in rows.fetchall():
            counts.update(dict.fromkeys(kinds.split(), number))
        return {kind: counts[kind] for kind in WarningKind if kind in counts}

    def noted(self, job: str) -> int:
        """Return of how many documents more is to be said than what was lost."""
        row = self._database.execute(
            f"SELECT count(*){_OF_A_JOB} AND item.warned != 'lost' AND NOT {void(self._database, job)}",
            (job,),
        ).fetchone()
        return int(row[0])

    def first(self, job: str, limit: int = -1) -> Iterator[tuple[bytes, tuple[str, ...]]]:
        """Yield (path, warnings) of documents that have some, in path order.

        Of more than `limit`, those come first about which more is to be said than what was lost.
        """
        rows = self._database.execute(
            f"SELECT path, warnings FROM (SELECT document.path, item.warnings{_OF_A_JOB}"
            f" AND NOT {void(self._database, job)} ORDER BY item.warned = 'lost', document.path LIMIT ?) ORDER BY path",
            (job, limit),
        )
        for path, warnings in rows:
            yield path, tuple(json.loads(warnings))
