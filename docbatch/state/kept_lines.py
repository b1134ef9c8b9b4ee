"""Documents that are no longer found, and stay in outputs that hold a whole job: their outputs stay, as those in files do.

A delivery stands for such a document while its sink writes to the place where it was: `output` and `stamp` say which.
"""

from collections.abc import Iterator, Sequence

from docbatch.state.database import Database
from docbatch.state.digests import as_text
from docbatch.state.void import TAKEN_BY_ITS_JOB

_IS_KEPT = (
    "document.wanted = 0 AND delivery.result IS NOT NULL"
    " AND delivery.output = sink.output AND delivery.stamp = hex(sink.root)"
)
_JOINED = (
    "delivery JOIN sink ON sink.id = delivery.sink"
    " JOIN document ON document.job = sink.job AND document.path = delivery.path"
)


def hold_on(database: Database, job: str, path: bytes | None = None) -> None:
    """Inside the current transaction: what is about to be let go, one document or all, stays where its job's file has it.

    Sinks that record each document have a delivery of it already, and need nothing.
    """
    database.execute(
        "INSERT OR IGNORE INTO delivery (sink, path, output, result, stamp, due)"
        " SELECT sink.id, document.path, sink.output, item.result, hex(sink.root), 0 FROM document"
        " JOIN item ON item.id = document.item JOIN job ON job.name = document.job JOIN sink ON sink.job = job.name"
        " WHERE document.job = :job AND (:path IS NULL OR document.path = :path) AND document.wanted = 1"
        f" AND item.result IS NOT NULL AND {TAKEN_BY_ITS_JOB}"
        " AND sink.wanted = 1 AND sink.output IS NOT NULL AND sink.stamp IS NOT NULL",
        {"job": job, "path": path},
    )


def kept_lines(database: Database, sink: int) -> Iterator[tuple[None, bytes, bytes, str, str, int, str]]:
    """Yield path, output, result, digest, size and media type of what stays in a whole sink, in path order, behind a None."""
    rows = database.execute(
        f"SELECT NULL, delivery.path, x'', {as_text('delivery.result')}, {as_text('item.digest')}, item.size, item.media_type"
        f" FROM {_JOINED} JOIN item ON item.id = document.item"
        f" WHERE delivery.sink = ? AND {_IS_KEPT} ORDER BY delivery.path",
        (sink,),
    )
    # Who stops early may leave this behind for longer than the database is open, so the cursor is not handed on.
    for row in rows:  # noqa: UP028
        yield row


def all_kept_lines(database: Database) -> Iterator[tuple[str, bytes, str]]:
    """Yield job, path and result of what stays in outputs of whole jobs, for as long as the database is open."""
    yield from database.execute(
        f"SELECT sink.job, delivery.path, {as_text('delivery.result')} FROM {_JOINED}"
        f" WHERE sink.wanted = 1 AND {_IS_KEPT} GROUP BY 1, 2, 3"
    )


def forget_others(database: Database, sink: int) -> None:
    """Inside the current transaction: of a whole sink's documents only those that stay are known one by one."""
    database.execute(
        "DELETE FROM delivery WHERE sink = :sink AND path NOT IN"
        f" (SELECT delivery.path FROM {_JOINED} WHERE delivery.sink = :sink AND {_IS_KEPT})",
        {"sink": sink},
    )


def let_wait(database: Database, sink: int) -> None:
    """Take off what is marked as to be written to a sink where none of it has a result: it is marked again once it has."""
    with database.write():
        database.execute("UPDATE delivery SET due = 0 WHERE sink = ? AND due = 1", (sink,))


def let_lines_go(database: Database, sink: int, paths: Sequence[bytes]) -> None:
    """Keep documents no longer in a whole sink that cannot be written again. Its output counts as touched."""
    with database.write():
        database.executemany(
            "DELETE FROM delivery WHERE sink = ? AND path = ?", [(sink, path) for path in paths]
        )
        database.execute("UPDATE sink SET stamp = NULL WHERE id = ?", (sink,))


def rename(database: Database, job: str, identity: str, root: bytes | None, output: bytes) -> None:
    """Inside the current transaction: a whole sink that says something else in the same place is the one it was, to be written again.

    What its output holds of documents that are no longer found stays known. The kind is the first line of an identity.
    """
    if (
        database.execute("SELECT 1 FROM sink WHERE job = ? AND identity = ?", (job, identity)).fetchone()
        is None
    ):
        kind = identity.partition("\n")[0] + "\n"
        database.execute(
            "UPDATE sink SET identity = ?, revision = -1 WHERE id = (SELECT min(id) FROM sink WHERE job = ? AND wanted = 1"
            " AND root IS ? AND output = ? AND substr(identity, 1, length(?)) = ?)",
            (identity, job, root, output, kind, kind),
        )
