"""The home of a state in a store: its folder holds a copy, which may be deleted at any time.

Who holds it on this machine looks at what the store has, and takes the state over with the first thing that it writes: a run
that changes nothing needs no lease. Who reads brings the copy up to date without one.
"""

import os
import secrets
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from docbatch.core.errors import GuardRefused, NoState, StateError, StateLocked, UsageError
from docbatch.sending_fence import FenceTime
from docbatch.state import files
from docbatch.state.files import complaint
from docbatch.state.home import Home, Publication
from docbatch.state.remote.copy_users import CopyUse
from docbatch.state.remote.fitness import require_fitness
from docbatch.state.remote.lease_renewal import LeaseRenewal
from docbatch.state.remote.leases import EXPIRES_AFTER, Lease, StateOwner
from docbatch.state.remote.log_records import RecordKind
from docbatch.state.remote.recorded_history import current_lease
from docbatch.state.remote.remote_state import (
    RemoteState,
    StatePlace,
    look_at_state,
    refresh,
    see,
    take_state,
)
from docbatch.state.remote.taking_over import Claim

if TYPE_CHECKING:
    from docbatch.state.store import Store

_KINDS = {
    Publication.INTENT: RecordKind.INTENT,
    Publication.REPLAY: RecordKind.REPLAY,
    Publication.ANSWER: RecordKind.ANSWER,
    Publication.DECISION: RecordKind.DECISION,
    Publication.PACK: RecordKind.PACK,
    Publication.REMOVAL: RecordKind.CHANGES,
}
MOVED = "moved"
"""Among what a state says of itself: to where it was taken out of the store. `RemoteHome.is_moving` lets it be opened there all the same."""
_RUN_LINKS = ("DOCBATCH_RUN_LINK", "CI_JOB_URL", "BUILD_URL")


class Reach(Protocol):
    """Gives the place of a state in a store. Raises CredentialsError."""

    def __call__(self, *, looks: bool) -> StatePlace: ...


