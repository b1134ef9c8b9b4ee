"""The context of one run: the parts it drives, and what it remembers of submissions between rounds."""

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from docbatch.core.errors import DocbatchError
from docbatch.core.looks import LookKind, Looks, SpacedLooks
from docbatch.core.models import ItemStatus, Submission, SubmissionStatus, WorkItem
from docbatch.engine.clock import Clock
from docbatch.engine.connections.backoff import Backoff
from docbatch.engine.connections.hindrances import Moment
from docbatch.engine.connections.open_item_content import ItemContent
from docbatch.engine.connections.passwords import JobPasswords
from docbatch.engine.connections.provider_connections import Connections, ProviderConnection
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.engine.progress_notices import Looking, Observer, Remark
from docbatch.engine.reading.result_reader_pool import ResultReaders
from docbatch.engine.running.rounds.bisection import Bisection
from docbatch.engine.running.rounds.interruption import Interruption
from docbatch.engine.running.rounds.results_ahead import Ahead
from docbatch.engine.running.send_queues import SendQueues
from docbatch.engine.spending.closed_windows import SendingJobs, is_shut, sending_jobs
from docbatch.engine.spending.run_budget import CostOf, RunBudget, documents_alone
from docbatch.engine.spending.run_failures import RunFailures
from docbatch.providers.base import Intent
from docbatch.sinks.base import Sink
from docbatch.sources.kept_content import KeptContent
from docbatch.spool import Spool
from docbatch.state.deliveries import RecordedSink
from docbatch.state.store import Store

if TYPE_CHECKING:
    from docbatch.engine.running.in_process.unrecorded_work import UnrecordedWork

MOST_LOSSES = 3
"""How often free work is done again whose result was lost: a disk that keeps nothing would have it done for ever."""


@dataclass(slots=True)
class Followed:
    """What a run remembers of one submission. Times are monotonic seconds.

    `intent` is its frozen request, once it was needed. `flaws` counts, by item, the results that could not be read.
    `expires` is until when results can be had, where it was told, `next_stop` when the vendor may be asked to stop it.
    """

    intent: Intent | None = None
    looks: Looks | None = None
    next_poll: float = 0.0
    next_fetch: float = 0.0
    expires: float | None = None
    next_stop: float = 0.0
    ahead: Ahead = field(default_factory=Ahead)
    flaws: Counter[str] = field(default_factory=Counter)
    backoff: Backoff = field(default_factory=Backoff)
    fetching: Backoff = field(default_factory=Backoff)


@dataclass
class OpenSinks:
    """The sinks of a run, by their rows in the state. `failed` are not tried again in it.

    `unwritten` counts, for whole sinks that failed, the documents that succeeded and are not in their outputs.
    Nothing is sent of the jobs that are `withheld`, whose sinks are `unseen`: what these lack is what is recorded of them.
    Faults that were `told` are known by job, path and message.
    """

    opened: dict[int, Sink] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    unwritten: dict[int, int] = field(default_factory=dict)
    withheld: set[str] = field(default_factory=set)
    unseen: set[int] = field(default_factory=set)
    told: set[tuple[str, bytes, str]] = field(default_factory=set)


