"""Which bytes a document had before, and until when. Written where they change or go, and for no other change."""

import time

from docbatch.state.database import Database


def keep_former(database: Database, job: str, path: bytes, item: int | None) -> None:
    """Inside the current transaction: keep which item a wanted document was, unless it is one of the same bytes from now on."""
    database.execute(
        "INSERT OR REPLACE INTO former (job, path, until, item) SELECT job, path, ?, document.item FROM document"
        " JOIN item AS before ON before.id = document.item LEFT JOIN item AS now ON now.id = ?"
        " WHERE job = ? AND path = ? AND wanted = 1 AND before.digest IS NOT now.digest",
        (time.time(), item, job, path),
    )
