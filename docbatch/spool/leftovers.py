"""What runs that were killed, and states that were put back, leave in the folder of packs.

- Behind the last result that is recorded of a pack lies what a killed run could not record: it is dropped, since what
  brought it is fetched again. A pack of which nothing is recorded goes whole.
- Where a mark says that more was recorded once, an older state was put back, or another one: what lies there was paid, and
  the state that knows it may come back. It is kept, and made known to the index.
- Packs of which nothing is needed any more are removed once nobody reads.
- What lies in a store as well is no longer than it is there, or is dropped: it is fetched once it is read. Who keeps packs
  there has a state that goes back to nothing older, so marks say nothing, and what was half fetched goes.
- What cannot be read at this moment, and what is no pack of ours, stays as it is and keeps nobody from anything else.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from docbatch.core.models import KnownPack, ResultPlace
from docbatch.spool.index import ResultIndex
from docbatch.spool.pack import (
    DRAFT,
    MAGIC,
    MARK_SIZE,
    Found,
    contents,
    file_of,
    is_there,
    may_follow,
    packs_in,
)
from docbatch.spool.readers import without_readers

WINDOW = 5000
_UNKNOWN = KnownPack(len(MAGIC), is_retired=False)


def clear(root: Path, packs: Path, index: ResultIndex, *, whole: bool, stored: bool = False) -> None:
    """Put the folder of packs in order, for the one who may write. Raises OSError.

    Unless the index is `whole`, which it is not where the state is known to be older than what was done, nothing is dropped.
    `stored` says that packs lie in a store as well.
    """
    known = index.packs()
    there = packs_in(packs)
    for name, size in there.items():
        pack = known.get(name, _UNKNOWN)
        if stored and pack.stored is not None:
            if size != pack.stored.size:
                file_of(packs, name).unlink()
            continue
        is_complete = name in known and (pack.end is None or size <= pack.end + MARK_SIZE)
        if not pack.is_retired and not is_complete:
            # What cannot be read or cut today is not recorded either: it is waste, and may be dropped another day.
            with contextlib.suppress(OSError, ValueError):
                _settle(packs, name, pack, index, known=name in known, whole=whole, adopts=not stored)
    remove_retired(root, packs, index)
    if stored:
        _remove_drafts(root, packs)


def _remove_drafts(root: Path, packs: Path) -> None:
    """Remove what was half fetched, unless somebody may be fetching it."""
    drafts = list(packs.glob(f"*{DRAFT}"))
    if drafts:
        with without_readers(root) as alone:
            for draft in drafts if alone else ():
                draft.unlink(missing_ok=True)


def remove_retired(root: Path, packs: Path, index: ResultIndex) -> bool:
    """Remove what holds nothing that is needed, and say whether nothing of it is left."""
    retired = [name for name, pack in index.packs().items() if pack.is_retired]
    if not retired:
        return True
    with without_readers(root) as alone:
        if not alone:
            return False
        gone = [name for name in retired if _is_removed(packs, name)]
    with index.write():
        for name in gone:
            index.forget_pack(name)
    return len(gone) == len(retired)


def _is_removed(packs: Path, name: str) -> bool:
    """Remove a pack, and say whether there is none of this name. Anything else in its place is left alone."""
    if is_there(packs, name):
        with contextlib.suppress(OSError):
            file_of(packs, name).unlink()
    return not is_there(packs, name)


def _settle(
    packs: Path, name: str, pack: KnownPack, index: ResultIndex, *, known: bool, whole: bool, adopts: bool
) -> None:
    path = file_of(packs, name)
    assert pack.end is not None
    if adopts and any(found.recorded > (pack.end if known else 0) for found in contents(path, pack.end)):
        _adopt(path, pack.end, index, packs_in(packs))
    elif whole and known:
        _cut(path, pack.end)
    elif whole and _is_pack(path):
        path.unlink()


def _adopt(path: Path, start: int, index: ResultIndex, there: Iterable[str]) -> None:
    """Make known what lies in a pack from a place on, as far as it is known nowhere else."""
    found = contents(path, start)
    while window := list(islice(found, WINDOW)):
        with index.write():
            index.put(_missed(path.stem, window, index, there))
            index.reach(path.stem, window[-1].end)


def _missed(
    name: str, window: Iterable[Found], index: ResultIndex, there: Iterable[str]
) -> Iterator[tuple[str, ResultPlace]]:
    for each in window:
        if each.head is not None:
            place = index.find(each.head.digest)
            if place is None or place.pack not in there:
                yield each.head.digest, ResultPlace(name, each.start, each.end - each.start)


def _cut(path: Path, end: int) -> None:
    """Drop what lies behind the last recorded result, and the marks that follow it at once. What is of another file stays."""
    if not may_follow(path, end):
        return
    for found in contents(path, end):
        if found.head is not None:
            break
        end = found.end
    os.truncate(path, end)


def _is_pack(path: Path) -> bool:
    """Say whether a file is a pack of ours, or was about to become one: after a power cut it may hold nothing but zeros."""
    with path.open("rb") as file:
        begin = file.read(len(MAGIC))
    return MAGIC.startswith(begin) or not begin.strip(b"\0")
