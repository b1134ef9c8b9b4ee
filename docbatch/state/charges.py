"""What paid work is counted for: reserved with the intent, let go where nothing was sent, exact once the vendor told.

A row is what one item of one submission comes to, and which job pays for it. All that writes here does so inside the
current transaction.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from docbatch.core.limits import Cost, Limit, Measure, Period, charged_job, today
from docbatch.state.database import Database, marked, windows
from docbatch.state.items import Items
from docbatch.state.part_queries import whole_of
from docbatch.state.records import Reservation

COUNTED = (
    "submission.status NOT IN ('void', 'unsent', 'refused')"
    " AND (entry.status <> 'released' OR submission.status = 'expired')"
    " AND (entry.status <> 'missing' OR (SELECT status FROM item WHERE item.id = entry.item) = 'held')"
)
"""What was certainly not done is charged to nobody; of work that the vendor lost that is not certain.

What the vendor shows no trace of counts until a person says that it is not there, and has it sent again.
"""

CREDITS = "coalesce(CAST(round(entry.credits * 1000000) AS INTEGER), charge.credits)"
MONEY = (
    "CASE WHEN entry.credits IS NOT NULL AND charge.credits > 0"
    " THEN CAST(round(charge.money * (entry.credits * 1000000 / charge.credits)) AS INTEGER) ELSE charge.money END"
)
"""A vendor tells credits, and money is in proportion to them."""

NOBODY = ""
"""Whose documents are all gone: what was sent of them is paid all the same."""

_SUMS: Mapping[Measure, str] = {
    Measure.DOCUMENTS: "count(*)",
    Measure.PAGES: "total(charge.pages)",
    Measure.CREDITS: f"total({CREDITS})",
    Measure.MONEY: f"total({MONEY})",
}

ROWS = (
    "charge JOIN payer ON payer.id = charge.payer JOIN submission ON submission.id = charge.submission"
    " JOIN submission_item AS entry ON entry.item = charge.item AND entry.submission = charge.submission"
)


class Charges:
    def __init__(self, database: Database, items: Items) -> None:
        self._database = database
        self._items = items

    def day(self, now: float) -> date:
        """Return the UTC day on which what is sent at `now` (seconds since the epoch) counts."""
        (last,) = self._database.execute("SELECT max(day) FROM charge").fetchone()
        return today(now, last)

    def spent(self, measure: Measure, since: date, *, job: str | None, connection: str | None) -> int:
        """Return what was counted from a day on, of one job and one connection or of all."""
        (found,) = self._database.execute(
            f"SELECT {_SUMS[measure]} FROM {ROWS} WHERE {COUNTED} AND charge.day >= ?"
            " AND payer.job = coalesce(?, payer.job) AND payer.connection = coalesce(?, payer.connection)",
            (since.isoformat(), job, connection),
        ).fetchone()
        return int(found)

    def counted(self, limit: Limit, day: date) -> int:
        """Return what counts for a limit on a day; what it allows a run is counted anew by each."""
        if limit.per is Period.RUN:
            return 0
        since = limit.per.begins(day)
        return self.spent(limit.measure, since, job=limit.job, connection=limit.connection)

    def of_submission(self, identity: str, measure: Measure) -> dict[str, int]:
        """Return what a submission counts for by now, by the job that pays."""
        rows = self._database.execute(
            f"SELECT payer.job, {_SUMS[measure]} FROM {ROWS} WHERE {COUNTED} AND charge.submission = ? GROUP BY 1",
            (identity,),
        )
        return {job: int(found) for job, found in rows}

    def payers(self, rows: Sequence[int], jobs: Collection[str] = ()) -> dict[int, str]:
        """Return which job pays for items, by their rows; without one that nobody has.

        What one of `jobs` wants none of the others pays: who sends knows the limits of these alone.
        """
        wanting: dict[int, dict[str, int]] = {}
        for row, job, priority in self._wanting(rows):
            wanting.setdefault(row, {})[job] = priority
        return {
            row: charged_job({job: found[job] for job in found if job in jobs} or found)
            for row, found in wanting.items()
        }

    def _wanting(self, rows: Sequence[int]) -> Iterator[tuple[int, str, int]]:
        for window in windows(list(rows)):
            yield from self._database.execute(
                f"SELECT item.id, job.name, job.priority FROM item JOIN document ON document.item = {whole_of('item.id')}"
                f" JOIN job ON job.name = document.job WHERE {marked('item.id', window)}",
                window,
            ).fetchall()

    def reserve(
        self, submission: str, connection: str, keys: Sequence[str], reservation: Reservation, now: float
    ) -> None:
        """Count items from now on. What was counted for the submission before is not any more."""
        self.let_go(submission)
        rows = {item.key: item.row for item in self._items.many(keys)}
        jobs = self.payers(list(rows.values()), reservation.labels.keys())
        names = {jobs.get(row, NOBODY) for row in rows.values()}
        payers = {job: self._payer(job, connection, reservation.labels.get(job, {})) for job in names}
        day = self.day(now).isoformat()
        costs = {key: reservation.costs.get(key, Cost()) for key in rows}
        self._database.executemany(
            "INSERT INTO charge (submission, item, payer, day, pages, credits, money) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    submission,
                    row,
                    payers[jobs.get(row, NOBODY)],
                    day,
                    costs[key].pages,
                    costs[key].credits,
                    costs[key].money,
                )
                for key, row in rows.items()
            ],
        )

    def let_go(self, submission: str) -> None:
        self._database.execute("DELETE FROM charge WHERE submission = ?", (submission,))

    def _payer(self, job: str, connection: str, labels: Mapping[str, str]) -> int:
        values = (job, connection, json.dumps(dict(labels), sort_keys=True))
        self._database.execute(
            "INSERT OR IGNORE INTO payer (job, connection, labels) VALUES (?, ?, ?)", values
        )
        row = self._database.execute(
            "SELECT id FROM payer WHERE job = ? AND connection = ? AND labels = ?", values
        ).fetchone()
        return int(row[0])