@dataclass
class Run:
    """`replan` records anew what a document is whose bytes were not the planned ones: (run, item, reason).

    `tries_again` says that what failed is tried again as its job says. `passwords` are those of its jobs, as far as they were needed. `allowance` is how many more documents may be sent, None for any number. `losses` counts, by item, how often free work
    was lost; `replans`, by place, how often a document was planned again. `has_results` says that some were collected.
    `cost` says what documents come to, `budget` is what limits leave, `failures` what ends its sending because too much
    fails; `full` are the connections on which it sends nothing for that, or nothing yet. `stop` asks it to end soon;
    `bisection` what is sent apart because it was refused together. What was read while it was planned is `kept`.
    `unrecorded` is work in this process that is under way, by submission, `begun` how much of that was begun so far.
    Nothing is sent but what was selected `under` selectors, where there are any.
    """

    store: Store
    spool: Spool
    connections: Connections
    targets: Mapping[str, ResolvedJob]
    clock: Clock
    observe: Observer
    project: str
    replan: Callable[["Run", WorkItem, str], None]
    may_create: bool = True
    tries_again: bool = True
    allowance: int | None = None
    readers: ResultReaders | None = None
    cost: CostOf = documents_alone
    followed: dict[str, Followed] = field(default_factory=dict)
    unrecorded: "dict[str, UnrecordedWork]" = field(default_factory=dict)
    begun: int = 0
    queues: SendQueues = field(default_factory=SendQueues)
    sinks: OpenSinks = field(default_factory=OpenSinks)
    passwords: JobPasswords = field(default_factory=JobPasswords)
    losses: Counter[str] = field(default_factory=Counter)
    replans: Counter[bytes] = field(default_factory=Counter)
    has_results: bool = False
    errors: list[DocbatchError] = field(default_factory=list)
    failures: RunFailures = field(default_factory=RunFailures)
    full: set[str] = field(default_factory=set)
    bisection: Bisection = field(default_factory=Bisection)
    stop: Interruption = field(default_factory=Interruption)
    kept: KeptContent | None = None
    under: str = ""
    content: ItemContent = field(init=False)
    budget: RunBudget = field(init=False)

    def __post_init__(self) -> None:
        self.budget = RunBudget(self.store, self.targets.values(), self.clock.wall, self.cost)
        sources = (target.source for target in self.targets.values())
        self.content = ItemContent(sources, self.spool.incoming, self.kept)

    def follow(self, submission: str) -> Followed:
        """Return what is remembered of a submission."""
        return self.followed.setdefault(submission, Followed())

    def unrecorded_submissions(self) -> dict[str, Submission]:
        """Return the work in this process as planning sees what is recorded, by submission."""
        return {name: work.submission() for name, work in self.unrecorded.items()}

    def leave_out(self, recorded: RecordedSink, wanted: ResolvedSink) -> None:
        """Leave a sink as it is in this run."""
        self.sinks.failed.add(recorded.row)
        if wanted.kind.whole:
            succeeded = self.store.documents.tally(recorded.job).get(ItemStatus.SUCCEEDED, 0)
            self.sinks.unwritten[recorded.row] = succeeded

    def sending_jobs(self) -> SendingJobs:
        """Return the jobs of which something may be sent now, and what others wait for."""
        allowed = [self.targets[name] for name in self._allowed_jobs()]
        now, monotonic = self.clock.wall(), self.clock.monotonic()
        return sending_jobs(self.store, allowed, now, monotonic - now, under=self.under)

    def is_shut(self) -> bool:
        """Say whether a window closed since it was read what is to be sent."""
        return is_shut(self.targets, self.queues.sending.open, self.clock.wall())

    def _allowed_jobs(self) -> list[str]:
        full = self._full()
        return [
            name
            for name, target in self.targets.items()
            if name not in self.passwords.refused
            and name not in self.sinks.withheld
            and not self.budget.is_stopped(name, target.connection)
            and target.connection not in full
        ]

    def room(self, connection: ProviderConnection) -> int | None:
        """Return how many more documents may be sent on a connection as long as failures are watched, None for any number."""
        return None if connection.traits.free else self.failures.room(self._in_flight)

    def count_ended(self, connection: ProviderConnection, *, ended: int = 0, failed: int = 0) -> None:
        """Count documents that ended at a provider, and those that failed."""
        if not connection.traits.free:
            self.failures.count(ended=ended, failed=failed)

    def _full(self) -> set[str]:
        """Return the connections on which nothing may be sent for now. What waits is read anew where these are others now."""
        full = {name for name, each in self.connections.items() if self.room(each) == 0}
        if full != self.full:
            self.queues.forget()
            self.full = full
        return full

    def _in_flight(self) -> int:
        """Count the paid documents that providers work on and that are waited for.

        That is neither what a person has to decide about, nor what is stuck, nor what cannot be asked about in this run.
        """
        stuck = {each.submission for each in self.store.deadlines.passed(self.clock.wall())}
        return sum(
            each.running
            for each in self.store.submissions.open()
            if each.status is not SubmissionStatus.HELD
            and each.id not in stuck
            and (connection := self.connections.get(each.connection)) is not None
            and connection.trouble is None
            and not connection.traits.free
        )

    def forget_all_but(self, submissions: Container[str]) -> None:
        """Drop what is remembered of submissions that are through: memory must not grow with their number."""
        self.followed = {each: known for each, known in self.followed.items() if each in submissions}

    def files(self, connection: str, items: Sequence[WorkItem]) -> dict[str, bytes]:
        """Return where items' bytes lie, by key, for a connection whose work is done in this process; else nothing."""
        if not self.connections[connection].traits.in_process:
            return {}
        return self.content.files(items)

    def count_look(
        self, connection: ProviderConnection, subject: str, kind: LookKind, date: float | None
    ) -> SpacedLooks:
        """Count a look that was made at `date` (vendor's time), and return all that count by now.

        What the vendor dates not is dated here: the caller takes care that this never leads to a payment.
        """
        before = self.store.looks.of(subject, kind)
        counted = before.with_one(self.clock.wall() if date is None else date, connection.traits)
        if counted != before:
            self.store.looks.record(subject, kind, counted, connection.traits)
        return counted

    def tell_of_looks(self, connection: ProviderConnection, subject: str, counted: SpacedLooks) -> None:
        """Tell until when looks go on at the least, and how many of them count so far."""
        traits = connection.traits
        if counted.count and not counted.are_enough(traits):
            self.observe(Looking(subject, counted.count, traits.looks, counted.until(traits)))

    def remark(self, submission: str, text: str) -> None:
        """Tell what a provider wants a person to know, if it does."""
        if text:
            self.observe(Remark(submission, text))

    def moment(self) -> Moment:
        return Moment(self.clock.monotonic(), self.clock.wall())

    def later(self, backoff: Backoff, asked: float | None = None, *, limited: bool = False) -> float:
        """Return the monotonic time of the next try, `asked` being the vendor's own wait where it named one.

        `limited` says that only too much was asked.
        """
        return self.clock.monotonic() + backoff.next(asked, limited=limited)
