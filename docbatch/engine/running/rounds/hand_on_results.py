"""Having results outlast this machine, and successors know of them, before they count as collected."""

from docbatch.spool import Spool
from docbatch.state.home import Publication
from docbatch.state.store import Store

STEP = 8 << 20
"""Bytes that are worth putting into a store of results that cost nothing: until then they would be made again."""


def hand_on(spool: Spool, store: Store, *, free: bool = False) -> None:
    """Make what was admitted durable, and have every successor know it: only then it is recorded as collected.

    What is `free` goes to a store in larger steps: where this machine is lost before, it is done again. Raises StateError,
    CredentialsError.
    """
    if spool.store(STEP if free else 1):
        store.publish(Publication.PACK)
