"""Where a state is at home: all that knows which folder, lock, database, packs and notes it is made of.

Whoever holds a home may write; anybody may read. What lies in the folder may later be a copy of what lies elsewhere, so
whatever successors must know of is published at the moments that `Publication` names. On one disk they all see what is
committed, and only how far the state came is noted there.
"""

import enum
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.core.errors import GuardRefused, UsageError
from docbatch.core.looks import LookKind
from docbatch.state import files
from docbatch.state.homes import COPY_NOTE, home_elsewhere
from docbatch.state.serial_note import ReachedSerial, SerialNote

if TYPE_CHECKING:
    import sqlite3

    from docbatch.sending_fence import FenceTime
    from docbatch.state.remote.stored_packs import StoredPacks
    from docbatch.state.store import Store


class Publication(enum.StrEnum):
    """For what every successor must know what is committed: something follows that cannot be taken back."""

    INTENT = "intent"
    """Before a create, once for each: what is about to be sent."""
    REPLAY = "replay"
    """Before a key is sent again: that it is."""
    ANSWER = "answer"
    """What became of a create or a replay, before the connection creates anything else."""
    DECISION = "decision"
    """What a person decided, before a command says that it is done."""
    PACK = "pack"
    """Results in packs, before what they hold counts as collected."""
    REMOVAL = "removal"
    """What is collected, before a vendor is asked to stop work, or to remove what was made for it."""


