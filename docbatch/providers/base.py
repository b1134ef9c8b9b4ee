"""The contract between the engine and a document service.

Rules for implementers:

- A method asks one thing and returns: one HTTP exchange, or the few that one question takes, such as the pages of a list
  or a link and what it leads to. It never sleeps, retries, or writes state. The engine owns retries, rates, time and
  state, and calls one provider from several threads.
- It ends: every exchange is bounded as a whole, not only its silences, and a wait that the service asks for is raised as
  `retry_after`, not slept. What does not end in time is given up, and the provider closed while it is under way.
- `steps` and `render` are pure: the same batch gives the same steps and the same bytes.
- `perform` is repeatable: doing a step twice wastes an upload, never money.
- `create` is the one call that is not. It raises Refused, NotSent or Uncertain and nothing else; what is not known to be
  one of the first two is Uncertain.
- Vendor answers are untrusted: unknown fields are kept, unknown states mean "not finished", sizes are bounded.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from docbatch.core.errors import Gone
from docbatch.core.models import Draft, Failure, Operation, RemoteObject, Traits, WorkItem

if TYPE_CHECKING:
    from docbatch.core.results import Answer


@dataclass(frozen=True, slots=True)
class Batch:
    """What one submission will carry. `marker` starts with the project id and is what a vendor is told to keep.

    `config` is the job's full provider config, execution-only fields included. `files` says where those who work in this
    process read items' bytes, by key; it is empty for others, who are given the bytes in `perform`. `passwords` are what
    documents may be locked with, in the order to try them: given to kinds that take passwords, when something is sent, and
    never to be kept, shown or rendered.
    """

    submission: str
    marker: str
    operation: Operation
    items: tuple[WorkItem, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    pins: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    passwords: tuple[str, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Step:
    """One repeatable effect before the create. `name` is its identity: a recorded, unexpired object is reused.

    `item` is the key of the item whose bytes the step sends, if it sends any. `shared` objects (a saved
    configuration, an upload) outlive the submission; the others belong to it.
    """

    name: str
    item: str | None = None
    shared: bool = False


Prepared = Mapping[str, RemoteObject]


class Content(Protocol):
    """Opens an item's bytes. Raises `ContentChanged` when they are no longer what was planned."""

    def __call__(self, item: WorkItem) -> BinaryIO: ...


class ContentChanged(Exception):
    """The bytes found are not the bytes planned; the document is planned again."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Intent:
    """The frozen request of a submission, as recorded before the first attempt."""

    submission: str
    marker: str
    body: bytes
    batch: Batch
    prepared: Prepared = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor has the work. `runs` maps item keys to remote ids where they are known already.

    `note` is what a person should know about it, empty when there is nothing.
    """

    remote_id: str | None
    runs: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look for an unanswered create saw.

    `witness` is true when something we are sure we made is visible with the same credentials: only then does an
    empty look count. One row of ours proves a submission; rows may trickle in.

    `date` is the vendor's own time of the look, seconds since the epoch, as its `Date` header tells: where several answers
    were needed, of the first. Without one no look counts towards an absence, since nothing tells how long looks went on.
    `left` is what the look made there and later looks need: they find it in `prepared`, under its step, which is
    `left_by_looks` of the marker.
    """

    found: Accepted | None
    witness: bool
    date: float | None = None
    left: RemoteObject | None = None


def left_by(step: str) -> str:
    """Return the step under which a step that is not through leaves what its next try needs: see `Unavailable.left`."""
    return f"left by {step}"


def left_by_looks(marker: str) -> str:
    """Return the step under which a look leaves what later looks need."""
    return f"looks {marker}"


@dataclass(frozen=True, slots=True)
class Survey:
    """The markers of all work that a vendor showed, and its own time of the answer: see `Sighting.date`."""

    markers: Collection[str]
    date: float | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """An item whose result can be fetched."""

    key: str
    remote_id: str
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    key: str
    failure: Failure
    remote_id: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The provider read other bytes than planned; nothing was processed."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What one poll saw: the items that ended since they were last reported (repeats are harmless).

    `unseen` are items the vendor shows no trace of: lag after an answered create, a question after one that was
    found. `next_poll` is the vendor's own wait in seconds, `note` what a person should know, said once. `lasts` is for
    how many seconds from now results of this work can be had, where that can be told: what goes first is fetched first.

    `doubted` are items that seem to be over although nothing of theirs says so, such as what a cancelled batch never began:
    as what they end if that stays so for the grace. `date` is the vendor's time, see `Sighting.date`.
    """

    ended: Sequence[Ready | Failed | Changed]
    unseen: frozenset[str] = frozenset()
    next_poll: float | None = None
    note: str = ""
    lasts: float | None = None
    doubted: Mapping[str, Failure] = field(default_factory=dict)
    date: float | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """Work of this project at the vendor, read from what we left there, for a state that does not know it.

    `runs` maps the keys of its items, as far as they can be told, to their remote ids, None where the vendor gives none
    before they end. `prepared` and `remote_id` are what `poll` and `fetch` will need.
    """

    remote_id: str | None
    runs: Mapping[str, str | None]
    prepared: Prepared = field(default_factory=dict)


