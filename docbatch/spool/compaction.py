"""Rewriting packs of which a good part is needed no more, and small ones into one.

What is needed is copied into a new pack, made durable and recorded to lie there; then nothing is recorded of the old one any
more, and it goes once nobody reads. Killed in between, the next start or the next compaction goes on. A pack that cannot be
read at this moment stays: that may be over tomorrow.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from docbatch.core.models import Draft, PackUse, ResultPlace
from docbatch.packed import read_head
from docbatch.spool.index import ResultIndex
from docbatch.spool.leftovers import remove_retired
from docbatch.spool.spool import Spool

WINDOW = 2000
SMALL = 16 << 20
"""Bytes below which a pack is put together with others of its kind."""
WORTH = 4096
"""Bytes that are not worth saving."""
MANY = 8
"""So many small packs are worth putting together."""


class CompactedIndex(ResultIndex, Protocol):
    """What compaction needs of the index beside what the spool does."""

    def gather_uses(self, spare: tuple[float, float] | None = None) -> Sequence[PackUse]:
        """Find out what is needed, of every pack that is recorded. It holds until something is recorded beside compaction.

        `spare` are two moments, now and an earlier one: what nothing has wanted since before that is not needed.
        """

    def needed_of(self, name: str) -> Iterator[tuple[str, ResultPlace]]:
        """Yield the needed results of a pack in the order in which they lie, as `gather_uses` found them."""

    def retire(self, name: str) -> None:
        """Inside the current transaction: forget all that still lies in a pack, and have it removed."""


class Compaction(NamedTuple):
    """What was done, or would be: packs rewritten, bytes of packs before and after, and results let go.

    `dropped` are those that nothing needs, `damaged` those that could not be read. `waits` says that somebody still reads
    what was rewritten, so that it is removed by a later run.
    """

    packs: int = 0
    before: int = 0
    after: int = 0
    dropped: int = 0
    damaged: int = 0
    waits: bool = False


def chosen(uses: Iterable[PackUse], sizes: dict[str, int]) -> list[PackUse]:
    """Return the packs that are worth rewriting: a third of them is not needed, or there are many small ones."""
    there = [each for each in uses if each.name in sizes]
    small = {each.name for each in there if sizes[each.name] < SMALL}
    few = len(small) < MANY
    return [each for each in there if _is_waste(each, sizes[each.name]) or (not few and each.name in small)]


def _is_waste(use: PackUse, size: int) -> bool:
    waste = size - use.needed_bytes
    return not use.needed or (waste > WORTH and waste * 3 > size)


def compact(
    spool: Spool, index: CompactedIndex, *, dry_run: bool = False, spare: tuple[float, float] | None = None
) -> Compaction:
    """Rewrite what is worth it, for the one who may write; with `spare` (see `gather_uses`) all that holds what is not needed.

    Raises StateError, OSError.
    """
    uses = index.gather_uses(spare)
    sizes = spool.sizes()
    wanted = chosen(uses, sizes)
    if spare is not None:
        names = {each.name for each in wanted}
        wanted = [
            each for each in uses if each.name in names or (each.name in sizes and each.needed < each.results)
        ]
    before = sum(sizes.values())
    dropped = sum(each.results - each.needed for each in wanted)
    if dry_run or not wanted:
        freed = sum(sizes[each.name] - each.needed_bytes for each in wanted)
        return Compaction(len(wanted), before, before - freed, dropped)
    rewriting = _Rewriting(spool, index)
    for each in wanted:
        rewriting.move(each.name)
    rewriting.settle()
    waits = not remove_retired(spool.root, spool.packs, index)
    return Compaction(len(wanted), before, sum(spool.sizes().values()), dropped, rewriting.damaged, waits)


class _Rewriting:
    """Packs on their way into the one that is written. Where packs lie in a store, as much is recorded at once as fills one."""

    def __init__(self, spool: Spool, index: CompactedIndex) -> None:
        self.damaged = 0
        self._spool = spool
        self._index = index
        self._placed: list[tuple[str, ResultPlace]] = []
        self._emptied: list[str] = []

    def move(self, name: str) -> None:
        """Copy what is needed of a pack, and have it retired where all of that could be read."""
        unread: list[str] = []
        needed = self._index.needed_of(name)
        while window := list(islice(needed, WINDOW)):
            placed = list(_copied(self._spool, window, unread))
            self.damaged += len(window) - len(placed)
            self._placed += placed
            self.settle(self._spool.at_once)
        if not unread:
            self._emptied.append(name)
            self.settle(self._spool.at_once)

    def settle(self, least: int = 0) -> None:
        """Record what was copied, if it comes to so many bytes, and retire what holds nothing more. Raises StateError."""
        if sum(place.length for _, place in self._placed) < least:
            return
        self._spool.record(self._placed)
        self._placed = []
        if self._emptied:
            with self._index.write():
                for name in self._emptied:
                    self._index.retire(name)
            self._emptied = []


def _copied(
    spool: Spool, window: Iterable[tuple[str, ResultPlace]], unread: list[str]
) -> Iterator[tuple[str, ResultPlace]]:
    """Copy what is sound, and note what could not be read at all."""
    for digest, place in window:
        try:
            entry = spool.sound_entry(digest, place)
        except OSError:
            unread.append(digest)
            continue
        head = None if entry is None else read_head(entry)
        if entry is not None and head is not None:
            yield digest, spool.admit(Draft(entry, digest, head.length))
