"""Outputs as they are recorded when they have been written."""

from collections.abc import Iterable

from docbatch.state.database import Database
from docbatch.state.digests import as_bytes
from docbatch.state.failure_rows import hold_failures
from docbatch.state.kept_lines import forget_others
from docbatch.state.manifests import outdate_of_sink
from docbatch.state.renamed_rows import forget as forget_former_names

WrittenOutput = tuple[bytes, int, str]
"""A document's path, and the size and SHA-256 of its output; the path is empty for the one output of a job."""


def delivered(
    database: Database,
    sink: int,
    receipts: Iterable[tuple[bytes, str | None, str]],
    stamp: str | None = None,
    written: Iterable[tuple[bytes, int | None, str | None]] = (),
) -> None:
    """Record outputs that are durable: path, stamp, result each; `stamp` is that of a sink's one output.

    Of those not among `written`, or with no size or digest there, it is no longer known what their bytes come to.
    """
    rows = [(as_bytes(result), own, sink, path) for path, own, result in receipts]
    known = {
        path: (size, digest) for path, size, digest in written if size is not None and digest is not None
    }
    with database.write():
        database.executemany(
            "UPDATE delivery SET result = ?, stamp = ?, due = 0 WHERE sink = ? AND path = ?", rows
        )
        forget(database, sink, [path for *_, path in rows if path not in known])
        note(database, sink, ((path, *found) for path, found in known.items()))
        if stamp is not None:
            database.execute("UPDATE sink SET stamp = ? WHERE id = ?", (stamp, sink))
            forget(database, sink, [b""])
        outdate_of_sink(database, sink)


def published(
    database: Database, sink: int, revision: int, stamp: str | None, failures: str | None = None
) -> None:
    """Record that a whole sink holds its job as of `revision`, and these failures.

    What may be known of its documents one by one is from a time before its kind was whole, but for those that stay.
    """
    with database.write():
        forget_others(database, sink)
        hold_failures(database, sink, failures)
        forget_former_names(database, sink)
        database.execute("UPDATE sink SET revision = ?, stamp = ? WHERE id = ?", (revision, stamp, sink))
        forget(database, sink, [b""])
        outdate_of_sink(database, sink)


def note(database: Database, sink: int, written: Iterable[WrittenOutput]) -> None:
    """Inside the current transaction: note what the bytes of a sink's outputs come to."""
    database.executemany(
        "INSERT OR REPLACE INTO written VALUES (?, ?, ?, ?)",
        ((sink, path, size, as_bytes(digest)) for path, size, digest in written),
    )


def forget(database: Database, sink: int, paths: Iterable[bytes]) -> None:
    """Inside the current transaction: what the bytes of outputs come to is not known any more."""
    database.executemany("DELETE FROM written WHERE sink = ? AND path = ?", ((sink, path) for path in paths))
