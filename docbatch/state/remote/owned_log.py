"""The log as its owner writes it: one record after the other, the next only when the last is known to stand."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from docbatch.core.errors import AlteredState
from docbatch.state.remote.leases import Lease, read_lease, replaced
from docbatch.state.remote.log_records import READABLE, LogEnd, LogRecord, RecordKind, read_record
from docbatch.state.remote.object_names import LEASE, Position, log_name
from docbatch.state.remote.sealed_text import altered
from docbatch.state.remote.state_chunks import PLAIN, ChunkForm
from docbatch.state.remote.store_requests import Steps, StoredObject, put_new, put_over


@dataclass(frozen=True, slots=True)
class OwnedLog:
    """What an owner knows of its log. Each record that stands makes another value; one that failed leaves none to go on with.

    `draw` gives a text that nobody else has, such as `secrets.token_hex(16)`.
    """

    project: str
    writer: str
    end: LogEnd
    draw: Callable[[], str]
    form: ChunkForm = PLAIN

    @property
    def epoch(self) -> int:
        return self.end.position.epoch

    def following(self, kind: RecordKind, body: bytes) -> LogRecord:
        """Return the record that is to be written next, its body encrypted where there is a key: with other bytes each time."""
        epoch, sequence = self.end.position
        place = Position(epoch, sequence + 1)
        if body and kind not in READABLE:
            body = self.form.encrypted(log_name(place), body)
        token, previous = self.draw(), self.end.digest
        return LogRecord(self.project, place, kind, self.writer, token, previous, body, self.form.key_id)


def append(log: OwnedLog, kind: RecordKind, body: bytes = b"") -> Steps[OwnedLog]:
    """Write a record, and return the log once it stands.

    Raises OwnerReplaced where another stands in its place, StateError where nobody says what does: then nothing more may be
    sent, and the log is not to be written on.
    """
    record = log.following(kind, body)
    content = record.written()
    stands = yield from put_new(log_name(record.position), content)
    if stands.content != content:
        raise replaced(_by(stands, record))
    return dataclasses.replace(log, end=record.end())


def _by(stands: StoredObject, record: LogRecord) -> str:
    other = read_record(stands.content, record.position, record.project)
    if other.kind is RecordKind.SEAL:
        return f"another took over at {log_name(record.position)} (lease {other.writer})"
    return f"another wrote {log_name(record.position)} (lease {other.writer})"


@dataclass(frozen=True, slots=True)
class HeldLease:
    """The lease as it was written last, and the object that says so."""

    lease: Lease
    stands: StoredObject


def renew(held: HeldLease, reached: LogEnd) -> Steps[HeldLease]:
    """Renew the lease and say how far the log is known to have come. Raises OwnerReplaced."""
    lease = dataclasses.replace(held.lease, reached=reached, renewals=held.lease.renewals + 1)
    return (yield from _write(held, lease))


def release(held: HeldLease, log: OwnedLog, *, quiet: bool) -> Steps[OwnedLog]:
    """End the ownership, and return the log as it is then. Raises OwnerReplaced.

    `quiet` says that no call of this process that may cost money is under way, and that none will be begun. Only then the
    owner ends its log itself, which tells all who follow that nothing more can come of it; else who takes over does, and
    takes what has no answer for something that may still be sent.
    """
    if quiet:
        log = yield from append(log, RecordKind.RELEASE)
    renewals = held.lease.renewals + 1
    lease = dataclasses.replace(held.lease, reached=log.end, renewals=renewals, released=True, quiet=quiet)
    yield from _write(held, lease)
    return log


def _write(held: HeldLease, lease: Lease) -> Steps[HeldLease]:
    content = lease.written()
    stands = yield from put_over(LEASE, content, held.stands)
    if stands is None:
        raise missing_lease()
    if stands.content != content:
        other = read_lease(stands.content, lease.project)
        raise replaced(f"the lease is that of {other.owner}")
    return HeldLease(lease, stands)


def missing_lease() -> AlteredState:
    return altered(LEASE, "it was removed")
