"""What one run makes of failures: where too much of what is paid fails, it sends nothing more of that."""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice

from docbatch.core.errors import GuardRefused
from docbatch.core.guard import Permission
from docbatch.core.spending_guards import Breaker, Threshold
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.naming.pathtext import escape
from docbatch.state.store import Store

EXAMPLES = 5


class RunFailures:
    """Paid documents that ended in a run. What runs at vendors is collected all the same, and what waits goes on waiting."""

    def __init__(
        self,
        store: Store | None = None,
        threshold: Threshold | None = None,
        allowed: Collection[str] = (),
    ) -> None:
        self._store = store
        self._breaker = Breaker(None if Permission.FAILED in allowed else threshold)

    def count(self, *, ended: int = 0, failed: int = 0) -> None:
        """Count paid documents that ended, and those that failed, which may have ended before."""
        self._breaker.count(ended=ended, failed=failed)

    def room(self, in_flight: Callable[[], int]) -> int | None:
        """Return how many more paid documents may be sent, None for any number; `in_flight` counts those at providers."""
        known = self._breaker.room(0)
        return self._breaker.room(in_flight()) if known else known

    def errors(self, targets: Iterable[ResolvedJob]) -> Iterator[GuardRefused]:
        """Yield what is to be said of documents that wait because others failed."""
        if self._store is None or not self._breaker.is_open:
            return
        waiting, jobs, examples = 0, [], []
        for target in targets:
            standing = {} if target.traits.free else self._store.documents.standing(target.name)
            waiting += standing.get("pending", 0)
            if standing.get("failed"):
                jobs.append(target.name)
                failed = self._store.documents.failures(target.name, EXAMPLES)
                examples += [f"{escape(path)}: {why.message}" for path, _, why in failed]
        if waiting:
            yield self._breaker.error(waiting, jobs, list(islice(examples, EXAMPLES)))
