"""A home whose folder holds a copy of a state that lies in a store: how the copy is brought up to date and read.

Nobody needs a lease for that, nor may write there.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from docbatch.core.errors import GuardRefused, NoState, StateError
from docbatch.state import files
from docbatch.state.files import complaint
from docbatch.state.home import Home
from docbatch.state.remote.copy_users import CopyUse
from docbatch.state.remote.leases import Lease, what_ends
from docbatch.state.remote.recorded_history import current_lease
from docbatch.state.remote.remote_state import StatePlace, refresh, see

if TYPE_CHECKING:
    from docbatch.state.store import Store

MOVED = "moved"
"""Among what a state says of itself: to where it was taken out of the store. `is_moving` lets it be opened there all the same."""


class OpenPlace(Protocol):
    """Gives the place of a state in a store. Raises CredentialsError."""

    def __call__(self, *, looks: bool) -> StatePlace: ...


class CopiedHome(Home):
    """The home of a state that lies in a store, for who reads it.

    `where` tells the place in the store from every other, for people as well; `open_place` gives it, once and only when it is needed.
    """

    def __init__(self, folder: Path, project: str, where: str, open_place: OpenPlace) -> None:
        super().__init__(folder)
        self.project = project
        self.where = where
        self._open_place = open_place
        self._place: StatePlace | None = None
        self.is_moving = False
        self._is_held = False
        self._seen_lease: Lease | None = None

    @property
    def is_in_use(self) -> bool:
        return self._is_held

    def place_in_store(self, *, looks: bool = False) -> StatePlace:
        """Return the place in the store; who only `looks` has less done to reach it. Raises CredentialsError."""
        if self._place is None:
            self._place = self._open_place(looks=looks)
        return self._place

    def exists(self) -> bool:
        self._brought_up_to_date().close()
        return self._database.exists()

    def inspect(self) -> None:
        self._brought_up_to_date().close()
        self._require_state()
        files.inspect(self._database)

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
        return what_ends(seen.owner)

    def lease(self) -> Lease | None:
        """Return the lease as it stands, None where nobody ever had the state. Raises AlteredState, ForeignState, NewerState."""
        return self.place_in_store().do(current_lease(self.project))

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
        where = moved_to(connection)
        if where is not None and not self.is_moving:
            raise GuardRefused(
                f"{self.where}: the state was taken out of the store, to {where}",
                hint="nothing was sent or changed; remove 'state:' from docbatch.yaml and work there, or bring it back from there"
                " by 'docbatch state migrate'",
            )

    def _require_state(self) -> None:
        if not self._database.exists():
            raise NoState(f"{self.where}: there is no state yet", hint="'docbatch apply' makes it")

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


def moved_to(connection: sqlite3.Connection) -> str | None:
    """Return to where a state says that it was taken out of its store, None where it was not."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (MOVED,)).fetchone()
    return None if row is None else str(row[0])


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turn what a disk or SQLite complains of into an error that says what is safe."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise complaint(error) or StateError(
            f"{folder}: the copy of the state cannot be used: {error}"
        ) from error
