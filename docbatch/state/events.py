"""The append-only history of submissions. An integer sequence orders it, never a clock."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from docbatch.core.lifecycle import Event
from docbatch.state.checksum import checksum, verify
from docbatch.state.database import Database


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One recorded event; `at` is for people."""

    sequence: int
    submission: str
    event: Event
    body: Mapping[str, object]
    at: str


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, submission: str, event: Event, body: Mapping[str, object]) -> int:
        """Write an event inside the current transaction and return its sequence."""
        text = json.dumps(body, sort_keys=True, default=str)
        sequence = self.last() + 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._database.execute(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)",
            (sequence, submission, event, text, at, checksum(sequence, submission, str(event), text)),
        )
        return sequence

    def last(self) -> int:
        """Return the sequence of the newest event, 0 when there is none."""
        return int(self._database.execute("SELECT coalesce(max(sequence), 0) FROM event").fetchone()[0])

    def of(self, submission: str) -> Iterator[RecordedEvent]:
        yield from self._read("WHERE submission = ? ORDER BY sequence", submission)

    def all(self) -> Iterator[RecordedEvent]:
        yield from self._read("ORDER BY sequence")

    def _read(self, clause: str, *parameters: str) -> Iterator[RecordedEvent]:
        columns = "SELECT sequence, submission, kind, body, at, checksum FROM event"
        for sequence, submission, kind, body, at, recorded in self._database.execute(
            f"{columns} {clause}", parameters
        ):
            verify(f"event {sequence}", recorded, sequence, submission, kind, body)
            yield RecordedEvent(sequence, submission, Event(kind), json.loads(body), at)
