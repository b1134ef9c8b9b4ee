"""What a run with selectors has to send, kept until it is sent, so that the same command goes on with it after it was killed.

Each is kept under the selectors as they are typed. What a person queues again is judged anew.
"""

from collections.abc import Sequence

from docbatch.state.database import Database, marked, windows

SELECTED = "document.item IN (SELECT selected_item.item FROM selected_item WHERE selected_item.selectors = ?)"
"""SQL that says of a document that a run selected it: a run with the selectors that are its parameter."""


def select_items(database: Database, selectors: str, job: str, paths: Sequence[bytes]) -> None:
    """Note inside the current transaction that a run sends these documents of a job, as far as they are not done."""
    for window in windows(paths):
        database.execute(
            "INSERT OR IGNORE INTO selected_item (selectors, item) SELECT DISTINCT ?, item.id"
            " FROM document JOIN item ON item.id = document.item WHERE document.job = ? AND document.wanted = 1"
            f" AND item.status <> 'succeeded' AND {marked('document.path', window)}",
            (selectors, job, *window),
        )


def begun(database: Database, selectors: str, job: str, paths: Sequence[bytes]) -> set[bytes]:
    """Return those documents of a job that a run with these selectors was to send, and did not yet."""
    found: set[bytes] = set()
    for window in windows(paths):
        rows = database.execute(
            "SELECT document.path FROM document JOIN item ON item.id = document.item"
            " JOIN selected_item ON selected_item.item = item.id"
            " WHERE selected_item.selectors = ? AND document.job = ? AND document.wanted = 1 AND item.status = 'pending'"
            f" AND {marked('document.path', window)}",
            (selectors, job, *window),
        )
        found.update(path for (path,) in rows)
    return found


def is_selected(database: Database, selectors: str, item: int) -> bool:
    """Say whether a run with these selectors may send an item, given its row."""
    row = database.execute(
        "SELECT 1 FROM selected_item WHERE selectors = ? AND item = ?", (selectors, item)
    ).fetchone()
    return row is not None


def count_unselected(database: Database, selectors: str, job: str) -> int:
    """Return how many documents of a job wait to be sent and are none that a run with these selectors sends."""
    row = database.execute(
        "SELECT count(*) FROM item CROSS JOIN document ON document.item = item.id"
        f" WHERE item.status = 'pending' AND document.job = ? AND document.wanted = 1 AND NOT {SELECTED}",
        (job, selectors),
    ).fetchone()
    return int(row[0])


def let_go(database: Database, job: str | None = None) -> None:
    """Forget what ended, and what is of a `job`: all of its documents are sent from now on."""
    if database.execute("SELECT 1 FROM selected_item LIMIT 1").fetchone() is not None:
        with database.write():
            database.execute(_OVER, {"job": job})


def forget(database: Database, item: int) -> None:
    """Forget inside the current transaction that an item, given its row, was selected."""
    database.execute("DELETE FROM selected_item WHERE item = ?", (item,))


_OVER = """
    DELETE FROM selected_item
    WHERE NOT EXISTS (SELECT 1 FROM item WHERE item.id = selected_item.item AND item.status IN ('pending', 'live'))
    OR EXISTS (SELECT 1 FROM document WHERE document.item = selected_item.item AND document.job = :job)
"""