class Home:
    """The home of one state on this machine. It costs nothing until it is asked for something."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = folder / "lock"
        self._note = SerialNote(folder)

    @classmethod
    def at(cls, folder: Path) -> "Home":
        """Return the home of the state of a project, or of one of its environments, by its state folder."""
        return home_elsewhere(folder) or cls(folder)

    @property
    def spool(self) -> Path:
        """The folder of the packs of raw results."""
        return self.folder / "spool"

    @property
    def packs(self) -> "StoredPacks | None":
        """The store in which packs lie as well; None where they lie here alone."""
        return None

    @property
    def inbox(self) -> Path:
        """The folder of hints that webhooks leave."""
        return self.folder / "inbox"

    @property
    def _database(self) -> Path:
        return self.folder / "state.db"

    def exists(self) -> bool:
        """Say whether there is a state."""
        return self._database.exists()

    def inspect(self) -> None:
        """Look whether there is a state that can be used, without holding it. Raises NoState, StateError."""
        self._refuse_copy()
        files.inspect(self._database)

    def prepare(self) -> None:
        """Make the folder. Raises StateError."""
        files.prepare(self.folder)

    @property
    def is_in_use(self) -> bool:
        """Whether this object itself holds the state: then no other may stand for it."""
        return False

    def hold(self) -> AbstractContextManager[None]:
        """Be the one owner in the block. Raises StateLocked, naming the other one; StateError."""
        from docbatch.state import lock  # noqa: PLC0415 - a plan holds nothing

        return lock.hold(self._lock)

    def kept_ready(self) -> AbstractContextManager[None]:
        """Hold it for who holds it in the block, so that nobody comes between. Raises as `hold` does."""
        from docbatch.state import lock  # noqa: PLC0415 - as above

        return lock.kept_ready(self._lock)

    def was_held(self) -> bool:
        """Say whether it ever had an owner."""
        return self._lock.exists()

    def is_held(self) -> bool:
        """Say whether it has an owner at this moment."""
        from docbatch.state import lock  # noqa: PLC0415 - as above

        return lock.is_held(self._lock)

    def held_since(self) -> float | None:
        """Return since when (wall time) it has an owner, None where it has none."""
        from docbatch.state import lock  # noqa: PLC0415 - as above

        return lock.held_since(self._lock)

    def owner(self) -> str | None:
        """Return who said last to be the owner, as a phrase; None when nobody did."""
        from docbatch.state import lock  # noqa: PLC0415 - as above

        return lock.owner(self._lock)

    def what_unlocks(self) -> str:
        """Return what a person can do about another owner."""
        return "it runs: wait for it, or end that process; the lock goes with it"

    def unlock(self, token: str) -> None:
        """End what an owner began that is gone, as a person says. Raises UsageError where nobody holds it by that name."""
        raise UsageError(
            f"the state lies on this disk, where nobody holds it by the lease {token}",
            hint="a lock ends with its process: there is nothing to end",
        )

    def require_exchangeable(self) -> None:
        """Raise GuardRefused where another file in the place of the state would not be known to anybody."""

    def writable(self) -> "Store":
        """Open the state, and make it where it is missing. The caller holds it. Raises StateError."""
        from docbatch.state.store import Store  # noqa: PLC0415 - who asks for the owner, or leaves hints, opens no state

        self._refuse_copy()
        files.create(self.folder)
        store = Store.over(self, files.open_writable(self.folder))
        try:
            store.begin()
        except BaseException:
            store.close()
            raise
        return store

    def readable(self) -> "Store":
        """Open the state for reading, whoever holds it. Raises StateError, NoState."""
        from docbatch.state.store import Store  # noqa: PLC0415 - as above

        return Store.over(self, self.connection())

    def connection(self) -> "sqlite3.Connection":
        """Return a connection to the state that reads it, whoever holds it. Raises StateError, NoState."""
        self._refuse_copy()
        return files.open_readable(self.folder)

    def close(self, store: "Store") -> None:
        """Close a state that was opened here, and let go of what it was opened for."""
        store.database.close()

    def discard(self) -> None:
        """Remove a state that knows nothing; what is noted beside it stays. The caller holds it, and it is closed."""
        files.discard(self.folder)

    def rehearsed(self, folder: Path) -> "Home":
        """Return a home in another folder with a copy of the state as it is, if there is one. Nothing comes back from there."""
        if self.exists():
            with self.readable() as store:
                store.copy(folder / "state.db")
        if self.was_spent_from():
            shutil.copy(self.folder / "serial", folder)
        return Home(folder)

    def publish(self, store: "Store", what: Publication, about: str) -> "FenceTime | None":  # noqa: ARG002 - one elsewhere names it in a record
        """Have what is committed known to every successor. Raises StateError: then what it was for is not done.

        `about` is the id of the submission that it is for, empty where it is for none. Returns when its record was first put,
        which a create or a replay has to follow soon; None where it may follow at any time, as on one disk.
        """
        if what is Publication.INTENT:
            self.raise_serial(store)
        return None

    def came_back(self, about: str) -> None:
        """Know that nothing more can come of the create or replay of a submission, whether it was answered or not."""

    def raise_serial(self, store: "Store") -> None:
        """Note beside the state how far it has come and where it lies. Raises StateError."""
        if self.is_moved():
            store.looks.forget_all(LookKind.WATCH)
        self._note.write(store.lineage, store.events.last())

    def _refuse_copy(self) -> None:
        if (self.folder / COPY_NOTE).exists():
            raise GuardRefused(
                f"{self.folder}: holds a copy of a state that lies in a store, and docbatch.yaml does not say in which",
                hint="nothing was read or changed; put 'state:' back into docbatch.yaml, and run 'docbatch state migrate --to-disk'"
                " to have the state here",
            )

    def was_spent_from(self) -> bool:
        """Say whether it was ever noted how far a state here had come."""
        return self._note.exists()

    def is_moved(self) -> bool:
        """Say whether this is not where money was last spent from, but a copy of it.

        Then the state and all that lies beside it may be of any age.
        """
        noted = self._reached()
        return noted is not None and noted.place != "" and noted.place != self.place()

    def has_spent(self, lineage: str) -> bool:
        """Say whether money was last spent from here with a state of this lineage, so that it is known when."""
        noted = self._reached()
        return noted is not None and noted.lineage == lineage and noted.place == self.place()

    def spent_at(self) -> float | None:
        """Return when something was last about to be sent from here, in wall time; None where nothing was."""
        return self._note.written_at()

    def place(self) -> str:
        """Return what tells this home from every copy of it, once it was told to `settle`. Raises StateError."""
        return self._note.place()

    def settle(self) -> None:
        """Have `place` tell this home from copies. Raises StateError."""
        self._note.drop_anchor()

    def damaged_note(self) -> str | None:
        """Say that the note beside the state is damaged; None where it is not, or there is none. Raises StateError."""
        return self._note.damage()

    def reached_before(self, store: "Store") -> str | None:
        """Say why more was done than a state that was opened here knows; None where it was not."""
        if (damage := self.damaged_note()) is not None:
            return damage
        noted = self._reached()
        if noted is None:
            return None
        if noted.lineage != store.lineage:
            return f"event {noted.serial} was reached with the state of lineage {noted.lineage}, and this is another"
        if noted.serial > (last := store.events.last()):
            return f"it ends at event {last}, and event {noted.serial} was reached before; it was restored from a backup"
        return None

    def _reached(self) -> ReachedSerial | None:
        """Return what is noted; None where nothing is that can be read."""
        try:
            return self._note.read()
        except ValueError:
            return None
