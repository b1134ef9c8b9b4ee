"""A spool as it is read: where results lie, and what of them can be had."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.core.errors import AlteredState, ResultLost, StateError
from docbatch.core.models import ResultPlace, StoredPack
from docbatch.packed import LIMIT, most_packed, unpacked
from docbatch.spool.index import ResultIndex
from docbatch.spool.old_entries import OldEntries
from docbatch.spool.pack import OpenPacks, is_there, packs_in

if TYPE_CHECKING:
    from docbatch.spool.pack_store import PackStore
    from docbatch.spool.pack_transfer import PackTransfer

LARGEST_STORED = 24 << 20
"""Bytes after which a pack that is to be put into a store is closed: few results are brought here beside one that is wanted."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class ReadableSpool:
    """What can be read of a spool. Safe to use from several threads.

    Without an index it knows what it was given itself, and the results of before. `packs` is a store in which packs lie as
    well: then those that are not here are fetched when something in them is read.
    """

    def __init__(
        self,
        root: Path,
        index: ResultIndex | None = None,
        *,
        packs: "PackStore | None" = None,
        limit: int = LIMIT,
    ) -> None:
        self.root = root
        self.packs = root / "packs"
        self.old = OldEntries(root)
        self.index = index
        self.limit = limit
        self.transfer = None if packs is None or index is None else _transfer(self.packs, packs, index)
        self._open = OpenPacks(self.packs)
        self._unrecorded: dict[str, ResultPlace] = {}

    @property
    def at_once(self) -> int:
        """Bytes that are worth recording at once: each time takes a pack of its own where packs lie in a store."""
        return 0 if self.transfer is None else LARGEST_STORED

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

        Raises StateError, CredentialsError where it lies in a store that cannot be asked. `place` is where it lies, for who has no index.
        """
        place = place or self.where(digest)
        try:
            return self._payload(digest, place)
        except FileNotFoundError:
            raise _lost(digest, "is missing") from None
        except AlteredState as error:
            raise _lost(digest, f"is missing with its pack: {error.message}") from error
        except OSError as error:
            raise _lost(digest, f"cannot be read ({error})") from error
        except ValueError as error:
            raise _lost(digest, f"is damaged: {error}") from error

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
            return self._sound(digest, place)[0]
        except AlteredState as error:
            raise OSError(error.message) from error
        except ValueError:
            return None

    def has(self, digest: str) -> bool:
        """Say whether there is an entry of this name, sound or not."""
        place = self.where(digest)
        return (place is not None and self._has_pack(place.pack)) or self.old.has(digest)

    def is_here(self, digest: str) -> bool:
        """Say whether there is an entry of this name on this machine."""
        place = self.where(digest)
        return (place is not None and is_there(self.packs, place.pack)) or self.old.has(digest)

    def is_empty(self) -> bool:
        """Say whether there is no result at all, whatever the index says of this machine."""
        return not (packs_in(self.packs) or self._stored()) and next(self.old.digests(), None) is None

    def lacks_packs(self) -> bool:
        """Say whether results are known to be lost without reading any: there are none at all, or a whole pack is gone."""
        return self.is_empty() or bool(self._gone())

    def sizes(self) -> dict[str, int]:
        """Return the packs that can be read, with the bytes of each, here or in a store."""
        return {name: each.size for name, each in self._stored().items()} | packs_in(self.packs)

    def entries(self) -> Iterator[str]:
        """Yield the digests of all entries in order, whether they are sound or not."""
        indexed = () if self.index is None else self.index.digests()
        yield from sorted({*indexed, *self._unrecorded, *self.old.digests()})

    def count(self) -> int:
        """Return how many results there are; those of which an older entry is left are counted twice."""
        recorded = 0 if self.index is None else self.index.count()
        return recorded + len(self._unrecorded) + sum(1 for _ in self.old.digests())

    def size(self) -> int:
        """Return the bytes that all packs and entries take, on disk or in a store."""
        return sum(self.sizes().values()) + self.old.size()

    def bring(self, places: Iterable[ResultPlace | None]) -> None:
        """Have packs lie here for who reads without this. Raises StateError, CredentialsError where a store cannot be asked."""
        if self.transfer is None:
            return
        try:
            self.transfer.bring_all(each.pack for each in places if each is not None)
        except OSError as error:
            raise self._unwritable(error) from error

    def bring_all(self) -> None:
        """Have all packs lie here that can be had, as `bring` does."""
        if self.transfer is not None:
            self.bring(ResultPlace(name, 0, 0) for name in self.transfer.stored())

    def _gone(self) -> list[str]:
        known = {} if self.index is None else self.index.packs()
        there = {*packs_in(self.packs), *self._stored()} if known else set()
        return [name for name, pack in known.items() if name not in there and not pack.is_retired]

    def _stored(self) -> Mapping[str, StoredPack]:
        return {} if self.transfer is None else self.transfer.stored()

    def _has_pack(self, name: str) -> bool:
        return is_there(self.packs, name) or (self.transfer is not None and self.transfer.has(name))

    def _payload(self, digest: str, place: ResultPlace | None) -> bytes:
        if place is None:
            return self.old.read(digest, self.limit)
        try:
            return self._sound(digest, place)[1]
        except (OSError, ValueError, AlteredState):
            if self.old.has(digest):
                return self.old.read(digest, self.limit)
            raise

    def _sound(self, digest: str, place: ResultPlace) -> tuple[bytes, bytes]:
        """Return an entry and its payload, of a pack that is fetched where it does not lie here soundly."""
        try:
            return self._from_pack(digest, place)
        except (OSError, ValueError):
            if self.transfer is None or not self.transfer.bring(place.pack):
                raise
        self._open.forget(place.pack)
        return self._from_pack(digest, place)

    def _from_pack(self, digest: str, place: ResultPlace) -> tuple[bytes, bytes]:
        entry = self._open.read(place, most_packed(self.limit))
        return entry, unpacked(entry, digest, self.limit)

    def _unwritable(self, error: OSError) -> StateError:
        from docbatch.spool import faults  # noqa: PLC0415 - most runs find nothing wrong

        return faults.unwritable(self.root, error)

    @staticmethod
    def _require_digest(digest: str) -> None:
        if not _DIGEST.fullmatch(digest):
            raise StateError(f"{digest!r} is not the digest of a result", hint="run `docbatch state check`")


def _transfer(folder: Path, packs: "PackStore", index: ResultIndex) -> "PackTransfer":
    from docbatch.spool.pack_transfer import PackTransfer  # noqa: PLC0415 - on one disk, packs are brought nowhere

    return PackTransfer(folder, packs, index)


def _lost(digest: str, what: str) -> ResultLost:
    from docbatch.spool import faults  # noqa: PLC0415 - most runs find nothing wrong

    return faults.lost(digest, what)
