"""The home of a state in a store: its folder holds a copy, which may be deleted at any time.

Who holds it on this machine looks at what the store has, and takes the state over with the first thing that it writes: a run
that changes nothing needs no lease. Who reads brings the copy up to date without one.
"""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch import invocation
from docbatch.core.errors import GuardRefused, StateError, StateLocked, UsageError
from docbatch.sending_fence import FenceTime
from docbatch.state import files
from docbatch.state.home import Publication
from docbatch.state.remote.copied_home import CopiedHome, OpenPlace, told
from docbatch.state.remote.copy_users import CopyUse
from docbatch.state.remote.fitness import require_fitness
from docbatch.state.remote.lease_renewal import LeaseRenewal
from docbatch.state.remote.leases import StateOwner
from docbatch.state.remote.log_records import RecordKind
from docbatch.state.remote.recorded_history import current_lease
from docbatch.state.remote.remote_state import RemoteState, look_at_state, take_state
from docbatch.state.remote.stored_packs import StoredPacks
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
_WAITS = 20
"""So many waits for a lock on this disk lie between two looks at a lease that another has: each asks a store several things."""


class RemoteHome(CopiedHome):
    """The home of one state in a store, as one process uses it."""

    def __init__(self, folder: Path, project: str, where: str, open_place: OpenPlace) -> None:
        super().__init__(folder, project, where, open_place)
        self._state: RemoteState | None = None
        self._renewal: LeaseRenewal | None = None
        self._under_way: set[str] = set()
        self._store: Store | None = None

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one owner on this machine; the lease is taken when something is to be written.

        Raises StateLocked, naming who holds it here or in the store, and what is wrong with the store.
        """
        with self._held_alone() as use:
            with told(self.folder):
                self._state = self._begun()
            use.share()
            self._require_here()
            try:
                yield
            except GuardRefused:
                # What stands in the way may be what another run delivered since.
                self._held_state().require_as_seen()
                raise

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

    @property
    def packs(self) -> StoredPacks:
        """The store in which packs lie as well. What is put there is of the epoch of this owner. Raises CredentialsError."""
        return StoredPacks(self.place_in_store(looks=not self._is_held), self._epoch)

    def _epoch(self) -> int:
        if not self._held_state().is_owned and self._store is not None:
            self._own_for(self._store)
        return self._held_state().epoch

    def writable(self) -> "Store":
        from docbatch.state.store import Store  # noqa: PLC0415 - as in Home

        state = self._held_state()
        files.create(self.folder)
        connection = files.open_writable(self.folder)
        try:
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
        self._store = store
        return store

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
            self._store = None
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
        if what in {Publication.INTENT, Publication.REPLAY}:
            self._under_way.add(about)
        return state.publish(_KINDS[what])

    def came_back(self, about: str) -> None:
        self._under_way.discard(about)

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
            # Where nothing was recorded yet nothing was sent, and a state made now would stand in the way of one to be moved there.
            if self._database.exists():
                with self.writable():
                    pass

    def of_another_folder(self, folder: Path) -> "RemoteHome":
        """Return the same home as another folder would use it."""
        return RemoteHome(folder, self.project, self.where, self._open_place)

    def replace_with(self, store: "Store") -> None:
        """Put a copy of another state in the place of this one, to be recorded as a whole. The caller holds it, and it is not open."""
        self._held_state().replace(store.copy)

    def _begun(self) -> RemoteState:
        from docbatch.state import lock  # noqa: PLC0415 - a plan holds nothing

        place, patience = self.place_in_store(), lock.current_patience()
        while True:
            lease = place.do(current_lease(self.project))
            # What may be under way has to be known as that before anything is planned, whoever let go of the lease.
            if lease is None or lease.quiet:
                return look_at_state(place, self._claim(), self.folder, lease)
            try:
                state = take_state(place, self._claim(), self.folder)
            except StateLocked:
                owner = str(lease.owner)
                if patience is None or not all(patience.wait(owner) for _ in range(_WAITS)):
                    raise
            else:
                self._renewal = LeaseRenewal(state.renew)
                return state

    def _require_here(self) -> None:
        """Raise GuardRefused where the state was taken out of the store, before anything is opened that would have to be let go of."""
        if self._database.exists():
            with closing(files.open_readable(self.folder)) as connection:
                self._refuse_moved(connection)

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
            # What took the state over and wrote nothing lets go of it here. What another left under way is not known as that yet.
            state.close(quiet=state.is_quiet)

    def _end_renewal(self) -> None:
        renewal, self._renewal = self._renewal, None
        if renewal is not None:
            renewal.end()

    def _claim(self, takes: str | None = None) -> Claim:
        owner = StateOwner(_token(), socket.gethostname(), os.getpid(), invocation.run_link())
        return Claim(self.project, owner, _token, takes, self.place_in_store().form)

    def _held_state(self) -> RemoteState:
        if self._state is None:
            raise StateError("the state is not held", hint="run the same command again")
        return self._state


def _token() -> str:
    return secrets.token_hex(8)
