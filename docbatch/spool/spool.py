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
import secrets
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.core.errors import StateError
from docbatch.core.models import Draft, ResultPlace
from docbatch.owner_only import make_folder
from docbatch.packed import HEAD_SIZE, LIMIT, MOST_CARRIED, packed, read_head, write_entry
from docbatch.spool import readers
from docbatch.spool.index import ResultIndex
from docbatch.spool.pack import PackWriter
from docbatch.spool.readable_spool import LARGEST_STORED, ReadableSpool

if TYPE_CHECKING:
    from docbatch.spool.pack_store import PackStore

LARGEST_PACK = 1 << 30
"""Bytes after which a pack is closed and another begun."""


class Spool(ReadableSpool):
    """Results by digest. Safe to use from several threads; written only by the holder of the state's lock."""

    def __init__(
        self,
        root: Path,
        index: ResultIndex | None = None,
        *,
        packs: "PackStore | None" = None,
        limit: int = LIMIT,
        largest: int | None = None,
    ) -> None:
        super().__init__(root, index, packs=packs, limit=limit)
        self.incoming = root / "incoming"
        self._largest = largest or (LARGEST_PACK if self.transfer is None else LARGEST_STORED)
        self._writer = PackWriter(self.packs)
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
        from docbatch.spool.leftovers import clear  # noqa: PLC0415 - a plan puts nothing in order

        try:
            clear(self.root, self.packs, self.index, whole=whole, stored=self.transfer is not None)
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

    def flush(self) -> None:
        """Make everything written and admitted since the last flush durable.

        Once this failed it always fails: a second try would succeed without the lost bytes.
        """
        self._require_no_failure()
        with self._lock:
            writer = self._writer
        self._flush(writer)

    def store(self, least: int = 1) -> bool:
        """Have what was admitted outlast this machine as well; say whether that is to be known to others now.

        Where packs lie in a store, all that was written is put there, once it comes to `least` bytes, and another pack begins.
        Raises StateError, CredentialsError: then nothing of it counts as collected.
        """
        self.flush()
        if self.transfer is None:
            return True
        with self._lock:
            if self._writer.end >= least:
                self._begin_another()
        try:
            return self.transfer.put()
        except OSError as error:
            raise self._unwritable(error) from error

    def forget_gone_stored(self) -> list[str]:
        """Have the index know which packs turned out to be gone from a store, and return what is said of each; once."""
        return [] if self.transfer is None else self.transfer.forget_gone()

    def store_left(self) -> bool:
        """Put all that lies here and in no store, as `store` does; say whether there was anything."""
        if self.transfer is None:
            return False
        stored = self.store()
        try:
            return self.transfer.put_left() or stored
        except OSError as error:
            raise self._unwritable(error) from error

    def recorded(self, results: Iterable[tuple[str, ResultPlace]]) -> None:
        """Learn which results the index knows by now."""
        with self._lock:
            for digest, place in results:
                if self._unrecorded.get(digest) == place:
                    del self._unrecorded[digest]
                # Marks tell of states that went back, which one in a store does not.
                if self.transfer is None:
                    self._writer.note_recorded(place)

    def record(self, placed: Sequence[tuple[str, ResultPlace]]) -> None:
        """Make durable what was admitted, as `store` does, then let the index know where it lies. Raises StateError."""
        assert self.index is not None
        self.store()
        if placed:
            with self.index.write():
                self.index.put(placed)
            self.recorded(placed)

    def remove_old(self, digest: str) -> bool:
        """Remove a result of before, which lies in a pack by now; say whether it is gone. What stays keeps nobody from anything."""
        with suppress(OSError):
            self.old.remove(digest)
        return not self.old.has(digest)

    def forget_gone_packs(self) -> None:
        """Forget packs that are gone, once their results were brought back. For the one who may write."""
        gone = self._gone()
        if gone and self.index is not None:
            with self.index.write():
                for name in gone:
                    self.index.lose_pack(name)

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
            self._begin_another()
        return self._writer

    def _begin_another(self) -> None:
        full = self._writer
        self._flush(full)
        full.mark()
        full.close()
        self._writer = PackWriter(self.packs)
        if self.transfer is not None:
            self.transfer.complete(full.name)

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

    def _require_no_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _require_entry(self, draft: Draft, begin: bytes, size: int) -> None:
        head = read_head(begin)
        if head is None or head.digest != draft.digest or head.size != size:
            raise self._no_draft(draft)

    def _no_draft(self, draft: Draft) -> StateError:
        what = draft.entry if isinstance(draft.entry, Path) else f"what came as {draft.digest!r}"
        from docbatch.spool import faults  # noqa: PLC0415 - no process of ours hands over anything else

        return faults.no_draft(str(what), self.root)
