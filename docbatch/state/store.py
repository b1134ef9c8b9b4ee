"""The state of a project: its parts over one database."""

import sqlite3
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from docbatch.core.errors import GuardRefused, StateError
from docbatch.naming.state_folders import project_root
from docbatch.state import files
from docbatch.state.charges import Charges
from docbatch.state.companions import Companions
from docbatch.state.copies import write_copy
from docbatch.state.database import Database
from docbatch.state.deadlines import Deadlines
from docbatch.state.deliveries import Deliveries
from docbatch.state.document_parts import DocumentParts
from docbatch.state.documents import Documents
from docbatch.state.events import Events
from docbatch.state.experiences import Experiences
from docbatch.state.failed_uploads import FailedUploads
from docbatch.state.failure_rows import FailureRows
from docbatch.state.failures import FailedAttempts
from docbatch.state.found_objects import FoundObjects
from docbatch.state.hindrances import KeptHindrances
from docbatch.state.home import Home, Publication
from docbatch.state.items import Items
from docbatch.state.job_shares import JobShares
from docbatch.state.later_tries import LaterTries
from docbatch.state.looks import LookRecord
from docbatch.state.manifests import Manifests
from docbatch.state.outcomes import Outcomes
from docbatch.state.outputs import RecordedOutputs
from docbatch.state.proofs import faults
from docbatch.state.queued_again import QueuedAgain
from docbatch.state.remote_objects import RemoteObjects
from docbatch.state.renamed_rows import RenamedRows
from docbatch.state.reported import ReportedDocuments
from docbatch.state.results import Results
from docbatch.state.runs import Runs
from docbatch.state.submissions import Submissions
from docbatch.state.tallies import damage
from docbatch.state.unwanted_work import UnwantedWork
from docbatch.state.unwell_documents import UnwellDocuments
from docbatch.state.waiting_documents import WaitingDocuments
from docbatch.state.warned import WarnedDocuments

if TYPE_CHECKING:
    from docbatch.sending_fence import FenceTime
    from docbatch.state.acceptances import Acceptances
    from docbatch.state.costs import RecordedCosts
    from docbatch.state.moves import Moves
    from docbatch.state.paces import Paces
    from docbatch.state.past import Past


