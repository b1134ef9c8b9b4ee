"""What stopped or slowed connections when it was last asked, for who looks after the run; in wall time."""

from collections.abc import Collection, Iterable

from docbatch.core.hindrance import Hindrance
from docbatch.state.database import Database

COLUMNS = "connection, call, cause, message, since, last, next, tries"


class KeptHindrances:
    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Hindrance]:
        """Return them, the oldest first."""
        rows = self._database.execute(f"SELECT {COLUMNS} FROM hindrance ORDER BY since, connection, call")
        return [Hindrance(*row) for row in rows.fetchall()]

    def of(self, connection: str) -> list[Hindrance]:
        return [each for each in self.all() if each.connection == connection]

    def note(self, begun: Iterable[Hindrance], over: Iterable[Hindrance]) -> None:
        """Record what began and drop what is over."""
        with self._database.write():
            self._drop(over)
            self._put(begun)

    def conclude(self, connections: Collection[str], current: Collection[Hindrance]) -> None:
        """Record what is left of these connections at the end of a run; writes nothing where nothing changed."""
        before = [each for each in self.all() if each.connection in connections]
        if set(before) != set(current):
            with self._database.write():
                self._drop(before)
                self._put(current)

    def _drop(self, over: Iterable[Hindrance]) -> None:
        self._database.executemany(
            "DELETE FROM hindrance WHERE connection = ? AND call = ? AND cause = ?",
            [(each.connection, each.call, each.cause) for each in over],
        )

    def _put(self, begun: Iterable[Hindrance]) -> None:
        self._database.executemany(
            f"INSERT OR REPLACE INTO hindrance ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    each.connection,
                    each.call,
                    each.cause,
                    each.message,
                    each.since,
                    each.last,
                    each.next,
                    each.tries,
                )
                for each in begun
            ],
        )
