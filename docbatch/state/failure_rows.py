"""Which failures a sink with a row for each document holds: a delivery without a result, whose stamp stands for the failure."""

from collections.abc import Iterable

from docbatch.state.database import Database
from docbatch.state.manifests import outdate_of_sink

_HELD = "sink = ? AND result IS NULL AND stamp IS NOT NULL"


class FailureRows:
    def __init__(self, database: Database) -> None:
        self._database = database

    def held(self, sink: int) -> list[bytes]:
        """Return the documents of which a failure was written."""
        rows = self._database.execute(f"SELECT path FROM delivery WHERE {_HELD} ORDER BY path", (sink,))
        return [path for (path,) in rows]

    def settled(
        self,
        sink: int,
        written: Iterable[tuple[bytes, str]],
        gone: Iterable[bytes],
        stamp: str | None,
        failures: str | None,
    ) -> None:
        """Record failures that are durable, as (path, what stands for one), and those that are gone from the sink.

        What was delivered of these documents before is no longer there.
        """
        with self._database.write():
            self._database.executemany(
                "INSERT INTO delivery (sink, path, output, stamp, due) VALUES (?, ?, x'', ?, 0)"
                " ON CONFLICT (sink, path) DO UPDATE SET result = NULL, stamp = excluded.stamp, due = 0",
                ((sink, path, digest) for path, digest in written),
            )
            self._database.executemany(
                f"UPDATE delivery SET stamp = NULL WHERE {_HELD} AND path = ?",
                ((sink, path) for path in gone),
            )
            if stamp is not None:
                self._database.execute("UPDATE sink SET stamp = ? WHERE id = ?", (stamp, sink))
                self._database.execute("DELETE FROM written WHERE sink = ? AND path = x''", (sink,))
                outdate_of_sink(self._database, sink)
            hold_failures(self._database, sink, failures)


def hold_failures(database: Database, sink: int, mark: str | None) -> None:
    """Inside the current transaction: record what stands for the failures in a sink's output, None for none."""
    if mark is None:
        database.execute("DELETE FROM failures_held WHERE sink = ?", (sink,))
    else:
        database.execute("INSERT OR REPLACE INTO failures_held VALUES (?, ?)", (sink, mark))
