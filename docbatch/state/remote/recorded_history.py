"""What a log says: the newest snapshot that it names, and the records after that, none of them missing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docbatch.core.errors import AlteredState
from docbatch.state.remote.leases import Lease, read_lease
from docbatch.state.remote.log_records import ENDS, START, LogEnd, LogRecord, RecordKind, follows, read_record
from docbatch.state.remote.object_names import (
    LEASE,
    LOG,
    SNAPSHOTS,
    Position,
    log_name,
    log_position,
    snapshot_position,
)
from docbatch.state.remote.sealed_text import altered
from docbatch.state.remote.state_snapshots import StateSnapshot, read_snapshot
from docbatch.state.remote.store_requests import TOGETHER, Steps, StoredObject, T, names_below, read, read_all

_TIMES = 5
"""How often reading begins again, because an owner removed meanwhile what was about to be read."""


@dataclass(frozen=True, slots=True)
class RecordedHistory:
    """`snapshot` is the newest that is named, if there is one and it was looked for. `records` follow it or, where that `goes_on`, the copy at hand.

    `keys` are what all that was read says of the key it is encrypted with.
    """

    snapshot: StateSnapshot | None
    goes_on: bool
    records: Sequence[LogRecord]
    end: LogEnd
    keys: frozenset[str | None] = frozenset()


def newest_snapshot(project: str) -> Steps[StateSnapshot | None]:
    """Return the newest snapshot that a record names. One that none names was never finished, or not by the owner."""
    listed = yield from names_below(SNAPSHOTS)
    places = [place for each in listed if (place := snapshot_position(each.name)) is not None]
    for place in sorted(places, reverse=True):
        found = yield from read(log_name(place))
        if found is None:
            continue
        record = read_record(found.content, place, project)
        if record.kind is RecordKind.SNAPSHOT:
            return (yield from read_snapshot(record))
    return None


def covered_by(snapshot: StateSnapshot | None) -> LogEnd:
    return START if snapshot is None else snapshot.covers


def listed_records(after: Position) -> Steps[list[Position]]:
    """Return where records stand after a position, in order."""
    listed = yield from names_below(LOG, log_name(after) if after > START.position else None)
    return sorted(place for each in listed if (place := log_position(each.name)) is not None)


def load(
    project: str, snapshot: StateSnapshot | None, copy: LogEnd = START, *, until: int | None = None
) -> Steps[RecordedHistory]:
    """Return what stands after a snapshot, or after the copy at hand where that is a part of this log and reaches as far.

    With `until`, all logs up to that epoch have ended; without, the last may go on. Raises AlteredState for what is missing
    or does not follow.
    """
    end = covered_by(snapshot)
    last = yield from _last_of(project, copy, end)
    goes_on = copy == end if last is None else True
    if last is not None:
        end = copy
    places = yield from listed_records(end.position)
    left = [place for place in places if until is None or place.epoch <= until]
    records: list[LogRecord] = []
    ahead: list[StoredObject | None] = []
    following = _after(end.position, last)
    while left if until is None else following.epoch <= until:
        _require(left, following)
        if not ahead:
            ahead = yield from read_all([log_name(each) for each in left[:TOGETHER]])
        record = _record(project, left.pop(0), ahead.pop(0))
        wrong = follows(record, end)
        if wrong is not None:
            raise wrong
        records.append(record)
        end, following = record.end(), _after(record.position, record)
    if left:
        raise altered(log_name(left[0]), "it stands behind the end of its log")
    keys = {each.key for each in (snapshot, *records) if each is not None}
    return RecordedHistory(snapshot, goes_on, tuple(records), end, frozenset(keys))


def begun_again(begin: Callable[[], Steps[T]]) -> Steps[T]:
    """Go through a driver that reads, and again where something is missing: an owner may cut its log at any moment."""
    for left in reversed(range(_TIMES)):
        try:
            return (yield from begin())
        except AlteredState:
            if not left:
                raise
    raise AssertionError


def current_lease(project: str) -> Steps[Lease | None]:
    """Return the lease, None where nobody ever had the state. Raises AlteredState, ForeignState, NewerState."""
    found = yield from read(LEASE)
    return None if found is None else read_lease(found.content, project)


def look(project: str, copy: LogEnd = START) -> Steps[RecordedHistory]:
    """Return what stands, without a lease and without writing: what a reader sees was the state at one moment.

    Raises AlteredState, ForeignState, NewerState.
    """
    lease = yield from current_lease(project)
    return (yield from look_behind(lease, project, copy))


def look_behind(lease: Lease | None, project: str, copy: LogEnd = START) -> Steps[RecordedHistory]:
    """Return what stands, as `look` does. The lease alone tells that a copy is all there is: who released it writes nothing more."""
    if lease is not None and lease.released and lease.reached == copy:
        return RecordedHistory(None, True, (), copy, frozenset({lease.key}))
    reached = START if lease is None else lease.reached
    return (yield from begun_again(lambda: _look(project, copy, reached)))


def _look(project: str, copy: LogEnd, reached: LogEnd) -> Steps[RecordedHistory]:
    snapshot = yield from newest_snapshot(project)
    history = yield from load(project, snapshot, copy)
    if history.end.position < reached.position:
        # Nothing follows what was removed from the end of a log: only the lease knows that it stood.
        raise altered(log_name(reached.position), "it is missing")
    return history


def _last_of(project: str, copy: LogEnd, covered: LogEnd) -> Steps[LogRecord | None]:
    """Return the last record of a copy that is a part of this log and reaches further than a snapshot, None for another."""
    if copy.position <= covered.position:
        return None
    found = yield from read(log_name(copy.position))
    if found is None:
        return None
    record = read_record(found.content, copy.position, project)
    return record if record.end() == copy else None


def _after(position: Position, last: LogRecord | None) -> Position:
    """Return where the next record has to stand. What a snapshot covers last is never the end of a log."""
    if position.epoch == 0 or (last is not None and last.kind in ENDS):
        return Position(position.epoch + 1, 1)
    return Position(position.epoch, position.sequence + 1)


def _require(left: Sequence[Position], following: Position) -> None:
    if not left or left[0] > following:
        raise altered(log_name(following), "it is missing")
    if left[0] < following:
        raise altered(log_name(left[0]), "it stands behind the end of its log")


def _record(project: str, place: Position, found: StoredObject | None) -> LogRecord:
    if found is None:
        raise altered(log_name(place), "it is missing")
    return read_record(found.content, place, project)
