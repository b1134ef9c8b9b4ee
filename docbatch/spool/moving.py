"""Moving results of before into packs: each is removed only once it lies durably in a pack and the index says where."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from docbatch.core.models import Draft
from docbatch.packed import Codec, entry, expanded, is_of
from docbatch.spool.spool import Spool

PATIENCE = 20.0
"""Seconds of one start; what is left is moved by the next."""
BATCH = 2000
BATCH_BYTES = 16 << 20


class MovedResults(NamedTuple):
    """How many results were moved, and how many wait for the next start."""

    moved: int
    left: int


def _told_nobody() -> None:
    """On one disk, all see what is committed."""


def move_old_entries(
    spool: Spool,
    monotonic: Callable[[], float],
    patience: float = PATIENCE,
    *,
    publish: Callable[[], object] = _told_nobody,
) -> MovedResults:
    """Move what is sound, for about so many seconds; the rest is read where it lies. For the one who may write.

    `publish` has every successor know what is committed, before anything is removed.

    What cannot be removed once it lies in a pack stays for a later start.

    Killed at any moment, every result lies in at least one of the two places. Raises StateError.
    """
    until = monotonic() + patience
    moved = 0
    digests = spool.old.digests()
    while monotonic() < until and (batch := list(_batch(spool, digests))):
        moved += _move(spool, batch, publish)
    left = sum(1 for _ in digests)
    spool.old.remove_empty_folders()
    return MovedResults(moved, left)


def _batch(spool: Spool, digests: Iterator[str]) -> Iterator[str]:
    size = 0
    for digest in islice(digests, BATCH):
        yield digest
        size += spool.old.size_of(digest)
        if size >= BATCH_BYTES:
            return


def _move(spool: Spool, batch: list[str], publish: Callable[[], object] = _told_nobody) -> int:
    done = []
    placed = []
    for digest in batch:
        if spool.is_packed(digest):
            # It was moved by a run that was killed before it could be removed.
            done.append(digest)
        elif (draft := _draft(spool, digest)) is not None:
            placed.append((digest, spool.admit(draft)))
            done.append(digest)
    spool.record(placed)
    if placed:
        publish()
    return sum(map(spool.remove_old, done))


def _draft(spool: Spool, digest: str) -> Draft | None:
    """Return an entry as it goes into a pack; None for one that is damaged, which stays for who needs it."""
    try:
        compressed = spool.old.compressed(digest, spool.limit)
        payload = expanded(Codec.GZIP, compressed, spool.limit)
    except (OSError, ValueError):
        return None
    if not is_of(payload, digest):
        return None
    return Draft(entry(digest, Codec.GZIP, compressed), digest, len(payload))