class Provider(Protocol):
    """`traits` are those of its kind; `max_in_flight` may change while it is open, with what is learned of how much it can take."""

    type: str
    account: str
    traits: Traits

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the versions of what moves by itself; resolved once per job and kept."""

    def steps(self, batch: Batch) -> Sequence[Step]:
        """List the prepare steps in order. Steps that send an item's bytes may run side by side. Pure."""

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        """Do one step.

        Raises Unavailable (later; what it leaves is in `prepared` the next time, under `left_by`), Refused (this item or batch cannot), Stale (what was prepared is no longer good), Gone
        (the submission's own objects are), ContentChanged.
        """

    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        """Return the exact bytes of the create request. Pure."""

    def create(self, intent: Intent) -> Accepted:
        """Send the request once. Raises Refused, NotSent or Uncertain."""

    def look(self, intent: Intent) -> Sighting:
        """Look once for an unanswered create. Raises Unavailable, CredentialsError."""

    def survey(self, prefix: str) -> Survey:
        """Return the markers of all work at the vendor that start with the prefix: the project's id and a dash."""

    def recall(self, marker: str) -> Recalled:
        """Read back the work that carries a marker from `survey`. Raises Unavailable, Gone, CredentialsError."""

    def discard(self, intent: Intent) -> None:
        """Remove what was made for a submission alone, once all its results are safe. Raises Unavailable."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        """Ask once how the work stands. Raises Unavailable, Gone, CredentialsError."""

    def fetch(self, intent: Intent, ready: Ready) -> bytes | Draft:
        """Fetch one result. Raises Unavailable, Gone.

        Its bytes are read elsewhere: one that cannot be read is fetched again a few times.
        """

    def read(self, payload: bytes) -> "Answer":
        """Read a payload from the spool. Pure. Raises ValueError when it has the wrong shape."""

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        """Ask the vendor to stop the work. What it stops ends as CANCELLED in a later poll. Raises Unavailable, Gone."""

    def close(self) -> None:
        """Release connections and processes. Raises nothing.

        Comes from any thread, at any time, maybe twice, and does not wait for calls under way. Those end soon, with
        whatever they raise; a create that has sent nothing is NotSent. Nothing is sent once it has returned.
        """


class Unsearchable:
    """What a provider answers that keeps nothing between its submissions, or nothing anybody could look for.

    A base for small ones. Their traits say that they are not `findable`, and `Stops.NOTHING` unless they have a `cancel`
    of their own. A service that can be searched must not inherit that a survey sees nothing.
    """

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def steps(self, batch: Batch) -> Sequence[Step]:  # noqa: ARG002
        return ()

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:
        raise NotImplementedError("this provider has no prepare steps")

    def look(self, intent: Intent) -> Sighting:  # noqa: ARG002
        return Sighting(None, witness=False)

    def survey(self, prefix: str) -> Survey:  # noqa: ARG002
        return Survey(())

    def recall(self, marker: str) -> Recalled:
        raise Gone(f"no work is kept there that could be read back, so there is no {marker}")

    def discard(self, intent: Intent) -> None:
        """Nothing is made for a submission alone."""

    def cancel(self, intent: Intent, remote_id: str | None) -> None:
        """Nothing can be stopped."""

    def close(self) -> None:
        """Nothing is held open."""
