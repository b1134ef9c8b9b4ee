"""What may be removed of a state, and removing it. Only the owner does, once a record names a snapshot.

A name that is free again can be taken by who was stopped before it put something there. So the end of a log stays for ever,
and the record before it, which the owner may not know to stand. And only what is of earlier epochs is removed: in a log that
goes on, who takes over could put an end at a name that is free again, in the midst of what is covered.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from docbatch.state.remote.object_names import (
    CHUNKS,
    LOG,
    PACKS,
    PROBES,
    SNAPSHOTS,
    Position,
    chunk_epoch,
    log_position,
    pack_of,
    snapshot_name,
    snapshot_position,
)
from docbatch.state.remote.state_snapshots import StateSnapshot
from docbatch.state.remote.store_requests import ListedName, Remove, Steps, names_below

KEPT_FOR = 7 * 86400.0
"""Seconds by the store's dates: who reads, or was just replaced, is not to miss what it is about to read."""
PROBES_KEPT_FOR = 86400.0
"""Seconds: who put one reads it at once, and removes it unless it was killed."""
_ENDS_KEPT = 2


def remove_covered(newest: StateSnapshot, former: StateSnapshot | None) -> Steps[int]:
    """Remove what nothing needs once `newest` is named by its owner's log, `former` being the one before; return how much."""
    records = yield from names_below(LOG)
    snapshots = yield from names_below(SNAPSHOTS)
    chunks = yield from names_below(CHUNKS)
    probes = yield from names_below(PROBES)
    known = [each for each in (newest, former) if each is not None]
    # Of a snapshot that does not say which packs it has, none may go.
    says = all(each.packs is not None for each in known)
    packs = (yield from names_below(PACKS)) if says else ()
    # The date of what was just written is the store's word for now.
    now = max((each.modified for each in snapshots), default=0.0)
    needless = [
        *covered_records(records, newest),
        *former_snapshots(snapshots, known),
        *unused_chunks(chunks, known),
        *unused_packs(packs, known),
    ]
    old = [each.name for each in needless if now - each.modified >= KEPT_FOR]
    old += [each.name for each in probes if now - each.modified >= PROBES_KEPT_FOR]
    for name in old:
        yield Remove(name)
    return len(old)


def covered_records(listed: Sequence[ListedName], newest: StateSnapshot) -> Iterator[ListedName]:
    """Yield records of earlier epochs that a snapshot covers, but of each log the last two."""
    placed = sorted((place, each) for each in listed if (place := log_position(each.name)) is not None)
    for _, log in groupby(placed, key=lambda pair: pair[0].epoch):
        for place, each in list(log)[:-_ENDS_KEPT]:
            if place.epoch < newest.named.epoch and place <= newest.covers.position:
                yield each


def former_snapshots(listed: Sequence[ListedName], known: Sequence[StateSnapshot]) -> Iterator[ListedName]:
    kept = {snapshot_name(each.named) for each in known}
    for each in listed:
        place = snapshot_position(each.name)
        if place is not None and each.name not in kept and place < _newest(known):
            yield each


def unused_chunks(listed: Sequence[ListedName], known: Sequence[StateSnapshot]) -> Iterator[ListedName]:
    """Yield chunks of earlier epochs that no snapshot has. Those of its own an owner may make anew, while it is being removed."""
    kept = {name for each in known for name in each.chunks}
    for each in listed:
        epoch = chunk_epoch(each.name)
        if epoch is not None and each.name not in kept and epoch < _newest(known).epoch:
            yield each


def unused_packs(listed: Sequence[ListedName], known: Sequence[StateSnapshot]) -> Iterator[ListedName]:
    """Yield packs of earlier epochs that no snapshot has, with all their parts. What is put in this epoch may be recorded next."""
    kept = {name for each in known for name in each.packs or ()}
    for each in listed:
        pack = pack_of(each.name)
        if pack is not None and pack[0] not in kept and pack[1] < _newest(known).epoch:
            yield each


def _newest(known: Sequence[StateSnapshot]) -> Position:
    return max(each.named for each in known)