class Store:
    """Everything recorded. A `Home` opens it: for its owner with `writable`, for reading with `readable` any time."""

    def __init__(self, home: Home, database: Database) -> None:
        self.home = home
        self.folder = home.folder
        self.database = database
        self.write = database.write
        self.items = Items(database)
        self.events = Events(database)
        self.documents = Documents(database)
        self.deliveries = Deliveries(database)
        self.objects = RemoteObjects(database)
        self.results = Results(database)
        self.charges = Charges(database, self.items)
        self.experiences = Experiences(database)
        self.submissions = Submissions(database, self.items, self.events, self.deliveries, self.results)
        self.outcomes = Outcomes(database, self.items, self.documents, self.deliveries, self.results)
        self.deadlines = Deadlines(database)
        self.waiting = WaitingDocuments(database, self.items)
        self.unwanted_work = UnwantedWork(database)
        self.later_tries = LaterTries(database, self.items)
        self.queued_again = QueuedAgain(database, self.items)
        self.warned = WarnedDocuments(database)
        self.failure_rows = FailureRows(database)
        self.reported = ReportedDocuments(database)
        self.looks = LookRecord(database, home.place, home.settle)
        self.hindrances = KeptHindrances(database)
        self.manifests = Manifests(database)
        self.renamed_rows = RenamedRows(database)
        self.outputs = RecordedOutputs(database)
        self.companions = Companions(database)
        self.shares = JobShares(database)
        self.failed_uploads = FailedUploads(database)
        self.found_objects = FoundObjects(database)
        self.runs = Runs(database, project_root(home.folder))
        self.failed_attempts = FailedAttempts(database)
        self.parts = DocumentParts(database, self.items)
        self.unwell = UnwellDocuments(database)

    @cached_property
    def costs(self) -> "RecordedCosts":
        from docbatch.state.costs import RecordedCosts  # noqa: PLC0415 - few commands ask what was paid

        return RecordedCosts(self.database)

    @cached_property
    def past(self) -> "Past":
        from docbatch.state.past import Past  # noqa: PLC0415 - few commands ask what was

        return Past(self.database)

    @cached_property
    def acceptances(self) -> "Acceptances":
        from docbatch.state.acceptances import Acceptances  # noqa: PLC0415 - a run asks what is accepted of documents that failed

        return Acceptances(self.database)

    @cached_property
    def paces(self) -> "Paces":
        from docbatch.state.paces import Paces  # noqa: PLC0415 - a plan takes no time that it keeps

        return Paces(self.database)

    @cached_property
    def moves(self) -> "Moves":
        from docbatch.state.moves import Moves  # noqa: PLC0415 - one command renames

        return Moves(self.database)

    @classmethod
    def over(cls, home: Home, connection: sqlite3.Connection) -> Self:
        """Return the state that a connection leads to, which is at home there."""
        return cls(home, Database(connection, home.folder / "state.db"))

    @classmethod
    def writable(cls, folder: Path) -> "Store":
        """Open a state in a folder of this machine, and make it when it is missing. The caller holds it. Raises StateError."""
        return Home(folder).writable()

    @classmethod
    def readable(cls, folder: Path) -> "Store":
        """Open a state in a folder of this machine for reading. Raises StateError, NoState."""
        return Home(folder).readable()

    def begin(self) -> None:
        """Take up writing, after the owner of its home opened it. Raises StateError."""
        self.database.keep_tallies()
        self.prove()
        self._note_restored()
        self.looks.forget_those_elsewhere()
        self.runs.watch()

    def forgive(self) -> None:
        """Inside the current transaction: take rows that decide about no money as they are. For the one writer."""
        if self.database.proofs is not None:
            self.database.proofs.forgive()

    def prove(self) -> None:
        """Raise StateError when something is damaged that decides about money. For the writer."""
        if self.database.proofs is not None:
            try:
                self.database.proofs.prove_what_is_open()
            except sqlite3.Error as error:
                raise files.damaged(self.folder / "state.db", error) from error

    @property
    def lineage(self) -> str:
        """The random name this state was born with; a copy keeps it, a new state never has it."""
        row = self.database.execute("SELECT value FROM meta WHERE name = 'lineage'").fetchone()
        if row is None:
            raise damage(["table meta: row lineage is missing"])
        return str(row[0])

    def begun_plan(self) -> str | None:
        """Return the digest of the plan file that was begun last."""
        row = self.database.execute("SELECT value FROM meta WHERE name = 'plan'").fetchone()
        return None if row is None else str(row[0])

    def begin_plan(self, digest: str) -> None:
        if self.begun_plan() != digest:
            with self.write():
                self.database.execute("INSERT OR REPLACE INTO meta VALUES ('plan', ?)", (digest,))

    def publish(self, what: Publication, about: str = "") -> "FenceTime | None":
        """Have what is committed known to every successor, as its home does. Raises StateError: then what it was for is not done.

        Returns when its record was first put, None where that limits nothing.
        """
        return self.home.publish(self, what, about)

    def raise_serial(self) -> None:
        """Note beside the state how far it has come and where it lies. Raises StateError."""
        self.home.raise_serial(self)

    def last_spent(self) -> float | None:
        """Return when something was last about to be sent with a state in this folder, or may have been, in wall time."""
        row = self.database.execute("SELECT value FROM meta WHERE name = 'restored_at'").fetchone()
        if row is not None:
            return float(row[0])
        return self.home.spent_at()

    def distrust(self, why: str, at: float | None) -> None:
        """Note that more may have been sent than this state knows: up to `at`, in wall time, or else to what is noted beside it."""
        with self.write():
            self.database.execute("INSERT OR REPLACE INTO meta VALUES ('restored', ?)", (why,))
            self.database.execute("DELETE FROM meta WHERE name = 'restored_at'")
            if at is not None:
                self.database.execute("INSERT INTO meta VALUES ('restored_at', ?)", (repr(at),))
            self.database.execute("DELETE FROM look")

    def restored(self) -> str | None:
        """Say why this state is older than what was already done, or not the one it was done with; None if it is not."""
        row = self.database.execute("SELECT value FROM meta WHERE name = 'restored'").fetchone()
        return None if row is None else str(row[0])

    def refuse_restored(self) -> None:
        """Raise GuardRefused when this state does not know what was already done."""
        why = self.restored()
        if why is not None:
            raise GuardRefused(
                f"this state does not know what was sent since: {why}",
                hint="nothing was sent; 'docbatch recover' takes over what vendors have, or put the newer state back",
            )

    def trust(self) -> None:
        """Note that all that was sent is known again. Killed in between, the state is still refused."""
        if self.restored() is not None:
            self.raise_serial()
            with self.write():
                self.database.execute("DELETE FROM meta WHERE name IN ('restored', 'restored_at')")

    def _note_restored(self) -> None:
        """Write down, before anything else is, that an older state or a new one lies where there was a newer."""
        found = self.home.reached_before(self)
        if found is None:
            return
        with self.write():
            self.database.execute("INSERT OR IGNORE INTO meta VALUES ('restored', ?)", (found,))
            self.database.execute("DELETE FROM look")

    def is_behind(self) -> bool:
        """Say whether more was done than this state knows, also where that is not noted in it yet."""
        return self.restored() is not None or self.home.reached_before(self) is not None

    def copy(self, to: Path) -> None:
        """Write a copy of the state as it is at this moment, whole or not at all. Raises StateError."""
        try:
            write_copy(self.database.connection, to)
        except (OSError, sqlite3.Error) as error:
            raise StateError(
                f"{to}: the copy cannot be written: {files.reason(error)}",
                hint="nothing is there; make room or restore access, and run the same command again",
            ) from error

    def close(self) -> None:
        """Close it, as its home does. Raises StateError where the last of it cannot be recorded elsewhere."""
        self.home.close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            wrong = self._blamed(error)
            self.runs.end(error)
        finally:
            self.close()
        if isinstance(error, sqlite3.Error):
            raise files.damaged(self.folder / "state.db", error) from error
        if wrong:
            raise damage(wrong) from error

    def _blamed(self, error: BaseException | None) -> list[str]:
        """Return which rows are damaged where nothing else explains what went wrong: reading them may raise anything."""
        if not isinstance(error, (ValueError, TypeError, LookupError, AttributeError, AssertionError)):
            return []
        try:
            return [each.sentence for each in faults(self.database.connection)]
        except sqlite3.Error:
            return []
