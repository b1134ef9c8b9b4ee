"""Fetching results side by side, and bringing them into the spool, before the one thread that records asks for them."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future

from docbatch.errors import Gone, Refused, Unavailable
from docbatch.providers.base import Draft, Fetched, Intent, Provider, Ready
from docbatch.providers.redaction import shape_complaint
from docbatch.signed import without_signatures
from docbatch.spool import Spool
from docbatch.state.records import Collected, Waiting

Outcome = Collected | Unavailable | Gone | Refused
MOST_FRESH = 64 << 20


class Fresh:
    """Payloads that were just put into the spool, as far as memory allows: most are delivered a moment later."""

    def __init__(self, most: int = MOST_FRESH) -> None:
        self._payloads: dict[str, bytes] = {}
        self._room = most
        self._lock = threading.Lock()

    def keep(self, digest: str, payload: bytes) -> None:
        with self._lock:
            if digest not in self._payloads and len(payload) <= self._room:
                self._payloads[digest] = payload
                self._room -= len(payload)

    def take(self, digest: str) -> bytes | None:
        """Return a payload, if it is here, and keep it no longer."""
        with self._lock:
            payload = self._payloads.pop(digest, None)
            self._room += len(payload or b"")
        return payload


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
    try:
        if fetched.answer is None:
            provider.read(payload)
    except ValueError as error:
        return Refused(shape_complaint(payload, error), code="wrong_shape")
    digest = spool.write(payload)
    fresh.keep(digest, payload)
    return Collected(each.key, digest, each.partial or fetched.partial, fetched.credits)
