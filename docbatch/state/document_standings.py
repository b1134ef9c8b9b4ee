"""How documents stand, as selectors see it: each by its status, whether it makes the exit code 3, and when that was."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from docbatch.core.selectors import DocumentStanding
from docbatch.state.checksum import Value
from docbatch.state.database import Database, marked, windows
from docbatch.state.unwell_documents import ACCEPTED
from docbatch.state.void import demands_of, void_under


class AskedStanding(NamedTuple):
    """Whose documents are asked for, at which moment (wall time), and whether it matters when something became of them."""

    job: str
    now: float
    dated: bool = False


def standings(
    database: Database, asked: AskedStanding, paths: Sequence[bytes]
) -> dict[bytes, DocumentStanding]:
    """Return how some of a job's wanted documents stand, by path; those that are not recorded are left out."""
    found: dict[bytes, DocumentStanding] = {}
    for window in windows(paths):
        found |= _read(database, asked, f" AND {marked('document.path', window)}", window)
    return found


def every_standing(
    database: Database, asked: AskedStanding, folder: bytes = b""
) -> Iterator[tuple[bytes, DocumentStanding]]:
    """Yield all wanted documents of a job, in path order, or those in a folder, which is given with a "/" at its end."""
    if not folder:
        return _read(database, asked, "", ())
    return _read(
        database, asked, " AND document.path > ? AND document.path < ?", (folder, folder[:-1] + b"0")
    )


def _read(
    database: Database, asked: AskedStanding, clause: str, parameters: Sequence[Value]
) -> Iterator[tuple[bytes, DocumentStanding]]:
    demands = demands_of(database, asked.job)
    status = f"CASE WHEN {void_under(demands)} THEN 'failed' ELSE coalesce(item.status, 'problem') END"
    failing = ("failed", "problem") if demands.on_partial == "accept" else ("failed", "problem", "partial")
    rows = database.execute(
        f"SELECT document.path, {status},"
        f" ({status} IN ({', '.join('?' * len(failing))}) AND acceptance.reason IS NULL) OR {_FAILED_BEFORE},"
        f" {_LAST if asked.dated else 'NULL'}"
        " FROM document LEFT JOIN item ON item.id = document.item"
        " LEFT JOIN problem ON document.item IS NULL AND problem.job = document.job AND problem.path = document.path"
        f" LEFT JOIN acceptance ON {ACCEPTED} AND (acceptance.until IS NULL OR acceptance.until > ?)"
        f" WHERE document.job = ? AND document.wanted = 1{clause} ORDER BY document.path",
        (*failing, asked.now, asked.job, *parameters),
    )
    return ((path, DocumentStanding(state, bool(fails), last)) for path, state, fails, last in rows)


_FAILED_BEFORE = (
    "coalesce(item.status IN ('pending', 'live') AND EXISTS (SELECT 1 FROM failure WHERE failure.item = item.id"
    " AND failure.attempt >= item.attempt - 1 AND failure.class <> 'held'), 0)"
)
"""SQL that says of what waits for another try, or is at it, that the one before failed."""
_LAST_FAILURE = "(SELECT max(at) FROM failure WHERE failure.item = item.id)"
_COLLECTED = (
    "(SELECT max((julianday(event.at) - 2440587.5) * 86400.0) FROM submission_item AS entry"
    " JOIN event ON event.submission = entry.submission WHERE entry.item = item.id)"
)
_LAST = f"""CASE WHEN document.item IS NULL THEN coalesce(problem.since, 0)
    WHEN item.status IN ('pending', 'live') THEN {_LAST_FAILURE}
    WHEN item.status = 'succeeded' THEN coalesce({_COLLECTED}, CASE WHEN item.empty THEN {_LAST_FAILURE} END)
    ELSE coalesce({_LAST_FAILURE}, {_COLLECTED}, 0) END"""
"""SQL for when something became of a document last: of failures 0 where nobody knows; NULL where nothing did yet, and of what this machine read, which is noted nowhere."""
