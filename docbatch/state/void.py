"""Results that a job does not take: of empty documents or of partial ones, where it says so. The item stays what it is."""

from docbatch.core.demands import Demands
from docbatch.state.database import Database

TAKEN_BY_ITS_JOB = (
    "NOT (coalesce(item.empty, 0) AND job.on_empty = 'fail')"
    " AND NOT (coalesce(item.status = 'partial', 0)"
    " AND EXISTS (SELECT 1 FROM policy WHERE policy.job = job.name AND policy.on_partial = 'fail'))"
)
"""SQL that says of an item and one of its jobs whether the job takes the item's result."""


def void_under(demands: Demands) -> str:
    """Return SQL that says of an item whether its result is void in such a job."""
    reasons = [
        *(["coalesce(item.empty, 0)"] if demands.refuses_empty else []),
        *(["coalesce(item.status = 'partial', 0)"] if demands.refuses_partial else []),
    ]
    return f"({' OR '.join(reasons)})" if reasons else "0"


def demands_of(database: Database, job: str) -> Demands:
    """Return what a job asks, as it is recorded."""
    row = database.execute(
        "SELECT job.on_empty, coalesce(policy.on_partial, 'report') FROM job"
        " LEFT JOIN policy ON policy.job = job.name WHERE job.name = ?",
        (job,),
    ).fetchone()
    return Demands() if row is None else Demands(*row)


def declare_policy(database: Database, job: str, demands: Demands) -> bool:
    """Record, inside the current transaction, what a job asks of partial results; say whether it takes others than before."""
    before = demands_of(database, job)
    database.execute(
        "INSERT OR REPLACE INTO policy (job, on_partial) VALUES (?, ?)", (job, demands.on_partial)
    )
    return before.refuses_partial != demands.refuses_partial


def void(database: Database, job: str) -> str:
    """Return the same SQL for a job as it is recorded."""
    return void_under(demands_of(database, job))


def let_void_go(database: Database, job: str) -> None:
    """Inside the current transaction: what was to be written of documents that a job does not take is not, any more."""
    if (refused := void(database, job)) != "0":
        database.execute(
            "UPDATE delivery SET due = 0 WHERE due <> 0 AND sink IN (SELECT id FROM sink WHERE job = :job)"
            " AND path IN (SELECT document.path FROM item CROSS JOIN document ON document.item = item.id"
            f" WHERE (item.empty = 1 OR item.status = 'partial') AND {refused} AND document.job = :job)",
            {"job": job},
        )
