"""Fetching results side by side, and bringing them into the spool, before the one thread that records asks for them."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from docbatch.core.errors import Gone, Refused, Unavailable
from docbatch.core.models import Draft
from docbatch.engine.running.result_reader_pool import ResultReaders
from docbatch.engine.running.result_reader_process import Kept, keep
from docbatch.naming.signed import without_signatures
from docbatch.providers.base import Intent, Provider, Ready
from docbatch.providers.http.redaction import shape_complaint
from docbatch.spool import Spool
from docbatch.state.records import Collected, ReadyItem

Outcome = Collected | Unavailable | Gone | Refused
PATIENCE = 4
"""How often a result is fetched that cannot be read: most that came spoilt come whole the next time."""


class Ahead:
    """The results of one submission that are on their way."""

    def __init__(self) -> None:
        self._under_way: dict[str, Future[Outcome]] = {}

    def fetch(
        self,
        one: Callable[[ReadyItem], Outcome],
        pool: Executor,
        waiting: Sequence[ReadyItem],
        most: int,
    ) -> list[tuple[ReadyItem, Outcome]]:
        """Return what became of the first `most` results; the others are fetched meanwhile, and after this returned.

        What is in the spool by then and not recorded before a kill is fetched again.
        """
        for each in waiting:
            if each.key not in self._under_way:
                self._under_way[each.key] = pool.submit(one, each)
        return [(each, self._under_way.pop(each.key).result()) for each in waiting[:most]]


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches the results of one submission; safe to use from several threads.

    `kind` is the type of provider that reads as this one does in another process, None where none does. `soon` says
    that most results are rendered next. `flaws` counts, by item, the results that could not be read.
    """

    spool: Spool
    readers: ResultReaders | None
    provider: Provider
    kind: str | None
    intent: Intent
    soon: bool
    flaws: Counter[str] = field(default_factory=Counter)

    def fetch(self, each: ReadyItem) -> Outcome:
        """Fetch one result, cut what is secret in it, read it, and bring it into the spool: durable after a flush."""
        try:
            found = self.provider.fetch(self.intent, Ready(each.key, each.remote_id, each.partial))
        except (Unavailable, Gone, Refused) as error:
            return error
        if isinstance(found, Draft):
            return Collected(each.key, self.spool.admit(found), each.partial)
        try:
            kept = self._kept(found)
        except ValueError as error:
            return self._unreadable(each, shape_complaint(without_signatures(found), error))
        return Collected(each.key, self.spool.admit(kept.draft), each.partial or kept.partial, kept.credits)

    def _kept(self, payload: bytes) -> Kept:
        kept = None
        if self.readers is not None and self.kind is not None:
            kept = self.readers.keep(self.kind, payload, soon=self.soon)
        return kept or keep(self.provider.read, self.spool, payload)[0]

    def _unreadable(self, each: ReadyItem, complaint: str) -> Unavailable | Refused:
        self.flaws[each.key] += 1
        if self.flaws[each.key] < PATIENCE:
            return Unavailable(complaint)
        return Refused(complaint, code="wrong_shape")
