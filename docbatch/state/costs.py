"""What was counted, summed by who pays and when. The rows are summed by SQLite: there may be millions of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from docbatch.core.costs import CostRow, CountedAmount, Spending
from docbatch.core.lifecycle import Event
from docbatch.state.charges import COUNTED, MONEY, ROWS
from docbatch.state.database import Database

Stretch = Literal["day", "month"]

_IS_OPEN = "(entry.credits IS NULL AND entry.status IN ('running', 'ready', 'partial', 'missing'))"
_IS_UNCERTAIN = (
    f"({_IS_OPEN} AND (entry.status = 'missing' OR submission.status IN ('intended', 'unanswered', 'held')))"
)
_TOLD = "CASE WHEN entry.credits IS NOT NULL THEN CAST(round(entry.credits * 1000000) AS INTEGER) END"
_IS_MONEY_TOLD = "entry.credits IS NOT NULL AND charge.credits > 0"

_AMOUNTS = (
    ("NULL", "charge.pages", "charge.pages"),
    (_TOLD, f"CASE WHEN {_TOLD} IS NULL THEN charge.credits END", "charge.credits"),
    (
        f"CASE WHEN {_IS_MONEY_TOLD} THEN {MONEY} END",
        f"CASE WHEN NOT coalesce({_IS_MONEY_TOLD}, 0) THEN charge.money END",
        "charge.money",
    ),
)
"""Of pages, credits and money: what a vendor told of a document, what is estimated where none did, and what was estimated at first."""
_SUMS = ", ".join(f"total({part}), count({part})" for amount in _AMOUNTS for part in amount)
_WHEN: Mapping[Stretch | None, str] = {"day": "charge.day", "month": "substr(charge.day, 1, 7)", None: "''"}


@dataclass(frozen=True, slots=True)
class CostScope:
    """Of which documents: counted from a day on, up to a day, of one job, on one connection, sent after an event, and not after another."""

    since: date | None = None
    until: date | None = None
    job: str | None = None
    connection: str | None = None
    after: int | None = None
    through: int | None = None


class RecordedCosts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, scope: CostScope, per: Stretch | None = None) -> Iterator[CostRow]:
        """Yield what documents came to, apart by payer, by day or month where that is asked for, and by whether they are through."""
        clauses, values = _narrowed(scope)
        found = self._database.execute(
            f"SELECT payer.job, payer.connection, payer.labels, {_WHEN[per]}, {_IS_OPEN}, count(*), total({_IS_UNCERTAIN}),"
            f" {_SUMS} FROM {ROWS} WHERE {' AND '.join([COUNTED, *clauses])} GROUP BY payer.id, 4, 5",
            values,
        )
        for job, connection, labels, when, is_open, documents, uncertain, *sums in found:
            yield CostRow(
                job or None,
                connection,
                json.loads(labels),
                when,
                _spending(documents, sums),
                bool(is_open),
                int(uncertain),
            )

    def jobs(self) -> set[str]:
        """Return the jobs that something was counted for."""
        return {job for (job,) in self._database.execute("SELECT DISTINCT job FROM payer WHERE job <> ''")}


def _narrowed(scope: CostScope) -> tuple[list[str], list[object]]:
    sent = f"charge.submission IN (SELECT submission FROM event WHERE kind = '{Event.INTENDED}' AND sequence"
    asked: dict[str, object] = {
        "charge.day >= ?": None if scope.since is None else scope.since.isoformat(),
        "charge.day <= ?": None if scope.until is None else scope.until.isoformat(),
        "payer.job = ?": scope.job,
        "payer.connection = ?": scope.connection,
        f"{sent} > ?)": scope.after,
        f"{sent} <= ?)": scope.through,
    }
    given = {clause: value for clause, value in asked.items() if value is not None}
    return list(given), list(given.values())


def _spending(documents: int, sums: Sequence[Any]) -> Spending:
    return Spending(
        documents, *(_amount(documents, sums[start : start + 6]) for start in range(0, len(sums), 6))
    )


def _amount(documents: int, sums: Sequence[Any]) -> CountedAmount:
    exact, told, estimated, others, expected, awaited = map(int, sums)
    return CountedAmount(
        exact, estimated, documents - told - others, expected if awaited == documents else None
    )
