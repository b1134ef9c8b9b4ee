"""Which submissions take longer than the jobs that wait for them allow. Wall time tells ages, never an order."""

import json
from dataclasses import dataclass

from docbatch.core.models import Stops
from docbatch.state.database import Database
from docbatch.state.part_queries import whole_of


@dataclass(frozen=True, slots=True)
class Stuck:
    """A submission that is with the vendor for longer than `timeout`, the shortest of the jobs that want its documents.

    `seconds` is how long it is there, `documents` how many of it have not ended. `remote_id` is that of one of its runs
    where the whole has none. `stops` is what the vendor can stop, None where that is not known.
    """

    submission: str
    connection: str
    remote_id: str | None
    documents: int
    seconds: float
    timeout: float
    jobs: tuple[str, ...]
    stops: Stops | None = None


class Deadlines:
    def __init__(self, database: Database) -> None:
        self._database = database

    def passed(self, now: float) -> list[Stuck]:
        """Return what is stuck at `now` (wall time), in sequence."""
        rows = self._database.execute(
            "SELECT submission.id, submission.connection, coalesce(submission.remote_id, min(entry.remote_id)),"
            " ? - submission.intended_at,"
            " count(DISTINCT entry.item), min(job.timeout), json_group_array(DISTINCT job.name)"
            " FROM submission CROSS JOIN submission_item AS entry ON entry.submission = submission.id"
            f" CROSS JOIN document ON document.item = {whole_of('entry.item')} AND document.wanted = 1"
            " JOIN job ON job.name = document.job"
            " WHERE submission.status = 'submitted' AND submission.intended_at < ? - (SELECT min(timeout) FROM job)"
            " AND entry.status IN ('running', 'ready', 'partial')"
            # What was collected in time, and is only fetched once more, is not late.
            " AND NOT EXISTS (SELECT 1 FROM event WHERE event.submission = submission.id AND event.kind = 'result_lost')"
            " GROUP BY submission.id HAVING submission.intended_at < ? - min(job.timeout)"
            " ORDER BY submission.sequence",
            (now, now, now),
        )
        return [
            Stuck(
                identity, connection, remote_id, documents, seconds, timeout, tuple(sorted(json.loads(jobs)))
            )
            for identity, connection, remote_id, seconds, documents, timeout, jobs in rows.fetchall()
        ]
