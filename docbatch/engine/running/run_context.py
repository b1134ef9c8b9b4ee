"""The context of one run: the parts it drives, and what it remembers between rounds."""

from collections import Counter
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from docbatch.core.errors import DocbatchError
from docbatch.core.models import WorkItem
from docbatch.core.scheduler import Looks
from docbatch.engine.clock import Clock
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.engine.progress_notices import Observer, Remark
from docbatch.engine.provider_connections import Connections
from docbatch.engine.running.fetch_results import Ahead
from docbatch.engine.running.result_reader_pool import ResultReaders
from docbatch.providers.base import Intent
from docbatch.sinks.base import Sink
from docbatch.spool import Spool
from docbatch.state.store import Store

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


@dataclass
class Run:
    """`replan` records anew what a document is whose bytes were not the planned ones: (run, item, reason).

    `unwritten` counts, for whole sinks that failed, the documents that succeeded and are not in their outputs.
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
    allowance: int | None = None
    readers: ResultReaders | None = None
    looks: dict[str, Looks] = field(default_factory=dict)
    next_poll: dict[str, float] = field(default_factory=dict)
    next_fetch: dict[str, float] = field(default_factory=dict)
    pauses: dict[str, float] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    queues: dict[int, list[WorkItem]] = field(default_factory=dict)
    sinks: dict[int, Sink] = field(default_factory=dict)
    surveyed: set[str] = field(default_factory=set)
    losses: Counter[str] = field(default_factory=Counter)
    flaws: Counter[str] = field(default_factory=Counter)
    replans: dict[bytes, int] = field(default_factory=dict)
    drained: set[int] = field(default_factory=set)
    failed_sinks: set[int] = field(default_factory=set)
    unwritten: dict[int, int] = field(default_factory=dict)
    errors: list[DocbatchError] = field(default_factory=list)
    found_at: dict[str, float] = field(default_factory=dict)
    ahead: dict[str, Ahead] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)

    def remark(self, submission: str, text: str) -> None:
        """Tell what a provider wants a person to know, if it does."""
        if text:
            self.observe(Remark(submission, text))

    def requeue(self) -> None:
        """Read what waits to be sent from the state again: items came back to it."""
        self.queues.clear()
        self.drained.clear()

    def forget_all_but(self, submissions: Container[str]) -> None:
        """Drop what is remembered of submissions that are through: memory must not grow with their number."""
        for identity in [each for each in self.intents if each not in submissions]:
            for memory in (
                self.intents, self.looks, self.next_poll, self.next_fetch, self.found_at, self.ahead
            ):  # fmt: skip
                memory.pop(identity, None)
            for subject in (identity, f"fetch {identity}"):
                self.pauses.pop(subject, None)

    def pause(self, subject: str, asked: float | None = None) -> float:
        """Return the monotonic time of the next try: after the wait the vendor named, else after twice our last one."""
        if asked:
            return self.clock.monotonic() + asked
        length = min(self.pauses.get(subject, FIRST_PAUSE / 2) * 2, LONGEST_PAUSE)
        self.pauses[subject] = length
        return self.clock.monotonic() + length

    def relax(self, subject: str) -> None:
        """Forget earlier pauses: the last try went well."""
        self.pauses.pop(subject, None)
