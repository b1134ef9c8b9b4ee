"""Records of the log, and where it ends."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from docbatch.core.errors import AlteredState
from docbatch.state.remote.object_names import Position, log_name
from docbatch.state.remote.sealed_text import altered, digest_of, opened, sealed


class RecordKind(enum.StrEnum):
    OPEN = "open"
    INTENT = "intent"
    REPLAY = "replay"
    ANSWER = "answer"
    DECISION = "decision"
    CHANGES = "changes"
    PACK = "pack"
    SNAPSHOT = "snapshot"
    RELEASE = "release"
    """The owner's own end: nothing it sent is under way any more."""
    SEAL = "seal"
    """The end that another put: what the owner was about to send may still leave it."""


ENDS = frozenset({RecordKind.RELEASE, RecordKind.SEAL})
"""What nothing follows in the log of an epoch."""


READABLE = frozenset({RecordKind.SNAPSHOT})
"""Whose bodies are never encrypted: they say the digest of an object that anybody can read who can read the record."""


class LogEnd(NamedTuple):
    """The last record of a log as far as it is known, or of a copy: its place, and its digest, which all before are part of."""

    position: Position
    digest: str

    def described(self) -> dict[str, object]:
        return {"epoch": self.position.epoch, "sequence": self.position.sequence, "digest": self.digest}


START = LogEnd(Position(0, 0), "")
"""Where a log ends that has no record."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record. `writer` is the owner, or who took over from it; `token` is drawn anew for each; `previous` is a digest.

    `body` is as it stands in the store: encrypted where there is a `key`, which is its id, but for the bodies of `READABLE`.
    """

    project: str
    position: Position
    kind: RecordKind
    writer: str
    token: str
    previous: str
    body: bytes = b""
    key: str | None = None

    def written(self) -> bytes:
        head = {
            "project": self.project,
            "epoch": self.position.epoch,
            "sequence": self.position.sequence,
            "kind": str(self.kind),
            "writer": self.writer,
            "token": self.token,
            "previous": self.previous,
            "key": self.key,
        }
        return sealed(head, self.body)

    def end(self) -> LogEnd:
        return LogEnd(self.position, digest_of(self.written()))


def read_record(content: bytes, position: Position, project: str) -> LogRecord:
    """Return the record that stands at a position. Raises AlteredState, ForeignState, NewerState."""
    name = log_name(position)
    text = opened(content, name, project)
    record = _record(text.head, text.body, name)
    if record.position != position:
        raise altered(name, f"it is the record of {log_name(record.position)}")
    return record


def read_end(said: Mapping[str, Any]) -> LogEnd:
    """Return what `described` said. Raises KeyError, TypeError, ValueError."""
    return LogEnd(Position(int(said["epoch"]), int(said["sequence"])), str(said["digest"]))


def read_key_id(head: Mapping[str, Any]) -> str | None:
    """Return which key a head says, None where none. Raises KeyError."""
    said = head["key"]
    return None if said is None else str(said)


def _record(head: Mapping[str, Any], body: bytes, name: str) -> LogRecord:
    try:
        return LogRecord(
            project=str(head["project"]),
            position=Position(int(head["epoch"]), int(head["sequence"])),
            kind=RecordKind(head["kind"]),
            writer=str(head["writer"]),
            token=str(head["token"]),
            previous=str(head["previous"]),
            body=body,
            key=read_key_id(head),
        )
    except (KeyError, TypeError, ValueError):
        raise altered(name, "it is not what docbatch writes") from None


def follows(record: LogRecord, end: LogEnd) -> AlteredState | None:
    """Return why a record cannot be the next after an end; None where it can."""
    if record.previous == end.digest:
        return None
    return altered(log_name(record.position), f"it does not follow what stands at {log_name(end.position)}")
