"""Looks that saw nothing, kept over the ends of runs for as long as their question is open.

They count in the folder they were made in and nowhere else: what a copy, or a state that was put back, remembers of looks
says nothing about what was sent since by the state that it was copied from.
"""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass

from docbatch.core.looks import LookKind, SpacedLooks
from docbatch.core.models import Traits
from docbatch.core.moments import iso_moment
from docbatch.state.checksum import checksum, verify
from docbatch.state.database import Database


@dataclass(frozen=True, slots=True)
class RecordedLooks:
    """Looks of one kind for one subject: the id of a submission, or a connection.

    They go on until there were `needed` ones, and `until` at the least: vendor's time, seconds since the epoch.
    """

    subject: str
    kind: LookKind
    looks: SpacedLooks
    needed: int
    until: float

    def values(self) -> dict[str, object]:
        """Return them as values of JSON, without the subject."""
        return {
            "for": str(self.kind),
            "count": self.looks.count,
            "needed": self.needed,
            "until": iso_moment(self.until),
        }


class LookRecord:
    """`place` tells the folder of this state from every copy of it, once `settle` was called."""

    def __init__(self, database: Database, place: Callable[[], str], settle: Callable[[], None]) -> None:
        self._database = database
        self._place = place
        self._settle = settle

    def of(self, subject: str, kind: LookKind) -> SpacedLooks:
        """Return what counts. Raises StateError for a row that is not as it was written."""
        rows = self._read("WHERE subject = ? AND kind = ?", subject, kind)
        return next((each.looks for each in rows), SpacedLooks())

    def all(self) -> Iterator[RecordedLooks]:
        yield from self._read("ORDER BY subject, kind")

    def open(self) -> dict[str, RecordedLooks]:
        """Return by subject what is looked for, each by the looks that are nearest to an end."""
        found: dict[str, RecordedLooks] = {}
        for each in self.all():
            if each.subject not in found or each.looks.count > found[each.subject].looks.count:
                found[each.subject] = each
        return found

    def record(self, subject: str, kind: LookKind, looks: SpacedLooks, traits: Traits) -> None:
        self._settle()
        until = (traits.looks, looks.until(traits))
        row = (subject, str(kind), self._place(), *astuple(looks), *until)
        with self._database.write():
            self._database.execute(
                "INSERT OR REPLACE INTO look VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, checksum(*row))
            )

    def forget(self, subject: str, kind: LookKind) -> None:
        """What was not seen was seen after all."""
        if self.of(subject, kind).count:
            with self._database.write():
                self._database.execute("DELETE FROM look WHERE subject = ? AND kind = ?", (subject, kind))

    def forget_all(self, kind: LookKind) -> None:
        with self._database.write():
            self._database.execute("DELETE FROM look WHERE kind = ?", (kind,))

    def forget_those_elsewhere(self) -> None:
        """Drop what was seen by the state that this one was copied from; a copy of the copy must not find it again."""
        elsewhere = "FROM look WHERE place <> ?"
        if self._database.execute(f"SELECT 1 {elsewhere}", (self._place(),)).fetchone() is not None:
            with self._database.write():
                self._database.execute(f"DELETE {elsewhere}", (self._place(),))

    def _read(self, clause: str, *parameters: str) -> Iterator[RecordedLooks]:
        rows = self._database.execute(
            f"SELECT subject, kind, place, count, first, last, needed, until, checksum FROM look {clause}",
            parameters,
        )
        for *row, recorded in rows.fetchall():
            subject, kind, place, count, first, last, *until = row
            verify(f"looks for {subject}", recorded, *row)
            if place == self._place():
                yield RecordedLooks(subject, LookKind(kind), SpacedLooks(count, first, last), *until)
