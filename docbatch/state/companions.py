"""Files beside the outputs of documents, such as the pictures that these link to: looked after as outputs are.

What an output refers to no longer stays known as ours, as that of a document which is gone does.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from docbatch.state.database import Database, marked, windows
from docbatch.state.digests import as_bytes, as_text


class WrittenCompanion(NamedTuple):
    """A file as it was written: the path of its document, its own below the sink's root, and the collision key of that."""

    path: bytes
    output: bytes
    folded: int
    stamp: str
    size: int
    digest: str


class CompanionRow(NamedTuple):
    """A file as the state knows it; without a stamp it is gone. An output refers to one that is `wanted`."""

    path: bytes
    output: bytes
    stamp: str | None
    size: int
    digest: str
    wanted: int


_OF_A_WANTED_DOCUMENT = (
    "companion.wanted = 1 AND EXISTS (SELECT 1 FROM sink JOIN document ON document.job = sink.job"
    " AND document.path = companion.path AND document.wanted = 1 WHERE sink.id = companion.sink)"
)


def are_any(database: Database, sink: int) -> bool:
    """Say whether there ever was a file beside an output of a sink: there is none beside most."""
    return database.execute("SELECT 1 FROM companion WHERE sink = ? LIMIT 1", (sink,)).fetchone() is not None


def record(
    database: Database, sink: int, paths: Iterable[bytes], written: Sequence[WrittenCompanion]
) -> None:
    """Inside the current transaction: these are all the files beside the outputs of these documents."""
    if are_any(database, sink):
        database.executemany(
            "UPDATE companion SET wanted = 0 WHERE sink = ? AND path = ? AND wanted = 1",
            ((sink, path) for path in paths),
        )
    database.executemany(
        "INSERT OR REPLACE INTO companion (sink, output, path, folded, stamp, size, digest, wanted)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
        (
            (sink, each.output, each.path, each.folded, each.stamp, each.size, as_bytes(each.digest))
            for each in written
        ),
    )


class Companions:
    def __init__(self, database: Database) -> None:
        self._database = database

    def are_any(self, sink: int) -> bool:
        """Say whether there ever was one beside an output of a sink."""
        return are_any(self._database, sink)

    def between(self, sink: int, first: bytes, last: bytes) -> list[CompanionRow]:
        """Return what lies beside the outputs of documents from one path up to another, in the order of paths."""
        rows = self._database.execute(
            f"{_SELECT} FROM companion WHERE sink = ? AND path BETWEEN ? AND ? AND wanted = 1 ORDER BY path, output",
            (sink, first, last),
        )
        return [CompanionRow._make(row) for row in rows]

    def wanted(self, sink: int) -> Iterator[CompanionRow]:
        """Yield what lies beside outputs of documents that are wanted, in the order of their paths."""
        rows = self._database.execute(
            f"{_SELECT} FROM companion WHERE sink = ? AND stamp IS NOT NULL AND {_OF_A_WANTED_DOCUMENT} ORDER BY path, output",
            (sink,),
        )
        return (CompanionRow._make(row) for row in rows)

    def left(self, sink: int, after: bytes, limit: int, *, every: bool) -> list[tuple[CompanionRow, int]]:
        """Return what is there behind a place and no output refers to any more, or `every` one of the sink; with its collision key."""
        rows = self._database.execute(
            f"{_SELECT}, folded FROM companion WHERE sink = ? AND output > ? AND stamp IS NOT NULL"
            f" AND (? OR NOT ({_OF_A_WANTED_DOCUMENT})) ORDER BY output LIMIT ?",
            (sink, after, every, limit),
        )
        return [(CompanionRow._make(row[:-1]), row[-1]) for row in rows]

    def taken(self, folded: Sequence[int]) -> set[int]:
        """Return which of these places outputs of documents that are wanted refer to, of any job."""
        found: set[int] = set()
        for window in windows(folded):
            rows = self._database.execute(
                f"SELECT folded FROM companion WHERE {marked('folded', window)} AND {_OF_A_WANTED_DOCUMENT}"
                " AND EXISTS (SELECT 1 FROM sink WHERE sink.id = companion.sink AND sink.wanted = 1)",
                window,
            )
            found.update(key for (key,) in rows)
        return found

    def release(self, sink: int, output: bytes, stamp: str) -> bool:
        """Inside the current transaction: a file is gone, and stays known; say whether it was one of these."""
        changed = self._database.execute(
            "UPDATE companion SET stamp = NULL WHERE sink = ? AND output = ? AND stamp = ?",
            (sink, output, stamp),
        )
        return bool(changed.rowcount)

    def put_back(self, sink: int, output: bytes, stamp: str) -> bool:
        """Inside the current transaction: a file lies again where it was released from; say whether it is one of these."""
        changed = self._database.execute(
            "UPDATE companion SET stamp = ? WHERE sink = ? AND output = ? AND stamp IS NULL",
            (stamp, sink, output),
        )
        return bool(changed.rowcount)


_SELECT = f"SELECT path, output, stamp, size, {as_text('digest')}, wanted"
