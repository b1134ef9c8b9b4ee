"""Places that outputs left for others: what lies there is ours as long as it is as it was written.

No place is forgotten, since what was written there is no document. Without a stamp nothing of ours is there any more.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from docbatch.state.database import Database
from docbatch.state.digests import as_bytes, as_text

_WRITTEN_AGAIN = (
    "SELECT 1 FROM delivery WHERE delivery.sink = left_place.sink AND delivery.path = left_place.path"
    " AND delivery.output = left_place.output AND delivery.stamp IS NOT NULL"
)
"""Of an output that came back to its place, what is recorded as its document's is newer."""


def leave(database: Database, moved: Iterable[tuple[int, bytes, bytes]]) -> None:
    """Inside the current transaction: outputs are about to be recorded elsewhere, sink, path and new output each."""
    database.executemany(
        "INSERT OR REPLACE INTO left_place (sink, output, folded, path, stamp, size, digest)"
        " SELECT delivery.sink, delivery.output, delivery.folded, delivery.path, delivery.stamp, written.size, written.digest"
        " FROM delivery LEFT JOIN written ON written.sink = delivery.sink AND written.path = delivery.path"
        " WHERE delivery.sink = ? AND delivery.path = ? AND delivery.output <> ?"
        " AND delivery.stamp IS NOT NULL AND delivery.folded IS NOT NULL",
        moved,
    )


def left_in(database: Database, sink: int, after: bytes, limit: int) -> Sequence[tuple[Any, ...]]:
    """Return what outputs of a sink left behind a place, in the order of places, with the columns of `KnownOutput`."""
    return database.execute(
        f"SELECT sink, path, output, NULL, stamp, size, {as_text('digest')}, folded FROM left_place"
        f" WHERE sink = ? AND output > ? AND stamp IS NOT NULL AND NOT EXISTS ({_WRITTEN_AGAIN})"
        " ORDER BY output LIMIT ?",
        (sink, after, limit),
    ).fetchall()


def let_go(database: Database, sink: int, output: bytes, stamp: str) -> None:
    """Inside the current transaction: what was left in a place is gone, if it had this stamp."""
    database.execute(
        "UPDATE left_place SET stamp = NULL WHERE sink = ? AND output = ? AND stamp = ?",
        (sink, output, stamp),
    )


def come_back(
    database: Database,
    place: tuple[int, bytes, bytes, int],
    stamp: str,
    size: int | None,
    digest: str | None,
) -> None:
    """Inside the current transaction: what lay in a place, (sink, path, output, collision key), lies there again.

    Nothing is recorded where that is the place of its document's output.
    """
    database.execute(
        "INSERT INTO left_place (sink, path, output, folded, stamp, size, digest)"
        " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"
        " WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE sink = ?1 AND path = ?2 AND output = ?3)"
        " ON CONFLICT (sink, output) DO UPDATE SET path = excluded.path, stamp = excluded.stamp, size = excluded.size,"
        " digest = excluded.digest WHERE stamp IS NULL",
        (*place, stamp, size, None if digest is None else as_bytes(digest)),
    )