class RemoteHome(Home):
    """The home of one state in a store, as one process uses it.

    `where` tells the place in the store from every other, for people as well; `reach` gives it, once and only when it is needed.
    """

    def __init__(self, folder: Path, project: str, where: str, reach: Reach) -> None:
        super().__init__(folder)
        self.project = project
        self.where = where
        self._reach = reach
        self._place: StatePlace | None = None
        self.is_moving = False
        self._is_held = False
        self._state: RemoteState | None = None
        self._renewal: LeaseRenewal | None = None
        self._under_way: set[str] = set()
        self._seen_lease: Lease | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemoteHome) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[Path, str, str]:
        return self.folder, self.project, self.where

    def place_in_store(self, *, looks: bool = False) -> StatePlace:
        """Return the place in the store; who only `looks` has less done to reach it. Raises CredentialsError."""
        if self._place is None:
            self._place = self._reach(looks=looks)
        return self._place

    def exists(self) -> bool:
        self._brought_up_to_date().close()
        return self._database.exists()

    def inspect(self) -> None:
        self._brought_up_to_date().close()
        self._require_state()
        files.inspect(self._database)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one owner on this machine; the lease is taken when something is to be written.

        Raises StateLocked, naming who holds it here or in the store, and what is wrong with the store.
        """
        with self._held_alone() as use:
            with told(self.folder):
                self._state = self._begun()
            use.share()
            yield

    @contextmanager
    def _held_alone(self) -> Iterator[CopyUse]:
        self.prepare()
        with super().hold(), ExitStack() as stack:
            use = CopyUse(self.folder)
            stack.callback(use.close)
            use.have_alone()
            self._is_held = True
            stack.callback(self._let_go)
            yield use

    def writable(self) -> "Store":
        from docbatch.state.store import Store  # noqa: PLC0415 - as in Home

        state = self._held_state()
        files.create(self.folder)
        connection = files.open_writable(self.folder)
        try:
            self._refuse_moved(connection)
            state.follow(connection)
            store = Store.over(self, connection)
            store.database.before_write = None if state.is_owned else self._own
            store.begin()
            if not state.is_quiet:
                store.submissions.tear()
                state.publish(RecordKind.CHANGES)
        except BaseException:
            state.abandon()
            connection.close()
            raise
        return store

    def connection(self) -> sqlite3.Connection:
        if self._is_held:
            return files.open_readable(self.folder)
        use = self._brought_up_to_date()
        try:
            self._require_state()
            connection = files.open_readable(self.folder, use.close)
        except BaseException:
            use.close()
            raise
        try:
            self._refuse_moved(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self, store: "Store") -> None:
        """Record the rest, let go of the state, and close it. Raises what keeps the rest from being recorded."""
        state = self._state
        if state is None or not state.is_followed_by(store.database.connection):
            store.database.close()
            return
        try:
            self._end_renewal()
            state.close(quiet=not self._under_way)
        finally:
            state.abandon()
            store.database.close()

    def publish(self, store: "Store", what: Publication, about: str) -> FenceTime | None:
        """Record in the store what is committed. Raises OwnerReplaced, StateLocked, StateError: then what it was for is not done."""
        state = self._held_state()
        if not state.is_owned and store.database.before_write is not None:
            # Nothing was written: there is nothing that anybody has to know, but of what follows.
            if what not in {Publication.INTENT, Publication.REPLAY}:
                return None
            self._own_for(store)
        if self._renewal is not None and self._renewal.replaced is not None:
            raise self._renewal.replaced
        if what is Publication.ANSWER:
            self._under_way.discard(about)
        began = state.publish(_KINDS[what])
        if what in {Publication.INTENT, Publication.REPLAY}:
            self._under_way.add(about)
        return began

    def came_back(self, about: str) -> None:
        self._under_way.discard(about)

    def require_exchangeable(self) -> None:
        raise GuardRefused(
            f"{self.where}: the state lies in a store, and only one on this disk can be exchanged for another",
            hint="nothing was changed; remove 'state:' from docbatch.yaml, bring the state back in a folder without a copy, then"
            " give 'state:' a prefix that nothing lies under, and run 'docbatch state migrate'",
        )

    def discard(self) -> None:
        """What took up the specs alone stays: it lies in the store already, and knows nothing."""

    def raise_serial(self, store: "Store") -> None:
        """The log says how far the state has come."""

    def was_spent_from(self) -> bool:
        return False

    def is_moved(self) -> bool:
        return False

    def has_spent(self, lineage: str) -> bool:  # noqa: ARG002 - whoever has the state has what was sent with it
        return True

    def spent_at(self) -> float | None:
        return None

    def place(self) -> str:
        return f"store:{self.project}"

    def settle(self) -> None:
        """Where it lies is settled by docbatch.yaml."""

    def damaged_note(self) -> str | None:
        return None

    def reached_before(self, store: "Store") -> str | None:  # noqa: ARG002 - a copy that is behind is brought up to date
        return None

    def is_held(self) -> bool:
        return super().is_held() or self._holder() is not None

    def owner(self) -> str | None:
        return super().owner() if super().is_held() else self._holder()

    def _holder(self) -> str | None:
        """Return who had the lease when it was looked at last, as a phrase, None where nobody had."""
        seen = self._seen_lease
        return None if seen is None or seen.released else str(seen.owner)

    def what_unlocks(self) -> str:
        seen = self._seen_lease
        if super().is_held() or seen is None:
            return super().what_unlocks()
        return (
            f"wait for it; where it is gone for certain, 'docbatch state unlock --lease {seen.owner.token}' ends what it began,"
            f" and else the next run does so once the lease was not renewed for {EXPIRES_AFTER:g} s"
        )

    def lease(self) -> Lease | None:
        """Return the lease as it stands, None where nobody ever had the state. Raises AlteredState, ForeignState, NewerState."""
        return self.place_in_store().do(current_lease(self.project))

    def unlock(self, token: str) -> None:
        """End what an owner began that is gone, as a person says, and let go. Raises UsageError where it does not hold the state."""
        lease = self.lease()
        if lease is None or lease.released or lease.owner.token != token:
            raise UsageError(
                f"nobody holds the state by the lease {token}"
                + ("" if lease is None or lease.released else f"; it is held by {lease.owner}"),
                hint="nothing was changed",
            )
        with self._held_alone() as use, told(self.folder):
            self._state = take_state(self.place_in_store(), self._claim(token), self.folder)
            use.share()
            with self.writable():
                pass

    def of_another_folder(self, folder: Path) -> "RemoteHome":
        """Return the same home as another folder would use it."""
        return RemoteHome(folder, self.project, self.where, self._reach)

    def replace_with(self, store: "Store") -> None:
        """Put a copy of another state in the place of this one, to be recorded as a whole. The caller holds it, and it is not open."""
        self._held_state().replace(store.copy)

    def _begun(self) -> RemoteState:
        from docbatch.state import lock  # noqa: PLC0415 - a plan holds nothing

        place, patience = self.place_in_store(), lock.current_patience()
        while True:
            lease = place.do(current_lease(self.project))
            if lease is None or lease.released:
                return look_at_state(place, self._claim(), self.folder, lease)
            try:
                state = take_state(place, self._claim(), self.folder)
            except StateLocked:
                if patience is None or not patience.wait(str(lease.owner)):
                    raise
            else:
                self._renewal = LeaseRenewal(state.renew)
                return state

    def _own(self) -> None:
        state = self._held_state()
        if state.epoch == 0:
            place = self.place_in_store()
            require_fitness(place.store, _token, place.wait)
        state.own()
        self._renewal = LeaseRenewal(state.renew)

    def _own_for(self, store: "Store") -> None:
        store.database.before_write = None
        self._own()

    def _let_go(self) -> None:
        self._end_renewal()
        self._is_held = False
        state, self._state = self._state, None
        self._under_way.clear()
        if state is not None:
            # What took the state over and wrote nothing lets go of it here.
            state.close()

    def _end_renewal(self) -> None:
        renewal, self._renewal = self._renewal, None
        if renewal is not None:
            renewal.end()

    def _claim(self, takes: str | None = None) -> Claim:
        link = next((found for name in _RUN_LINKS if (found := os.environ.get(name))), None)
        owner = StateOwner(_token(), socket.gethostname(), os.getpid(), link)
        return Claim(self.project, owner, _token, takes)

    def _held_state(self) -> RemoteState:
        if self._state is None:
            raise StateError("the state is not held", hint="run the same command again")
        return self._state

    def _brought_up_to_date(self) -> CopyUse:
        """Return a use of the copy as it is in the store, or as who holds it here has it."""
        if not self._is_held:
            self.prepare()
        with told(self.folder):
            use = CopyUse(self.folder)
            try:
                use.share()
                if not super().is_held():
                    self._refresh(use)
                    use.share()
            except BaseException:
                use.close()
                raise
        return use

    def _refresh(self, use: CopyUse) -> None:
        place = self.place_in_store(looks=not self._is_held)
        seen = see(place, self.project, self.folder)
        if (seen is None or not seen.is_all_there) and use.have_alone(super().is_held):
            seen = refresh(place, self.project, self.folder, seen)
        self._seen_lease = None if seen is None else seen.lease

    def _refuse_moved(self, connection: sqlite3.Connection) -> None:
        """Raise GuardRefused where the state was taken out of the store: what was done since is known elsewhere."""
        row = connection.execute("SELECT value FROM meta WHERE name = ?", (MOVED,)).fetchone()
        if row is not None and not self.is_moving:
            raise GuardRefused(
                f"{self.where}: the state was taken out of the store, to {row[0]}",
                hint="nothing was sent or changed; remove 'state:' from docbatch.yaml and work there, or bring it back from there"
                " by 'docbatch state migrate'",
            )

    def _require_state(self) -> None:
        if not self._database.exists():
            raise NoState(f"{self.where}: there is no state yet", hint="'docbatch apply' makes it")


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turn what a disk or SQLite complains of into an error that says what is safe."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise complaint(error) or StateError(
            f"{folder}: the copy of the state cannot be used: {error}"
        ) from error


def _token() -> str:
    return secrets.token_hex(8)
