"""Fetching results side by side, and bringing them into the spool, before the one thread that records asks for them."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future

from docbatch.errors import Gone, Refused, Unavailable
from docbatch.providers.base import Answer, Draft, Fetched, Intent, Provider, Ready
from docbatch.providers.redaction import shape_complaint
from docbatch.signed import without_signatures
from docbatch.spool import Spool
from docbatch.state.records import Collected, Waiting

Outcome = Collected | Unavailable | Gone | Refused
MOST_FRESH = 128 << 20
READ = 5
"""About how much larger an answer is in memory than the payload it was read from."""


class Fresh:
    """Answers that were just put into the spool, as far as memory allows: most are delivered a moment later."""

    def __init__(self, most: int = MOST_FRESH) -> None:
        self._held: dict[str, tuple[Answer, int]] = {}
        self._room = most
        self._lock = threading.Lock()

    def keep(self, digest: str, answer: Answer, payload: int) -> None:
        """Keep an answer that was read from so many bytes."""
        size = payload * READ
        with self._lock:
            if digest not in self._held and size <= self._room:
                self._held[digest] = (answer, size)
                self._room -= size

    def take(self, digest: str) -> Answer | None:
        """Return an answer, if it is here, and keep it no longer."""
        with self._lock:
            answer, size = self._held.pop(digest, (None, 0))
            self._room += size
        return answer


class Ahead:
    """The results of one submission that are on their way."""

    def __init__(self) -> None:
        self._under_way: dict[str, Future[Outcome]] = {}

    def fetch(
        self,
        one: Callable[[Waiting], Outcome],
        pool: Executor,
        waiting: Sequence[Waiting],
        most: int,
    ) -> list[tuple[Waiting, Outcome]]:
        """Return what became of the first `most` results; the others are fetched meanwhile, and after this returned.

        What is in the spool by then and not recorded before a kill is fetched again.
        """
        for each in waiting:
            if each.key not in self._under_way:
                self._under_way[each.key] = pool.submit(one, each)
        return [(each, self._under_way.pop(each.key).result()) for each in waiting[:most]]


def fetch(spool: Spool, fresh: Fresh, provider: Provider, wanted: Intent, each: Waiting) -> Outcome:
    """Fetch one result, read it, cut what is secret in it, and bring it into the spool: durable after the next flush."""
    try:
        found = provider.fetch(wanted, Ready(each.key, each.remote_id, each.partial))
    except (Unavailable, Gone, Refused) as error:
        return error
    if isinstance(found, Draft):
        return Collected(each.key, spool.admit(found), each.partial)
    fetched = Fetched(found) if isinstance(found, bytes) else found
    payload = without_signatures(fetched.payload)
    # What was read before anything was cut may hold what was cut.
    answer = fetched.answer if payload == fetched.payload else None
    try:
        answer = answer or provider.read(payload)
    except ValueError as error:
        return Refused(shape_complaint(payload, error), code="wrong_shape")
    digest = spool.write(payload)
    fresh.keep(digest, answer, len(payload))
    return Collected(each.key, digest, each.partial or fetched.partial, fetched.credits)
