"""A state in a store as one machine works on it: taken over, brought here, written to record by record, and let go of."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.errors import AlteredState, StateChanged, StateError, StateLocked
from docbatch.sending_fence import FenceTime, fence_time
from docbatch.state.remote.followed_database import FollowedDatabase
from docbatch.state.remote.leases import Lease
from docbatch.state.remote.log_records import START, LogEnd, LogRecord, RecordKind
from docbatch.state.remote.object_names import LOG, log_name
from docbatch.state.remote.owned_log import HeldLease, OwnedLog, append, release, renew
from docbatch.state.remote.page_changes import WholeState
from docbatch.state.remote.record_stores import RecordStore, drive
from docbatch.state.remote.recorded_history import (
    RecordedHistory,
    covered_by,
    current_lease,
    look_behind,
)
from docbatch.state.remote.removal import remove_covered
from docbatch.state.remote.state_chunks import (
    PLAIN,
    ChunkForm,
    contents_of,
    reusable,
    write_chunks,
)
from docbatch.state.remote.state_snapshots import StateSnapshot, most_behind, name_snapshot
from docbatch.state.remote.store_requests import Steps, T, names_below
from docbatch.state.remote.taking_over import Claim, OwnedState, take
from docbatch.state.remote.working_copy import WorkingCopy

MOST_RECORDS = 256
"""What a fresh machine reads beside a snapshot at most, before the next is due."""
_TIMES = 5


@dataclass(frozen=True, slots=True)
class StatePlace:
    """Where a state is kept: a store below a prefix, how chunks are written there, and what waits for so many seconds."""

    store: RecordStore
    wait: Callable[[float], None]
    form: ChunkForm = PLAIN

    def do(self, steps: Steps[T]) -> T:
        return drive(steps, self.store, self.wait)

    def chunks(self, names: Sequence[str]) -> Iterator[bytes]:
        """Yield the contents of chunks in order, fetched side by side."""
        return contents_of(names, self.do, self.form)


@dataclass(frozen=True, slots=True)
class SeenState:
    """What the store says beyond a copy that has come to `end`, and who has the lease."""

    end: LogEnd
    history: RecordedHistory
    lease: Lease | None

    @property
    def is_all_there(self) -> bool:
        """Whether the copy has it all."""
        return self.history.goes_on and not self.history.records


def see(place: StatePlace, project: str, folder: Path) -> SeenState | None:
    """Look what a copy lacks as it lies there, None where something has to be done to it first. Nothing is written anywhere."""
    end = WorkingCopy(folder, project, place.form).settled()
    return None if end is None else _see(place, project, end)


def _see(place: StatePlace, project: str, end: LogEnd, lease: Lease | None = None) -> SeenState:
    found = lease or place.do(current_lease(project))
    return SeenState(end, place.do(look_behind(found, project, end)), found)


def refresh(place: StatePlace, project: str, folder: Path, seen: SeenState | None = None) -> SeenState:
    """Bring the copy in a folder up to what the store says, without a lease and without writing there; `seen` is not looked at again.

    The caller sees that nobody has the copy open. Raises AlteredState, ForeignState, NewerState, GuardRefused, OSError.
    """
    return _bring(place, WorkingCopy(folder, project, place.form), seen)


def _bring(
    place: StatePlace, copy: WorkingCopy, seen: SeenState | None = None, lease: Lease | None = None
) -> SeenState:
    for left in reversed(range(_TIMES)):
        end = copy.begin()
        if seen is None or seen.end != end:
            seen = _see(place, copy.project, end, lease)
        try:
            copy.bring(seen.history, place.chunks)
        except AlteredState:
            # An owner may remove what a newer snapshot made needless, between the look and here.
            if not left:
                raise
            seen, lease = None, None
        else:
            return seen
    raise AssertionError


class RemoteState:
    """The state from `take_state` or `look_at_state` until `close`. After an error of `publish` nothing is recorded any more, and nothing may be sent.

    Only one thread at a time uses it, `renew` excepted.
    """

    def __init__(self, place: StatePlace, claim: Claim, copy: WorkingCopy) -> None:
        self._place = place
        self._claim = claim
        self._copy = copy
        self._log: OwnedLog | None = None
        self._lease: HeldLease | None = None
        self._reached = copy.end
        self._former: StateSnapshot | None = None
        self._own_chunks: set[str] = set()
        self._followed: FollowedDatabase | None = None
        self._records = self._bytes = 0
        self.is_quiet = True

    @property
    def end(self) -> LogEnd:
        """The last record that is known to stand."""
        return self._reached

    @property
    def is_owned(self) -> bool:
        """Whether this run took the state over, and has not let go of it."""
        return self._lease is not None

    @property
    def epoch(self) -> int:
        return self._reached.position.epoch

    def own(self) -> None:
        """Take over what was only looked at so far. Raises StateChanged where another was quicker, and what `take` raises."""
        try:
            owned = self._place.do(take(self._claim, self._copy.end))
        except StateLocked as error:
            raise StateChanged(error.message, hint=error.hint) from error
        if owned.is_quiet and owned.history.goes_on and not self._is_changed(owned.history.records):
            self.begin(owned)
            return
        # What another left under way has to stay known to who takes over next, so its log ends only in order where nothing is.
        self._place.do(release(owned.lease, owned.log, quiet=owned.is_quiet))
        raise _changed_since()

    def require_as_seen(self) -> None:
        """Raise StateChanged where another took over since this was looked at; what is owned is as it was seen."""
        lease = None if self.is_owned else self._place.do(current_lease(self._claim.project))
        if lease is not None and lease.epoch > self._copy.end.position.epoch:
            raise _changed_since()

    def _is_changed(self, records: Sequence[LogRecord]) -> bool:
        found = map(self._copy.changed, records)
        return any(each is not None and (isinstance(each, WholeState) or bool(each.pages)) for each in found)

    def begin(self, owned: OwnedState) -> None:
        self._log, self._lease, self._reached = owned.log, owned.lease, owned.log.end
        self._former, self.is_quiet = owned.history.snapshot, owned.is_quiet
        covered = covered_by(owned.history.snapshot).position
        behind = self._place.do(names_below(LOG, log_name(covered) if covered > START.position else None))
        self._records = len(behind)
        self._bytes = sum(each.size for each in behind)

    def replace(self, write: Callable[[Path], None]) -> None:
        """Have another database be written in the place of the copy, which nobody has open. It is recorded as a whole."""
        self._copy.clear()
        write(self._copy.path)

    def follow(self, connection: sqlite3.Connection) -> None:
        """Read from now on what the writer of the copy commits, from its first transaction on. `close` closes it as well."""
        self._followed = FollowedDatabase(self._copy, connection)

    def publish(self, kind: RecordKind) -> FenceTime:
        """Record what was committed since the last record, and return when its put began: see `may_leave`.

        Raises OwnerReplaced, StateLocked, StateError: then what was committed may not be acted on.
        """
        log, followed = self._own(), self._following()
        self._log = None
        changes = followed.changes()
        if changes is not None and not changes.pages and kind is RecordKind.CHANGES:
            self._log = log
            return fence_time()
        body = self._whole(log, followed) if changes is None else changes.written()
        began = fence_time()
        log = self._place.do(append(log, kind, body))
        followed.recorded(log.end)
        self._wrote(log, body)
        return began

    def snapshot(self) -> bool:
        """Write the state as a whole, and remove what needs no keeping; say whether it was, which a reader on this machine prevents."""
        self.publish(RecordKind.CHANGES)
        log, followed = self._own(), self._following()
        contents = followed.settled()
        if contents is None:
            return False
        self._log = None
        chunks = self._write(log, contents)
        log, newest = self._place.do(name_snapshot(log, log.end, chunks, followed.packs()))
        former, self._former = self._former, newest
        followed.recorded(log.end)
        self._wrote(log, b"")
        self._records = self._bytes = 0
        self._place.do(remove_covered(newest, former))
        return True

    @property
    def is_snapshot_due(self) -> bool:
        return self._records > MOST_RECORDS or self._bytes > most_behind(self._copy.size)

    def renew(self) -> None:
        """Renew the lease. Another thread may do so, but one at a time. Raises OwnerReplaced."""
        assert self._lease is not None, "the state is not owned"
        self._lease = self._place.do(renew(self._lease, self._reached))

    def close(self, *, quiet: bool = True) -> None:
        """Record the rest, let go of the state, and close the writer. `quiet` is that of `release`.

        Where nothing can be recorded any more, it is only closed.
        """
        try:
            if self._log is not None and self._followed is not None:
                self.publish(RecordKind.CHANGES)
                if self.is_snapshot_due:
                    self.snapshot()
            if self._log is not None:
                self._let_go(quiet=quiet)
        finally:
            self.abandon()

    def is_followed_by(self, connection: sqlite3.Connection) -> bool:
        """Say whether a connection is that of the writer of the copy."""
        return self._followed is not None and self._followed.is_over(connection)

    def abandon(self) -> None:
        """Record nothing more and let go of nothing: who takes over ends the log. The writer is closed."""
        self._log = self._lease = None
        followed, self._followed = self._followed, None
        if followed is not None:
            followed.close()

    def _let_go(self, *, quiet: bool) -> None:
        log, lease, self._log = self._own(), self._lease, None
        assert lease is not None, "it is owned"
        if self._followed is not None:
            self._followed.settled()
        log = self._place.do(release(lease, log, quiet=quiet))
        if self._followed is not None:
            self._followed.recorded(log.end)
        else:
            self._copy.settle(log.end)

    def _whole(self, log: OwnedLog, followed: FollowedDatabase) -> bytes:
        return WholeState(self._write(log, followed.whole())).written()

    def _write(self, log: OwnedLog, contents: Iterator[bytes]) -> tuple[str, ...]:
        former = () if self._former is None else self._former.chunks
        known = reusable(log.epoch, former, self._own_chunks)
        chunks = self._place.do(write_chunks(log.epoch, contents, known, self._place.form))
        self._own_chunks.update(chunks)
        return chunks

    def _wrote(self, log: OwnedLog, body: bytes) -> None:
        self._log, self._reached = log, log.end
        self._records += 1
        self._bytes += len(body)

    def _own(self) -> OwnedLog:
        if self._log is None:
            raise StateError(
                "nothing more is recorded by this run, because it is not known what became of its last record",
                hint="nothing was sent; run the same command again",
            )
        return self._log

    def _following(self) -> FollowedDatabase:
        assert self._followed is not None, "the writer was not followed"
        return self._followed


def take_state(place: StatePlace, claim: Claim, folder: Path) -> RemoteState:
    """Become the owner of a state, and have a folder hold what it is. The caller holds the lock of the folder.

    Raises what `take` does, AlteredState, GuardRefused where the folder holds a state that is no copy, OSError.
    """
    copy = WorkingCopy(folder, claim.project, place.form)
    owned = place.do(take(claim, copy.begin()))
    copy.bring(owned.history, place.chunks)
    state = RemoteState(place, claim, copy)
    state.begin(owned)
    return state


def look_at_state(place: StatePlace, claim: Claim, folder: Path, lease: Lease | None) -> RemoteState:
    """Have a folder hold what a state is, to be taken over by `own` once there is something to write. As `take_state` otherwise.

    `lease` is the one that stands.
    """
    copy = WorkingCopy(folder, claim.project, place.form)
    _bring(place, copy, lease=lease)
    return RemoteState(place, claim, copy)


def _changed_since() -> StateChanged:
    return StateChanged(
        "another run changed the state since this one looked at it",
        hint="nothing was sent or changed; run the same command again",
    )
