"""The spool: every result as it was received, named by the SHA-256 of its uncompressed bytes.

    .docbatch/spool/packs/<name>.pack   results, see `pack`; where each lies is known to the index, which is in the state
    .docbatch/spool/incoming/           large results that workers write, to be copied into a pack, and documents on their way
    .docbatch/spool/readers             held by who reads beside the one that may write
    .docbatch/spool/ab/<digest>.gz      results of before, see `old_entries`

A result is durable after the next `flush`, and then its place may be recorded. What lies in a pack behind the last that
is recorded was left by a run that was killed, and is dropped by the next one.
"""

import errno
import os
import re
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from docbatch.core.errors import ResultLost, StateError
from docbatch.core.models import Draft, ResultPlace
from docbatch.owner_only import make_folder
from docbatch.packed import (
    HEAD_SIZE,
    LIMIT,
    MOST_CARRIED,
    most_packed,
    packed,
    read_head,
    unpacked,
    write_entry,
)
from docbatch.spool import readers
from docbatch.spool.index import ResultIndex
from docbatch.spool.leftovers import clear
from docbatch.spool.old_entries import OldEntries
from docbatch.spool.pack import OpenPacks, PackWriter, is_there, packs_in

LARGEST_PACK = 1 << 30
"""Bytes after which a pack is closed and another begun."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Spool:
    """Results by digest. Safe to use from several threads; written only by the holder of the state's lock.

    Without an index it knows what it was given itself, and the results of before.
    """

    def __init__(
        self, root: Path, index: ResultIndex | None = None, *, limit: int = LIMIT, largest: int = LARGEST_PACK
    ) -> None:
        self.root = root
        self.packs = root / "packs"
        self.incoming = root / "incoming"
        self.old = OldEntries(root)
        self.index = index
        self.limit = limit
        self._largest = largest
        self._open = OpenPacks(self.packs)
        self._writer = PackWriter(self.packs)
        self._unrecorded: dict[str, ResultPlace] = {}
        self._lock = threading.Lock()
        self._failure: StateError | None = None

    def sweep(self) -> None:
        """Make the spool ready to be written and drop what a killed run left half written for it."""
        try:
            for folder in (self.root, self.incoming):
                make_folder(folder)
            # Without a place for packs all results look lost, and there would be nowhere to bring them back to.
            if self.packs.exists() and not self.packs.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "", str(self.packs))
            readers.make(self.root)
            self._clear_incoming()
        except OSError as error:
            raise self._unwritable(error) from error

    def drop_incoming(self) -> None:
        """Drop what was on its way when a run ended: documents that nobody reads any more, results that nobody takes over."""
        with suppress(OSError):
            self._clear_incoming()

    def _clear_incoming(self) -> None:
        for leftover in self.incoming.iterdir():
            if not leftover.is_dir():
                leftover.unlink()

    def clear_leftovers(self, *, whole: bool) -> None:
        """Drop what runs that were killed left in packs; see `leftovers`. For the one who may write."""
        if self.index is None:
            return
        try:
            clear(self.root, self.packs, self.index, whole=whole)
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, payload: bytes) -> str:
        """Keep a payload and return its digest. It is durable after the next `flush`."""
        draft = self.draft(payload)
        self.admit(draft)
        return draft.digest

    def draft(self, payload: bytes) -> Draft:
        """Pack a payload, to be admitted here."""
        entry = packed(payload)
        head = read_head(entry)
        assert head is not None
        return Draft(entry, head.digest, len(payload))

    def lay_aside(self, draft: Draft) -> Draft:
        """Return a draft that another process can be told of: one that is too large for that lies in a file. Raises StateError."""
        if isinstance(draft.entry, Path) or len(draft.entry) <= MOST_CARRIED:
            return draft
        path = self.incoming / f"{secrets.token_hex(8)}.entry"
        try:
            make_folder(self.incoming)
            write_entry(path, draft.entry)
        except OSError as error:
            raise self._unwritable(error) from error
        return replace(draft, entry=path)

    def admit(self, draft: Draft) -> ResultPlace:
        """Take over a draft and return where it lies. It is durable after the next `flush`.

        The digest is believed until the result is read. Raises StateError when the draft is none for this spool.
        """
        try:
            if isinstance(draft.entry, Path):
                return self._admit_file(draft, draft.entry)
            self._require_entry(draft, draft.entry, len(draft.entry))
            with self._lock:
                place = self._unrecorded.get(draft.digest) or self._roomy().append(draft.entry)
                self._unrecorded[draft.digest] = place
        except OSError as error:
            raise self._unwritable(error) from error
        return place

    def where(self, digest: str) -> ResultPlace | None:
        """Return where a result lies, to be read in another process; None where that does not know either."""
        self._require_digest(digest)
        place = self._unrecorded.get(digest)
        return self.index.find(digest) if place is None and self.index is not None else place

    def places(self, digests: Sequence[str]) -> list[ResultPlace | None]:
        """Return where each of some results lies, see `where`."""
        sound = [each for each in digests if _DIGEST.fullmatch(each)]
        found = {} if self.index is None else self.index.find_many(sound)
        return [self._unrecorded.get(each) or found.get(each) for each in digests]

    def read(self, digest: str, place: ResultPlace | None = None) -> bytes:
        """Return a payload. Raises ResultLost when it is missing, damaged or larger than the spool reads.

        `place` is where it lies, for who has no index.
        """
        place = place or self.where(digest)
        try:
            return self._payload(digest, place)
        except FileNotFoundError:
            raise self._lost(digest, "is missing") from None
        except OSError as error:
            raise self._lost(digest, f"cannot be read ({error})") from error
        except ValueError as error:
            raise self._lost(digest, f"is damaged: {error}") from error

    def flush(self) -> None:
        """Make everything written and admitted since the last flush durable.

        Once this failed it always fails: a second try would succeed without the lost bytes.
        """
        self._require_no_failure()
        with self._lock:
            writer = self._writer
        self._flush(writer)

    def recorded(self, results: Iterable[tuple[str, ResultPlace]]) -> None:
        """Learn which results the index knows by now."""
        with self._lock:
            for digest, place in results:
                if self._unrecorded.get(digest) == place:
                    del self._unrecorded[digest]
                self._writer.note_recorded(place)

    def record(self, placed: Sequence[tuple[str, ResultPlace]]) -> None:
        """Make durable what was admitted, then let the index know where it lies. Raises StateError."""
        assert self.index is not None
        self.flush()
        if placed:
            with self.index.write():
                self.index.put(placed)
            self.recorded(placed)

    def is_packed(self, digest: str) -> bool:
        """Say whether a result is recorded to lie in a pack, and lies there soundly."""
        place = self.where(digest)
        try:
            return place is not None and self.sound_entry(digest, place) is not None
        except OSError:
            return False

    def sound_entry(self, digest: str, place: ResultPlace) -> bytes | None:
        """Return a result as it lies in a pack, None where it is damaged. Raises OSError where it is gone or cannot be read."""
        try:
            entry = self._open.read(place, most_packed(self.limit))
            unpacked(entry, digest, self.limit)
        except ValueError:
            return None
        return entry

    def remove_old(self, digest: str) -> bool:
        """Remove a result of before, which lies in a pack by now; say whether it is gone. What stays keeps nobody from anything."""
        with suppress(OSError):
            self.old.remove(digest)
        return not self.old.has(digest)

    def has(self, digest: str) -> bool:
        """Say whether there is an entry of this name, sound or not."""
        place = self.where(digest)
        return (place is not None and is_there(self.packs, place.pack)) or self.old.has(digest)

    def is_empty(self) -> bool:
        """Say whether there is no result at all, whatever the index says."""
        return not packs_in(self.packs) and next(self.old.digests(), None) is None

    def lacks_packs(self) -> bool:
        """Say whether results are known to be lost without reading any: there are none at all, or a whole pack is gone."""
        return self.is_empty() or bool(self._gone())

    def forget_gone_packs(self) -> None:
        """Forget packs that are gone, once their results were brought back. For the one who may write."""
        gone = self._gone()
        if gone and self.index is not None:
            with self.index.write():
                for name in gone:
                    self.index.lose_pack(name)

    def _gone(self) -> list[str]:
        known = {} if self.index is None else self.index.packs()
        there = packs_in(self.packs) if known else {}
        return [name for name, pack in known.items() if name not in there and not pack.is_retired]

    def entries(self) -> Iterator[str]:
        """Yield the digests of all entries in order, whether they are sound or not."""
        indexed = () if self.index is None else self.index.digests()
        yield from sorted({*indexed, *self._unrecorded, *self.old.digests()})

    def count(self) -> int:
        """Return how many results there are; those of which an older entry is left are counted twice."""
        recorded = 0 if self.index is None else self.index.count()
        return recorded + len(self._unrecorded) + sum(1 for _ in self.old.digests())

    def size(self) -> int:
        """Return the bytes that all packs and entries take on disk."""
        return sum(packs_in(self.packs).values()) + self.old.size()

    def close(self) -> None:
        """Let go of files."""
        with self._lock:
            # Only who restores a backup ever misses it.
            with suppress(OSError):
                self._writer.mark()
            self._writer.close()
            self._writer = PackWriter(self.packs)
            self._open.forget()

    def _roomy(self) -> PackWriter:
        self._require_no_failure()
        if self._writer.end >= self._largest:
            full = self._writer
            self._flush(full)
            full.mark()
            full.close()
            self._writer = PackWriter(self.packs)
        return self._writer

    def _flush(self, writer: PackWriter) -> None:
        try:
            writer.flush()
        except OSError as error:
            self._failure = self._unwritable(error)
            raise self._failure from error

    def _admit_file(self, draft: Draft, path: Path) -> ResultPlace:
        if path.parent != self.incoming or path.is_symlink():
            raise self._no_draft(draft)
        with path.open("rb") as file:
            self._require_entry(draft, file.read(HEAD_SIZE), os.fstat(file.fileno()).st_size)
            file.seek(0)
            with self._lock:
                place = self._roomy().append_file(file)
                self._unrecorded[draft.digest] = place
        path.unlink()
        return place

    def _payload(self, digest: str, place: ResultPlace | None) -> bytes:
        if place is None:
            return self.old.read(digest, self.limit)
        try:
            return self._from_pack(digest, place)
        except (OSError, ValueError):
            if self.old.has(digest):
                return self.old.read(digest, self.limit)
            raise

    def _from_pack(self, digest: str, place: ResultPlace) -> bytes:
        return unpacked(self._open.read(place, most_packed(self.limit)), digest, self.limit)

    def _require_no_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _require_entry(self, draft: Draft, begin: bytes, size: int) -> None:
        head = read_head(begin)
        if head is None or head.digest != draft.digest or head.size != size:
            raise self._no_draft(draft)

    def _no_draft(self, draft: Draft) -> StateError:
        what = draft.entry if isinstance(draft.entry, Path) else f"what came as {draft.digest!r}"
        return StateError(
            f"{what} is not a result drafted for the spool {self.root}",
            hint="nothing was recorded; run `docbatch apply` again",
        )

    @staticmethod
    def _require_digest(digest: str) -> None:
        if not _DIGEST.fullmatch(digest):
            raise StateError(f"{digest!r} is not the digest of a result", hint="run `docbatch state check`")

    def _lost(self, digest: str, what: str) -> ResultLost:
        return ResultLost(
            f"the stored result {digest} {what}",
            hint="other documents are not affected; 'docbatch state check --repair', then 'docbatch apply', brings it back: "
            "free work is done again, and what a provider still has is fetched again at no charge",
        )

    def _unwritable(self, error: OSError) -> StateError:
        reason = (
            "the disk is full"
            if error.errno in {errno.ENOSPC, errno.EDQUOT}
            else os.strerror(error.errno or 0)
        )
        return StateError(
            f"the spool {self.root} cannot be written: {reason}",
            hint="what was recorded is safe; make room or restore access and run `docbatch apply` again: "
            "it collects the rest without sending anything twice",
        )
