"""The files of a spool as they are copied: whole packs up to what is recorded of them, and results of before.

Whoever copies holds `readers.reading` from before the index was read: then no pack goes, and none gets shorter than is
recorded. Results of before may be moved into a pack meanwhile, and are taken from there.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from docbatch.core.models import KnownPack, ResultPlace
from docbatch.packed import HEAD_SIZE, LIMIT, Codec, most_packed, read_head
from docbatch.spool.old_entries import OldEntries
from docbatch.spool.pack import SUFFIX, OpenPacks, file_of, is_there, open_to_read, packs_in

PACKS = "packs"
PIECE = 1 << 20


class StoredFile(NamedTuple):
    """A file by its path below the spool, "/"-separated, and what is to be copied of it."""

    name: str
    size: int
    pieces: Iterator[bytes]


def stored_packs(root: Path, known: Mapping[str, KnownPack], missing: list[str]) -> Iterator[StoredFile]:
    """Yield the packs that an index names, and add to `missing` those that are gone, shorter, or cannot be read."""
    for name, pack in known.items():
        if pack.is_retired:
            continue
        if not is_there(root / PACKS, name):
            missing.append(name)
            continue
        try:
            descriptor = open_to_read(file_of(root / PACKS, name))
        except (OSError, ValueError):
            missing.append(name)
            continue
        try:
            there = os.fstat(descriptor).st_size
            size = there if pack.end is None else min(there, pack.end)
            if pack.end is not None and there < pack.end:
                missing.append(name)
            yield StoredFile(f"{PACKS}/{name}{SUFFIX}", size, _pieces(descriptor, size))
        finally:
            os.close(descriptor)


def stored_entry(root: Path, digest: str, moved_to: ResultPlace | None) -> StoredFile | None:
    """Return a result of before as it lies, or lay before it was moved; None where it is in neither place."""
    old = OldEntries(root)
    name = f"{digest[:2]}/{digest}.gz"
    try:
        content = old.compressed(digest, LIMIT)
    except (OSError, ValueError):
        if moved_to is None or (content := _moved(root, moved_to)) == b"":
            return None
    return StoredFile(name, len(content), iter((content,)))


def _moved(root: Path, place: ResultPlace) -> bytes:
    try:
        entry = OpenPacks(root / PACKS).read(place, most_packed(LIMIT))
    except (OSError, ValueError):
        return b""
    head = read_head(entry)
    return b"" if head is None or head.codec != Codec.GZIP else entry[HEAD_SIZE:]


def _pieces(descriptor: int, size: int) -> Iterator[bytes]:
    at = 0
    while at < size and (piece := os.pread(descriptor, min(PIECE, size - at), at)):
        at += len(piece)
        yield piece


def files_below(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield every pack and every result of before that lies in a spool, by its path below it."""
    for name in sorted(packs_in(root / PACKS)):
        yield f"{PACKS}/{name}{SUFFIX}", file_of(root / PACKS, name)
    old = OldEntries(root)
    for digest in old.digests():
        yield f"{digest[:2]}/{digest}.gz", old.path(digest)
