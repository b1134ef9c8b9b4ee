"""A state in a store as one machine works on it: taken over, brought here, written to record by record, and let go of."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docbatch.core.errors import AlteredState, StateError
from docbatch.state.remote.followed_database import FollowedDatabase
from docbatch.state.remote.log_records import START, LogEnd, RecordKind
from docbatch.state.remote.object_names import LOG, log_name
from docbatch.state.remote.owned_log import OwnedLog, append, release, renew
from docbatch.state.remote.page_changes import WholeState
from docbatch.state.remote.record_stores import RecordStore, drive
from docbatch.state.remote.recorded_history import RecordedHistory, covered_by, look
from docbatch.state.remote.removal import remove_covered
from docbatch.state.remote.sending_fence import FenceTime, fence_time
from docbatch.state.remote.state_chunks import PLAIN, ChunkForm, read_chunk, reusable, write_chunks
from docbatch.state.remote.state_snapshots import StateSnapshot, name_snapshot
from docbatch.state.remote.store_requests import ListedName, Steps, T, names_below
from docbatch.state.remote.taking_over import Claim, OwnedState, take
from docbatch.state.remote.working_copy import WorkingCopy

MOST_RECORDS, MOST_BYTES = 256, 8 * 2**20
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

    def chunk(self, name: str) -> bytes:
        return self.do(read_chunk(name, self.form))


def refresh(place: StatePlace, project: str, folder: Path) -> RecordedHistory:
    """Bring the copy in a folder up to what the store says, without a lease and without writing there.

    The caller holds the lock of the folder. Raises AlteredState, ForeignState, NewerState, GuardRefused, OSError.
    """
    copy = WorkingCopy(folder, project, place.form)
    for left in reversed(range(_TIMES)):
        history = place.do(look(project, copy.begin()))
        try:
            copy.bring(history, place.chunk)
        except AlteredState:
            # An owner may remove what a newer snapshot made needless, between the look and here.
            if not left:
                raise
        else:
            return history
    raise AssertionError


class RemoteState:
    """The state from `take_state` until `close`. After an error of `publish` nothing is recorded any more, and nothing may be sent.

    Only one thread at a time uses it, `renew` excepted.
    """

    def __init__(
        self, place: StatePlace, owned: OwnedState, copy: WorkingCopy, behind: Sequence[ListedName]
    ) -> None:
        self.history = owned.history
        self._place = place
        self._copy = copy
        self._log: OwnedLog | None = owned.log
        self._lease = owned.lease
        self._reached = owned.log.end
        self._former: StateSnapshot | None = owned.history.snapshot
        self._own_chunks: set[str] = set()
        self._followed: FollowedDatabase | None = None
        self._records = len(behind)
        self._bytes = sum(each.size for each in behind)

    @property
    def end(self) -> LogEnd:
        """The last record that is known to stand."""
        return self._reached

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
        return self._records > MOST_RECORDS or self._bytes > MOST_BYTES

    def renew(self) -> None:
        """Renew the lease. Another thread may do so, but one at a time. Raises OwnerReplaced."""
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
                self._settle(self._followed, quiet=quiet)
            elif self._log is not None:
                self._copy.settle(self._place.do(release(self._lease, self._log, quiet=quiet)).end)
        finally:
            self._log = None
            followed, self._followed = self._followed, None
            if followed is not None:
                followed.close()

    def _settle(self, followed: FollowedDatabase, *, quiet: bool) -> None:
        log = self._own()
        self._log = None
        followed.settled()
        log = self._place.do(release(self._lease, log, quiet=quiet))
        followed.recorded(log.end)

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
    copy.bring(owned.history, place.chunk)
    covered = covered_by(owned.history.snapshot).position
    after = log_name(covered) if covered > START.position else None
    return RemoteState(place, owned, copy, place.do(names_below(LOG, after)))
