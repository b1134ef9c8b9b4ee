"""Results that a job does not take: those of empty documents, where it says `on_empty: fail`. The item stays what it is."""

from docbatch.core.models import Failure, FailureClass
from docbatch.core.result_warnings import OnEmpty
from docbatch.state.database import Database

EMPTY = Failure(
    FailureClass.EMPTY, "there is nothing to see in the document, and the job says on_empty: fail"
)


def void_under(on_empty: OnEmpty) -> str:
    """Return SQL that says of an item whether its result is void in such a job."""
    return "coalesce(item.empty, 0)" if on_empty == "fail" else "0"


def void(database: Database, job: str) -> str:
    """Return the same for a job as it is recorded."""
    row = database.execute("SELECT on_empty FROM job WHERE name = ?", (job,)).fetchone()
    return void_under("fail" if row is not None and row[0] == "fail" else "ok")


def let_empty_go(database: Database, job: str) -> None:
    """Inside the current transaction: what was to be written of a job's empty documents is not, any more."""
    database.execute(
        "UPDATE delivery SET due = 0 WHERE due <> 0 AND sink IN (SELECT id FROM sink WHERE job = :job)"
        " AND path IN (SELECT document.path FROM item CROSS JOIN document ON document.item = item.id"
        " WHERE item.empty = 1 AND document.job = :job)",
        {"job": job},
    )
