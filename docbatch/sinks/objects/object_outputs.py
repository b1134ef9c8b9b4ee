"""Putting one output in its place in a store, and what stood there into the trash.

<folder above>/.docbatch-trash/<token>/<key below it>      what stood in an output's place and was not ours to lose

The token comes of the key and the ETag, so that what a killed run put there it finds there again.
"""

import hashlib
from contextlib import suppress
from functools import cached_property

from docbatch.core.errors import SinkError, SinkRefused
from docbatch.naming.pathtext import escape
from docbatch.naming.store_places import LONGEST_KEY, TRASH
from docbatch.sinks.faults import SAFE
from docbatch.sinks.kind import Bucket
from docbatch.sinks.objects.drafts import pieces
from docbatch.sinks.paths import UnsafeOutput
from docbatch.stores.faults import (
    BadKey,
    BucketMissing,
    ObjectChanged,
    ObjectMissing,
    StoreFault,
    StoreRefused,
)
from docbatch.stores.object_reader import open_object
from docbatch.stores.object_store import ObjectFacts, ObjectStore

MOST_BYTES = 4 << 30
"""What one output may have: it is written with one request, since an upload in parts can bear no condition."""
_TRIES = 4


class ContestedOutput(StoreFault):
    """Somebody else writes to the same place at this moment, again and again."""


class ObjectOutputs:
    """The outputs below one folder of keys. Its methods raise StoreFault, and UnsafeOutput for what cannot be a key."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._has_bucket = False

    @property
    def bucket(self) -> Bucket:
        return self._bucket

    @cached_property
    def store(self) -> ObjectStore:
        """The store. Raises SinkError where it cannot be reached from here."""
        return self._bucket.open()

    @property
    def folder(self) -> str:
        return self._bucket.folder

    @property
    def place(self) -> str:
        """The folder as messages name it."""
        return f"{self.store.settings.identity}/{self.folder}".rstrip("/")

    def key(self, output: bytes) -> str:
        try:
            name = output.decode()
        except UnicodeDecodeError:
            raise UnsafeOutput(f"the path {escape(output)} is no text, and cannot be a key") from None
        if not name or any(part in {"", ".", ".."} for part in name.split("/")):
            raise UnsafeOutput(f"the path {escape(output)} cannot be a key")
        key = f"{self.folder}/{name}".removeprefix("/")
        if (length := len(key.encode())) > LONGEST_KEY:
            raise UnsafeOutput(f"the key has {length:,} bytes, and none may have more than {LONGEST_KEY:,}")
        return key

    def stamp(self, output: bytes) -> str | None:
        """Return the ETag of an output, None where there is none."""
        found = self.found(self.key(output))
        return None if found is None else etag_of(found, self.store)

    def found(self, key: str) -> ObjectFacts | None:
        """Return what stands at a key. Raises BucketMissing where there is nothing for want of a bucket.

        An answer about one object does not say so, a list does; it is asked for once.
        """
        there = self.store.facts(key)
        if there is None and not self._has_bucket:
            with suppress(BadKey):
                next(self.store.windows(key), None)
            self._has_bucket = True
        return there

    def publish(self, output: bytes, content: bytes | memoryview, expected: str | None) -> str:
        """Write an output and return its ETag.

        What is found in its place goes to the trash unless it bears the expected ETag or has the same bytes: a run that
        was killed before it could record the ETag, or whose answer was lost, left our own output there.
        """
        key, replaces = self.key(output), expected
        if len(content) > MOST_BYTES:
            raise UnsafeOutput(
                f"it has {len(content):,} bytes, and no more than {MOST_BYTES:,} are written to a store"
            )
        for _ in range(_TRIES):
            try:
                return self.store.write(key, content, replaces=replaces)
            except ObjectChanged:
                found = self.store.facts(key)
            if found is None:
                replaces = None
                continue
            try:
                if found.size == len(content) and is_same(self.store, found, content):
                    return etag_of(found, self.store)
                self.keep(found)
            except (ObjectChanged, ObjectMissing):
                continue
            replaces = etag_of(found, self.store)
        raise ContestedOutput("somebody else writes to the same place at this moment")

    def remove(self, output: bytes) -> str | None:
        """Move an output to the trash, and return where it lies there; None where there was none."""
        found = self.store.facts(self.key(output))
        if found is None:
            return None
        kept = self.keep(found)
        self.store.delete(found.key)
        return kept

    def keep(self, found: ObjectFacts) -> str:
        """Copy an object into the trash and return its key there."""
        kept = self.trash_key(found)
        self.store.copy(found.key, kept)
        return kept

    def trash_key(self, found: ObjectFacts) -> str:
        """Return the key that an object has in the trash: the same each time, and another for other bytes."""
        above = self._above
        below = found.key.removeprefix(f"{above}/") if above else found.key
        mark = f"{found.key}\n{found.etag}".encode()
        token = hashlib.blake2b(mark, digest_size=6).hexdigest()
        folder = f"{self.trash}/{token}"
        kept = f"{folder}/{below}"
        if len(kept.encode()) > LONGEST_KEY:
            rest = LONGEST_KEY - len(folder.encode()) - 1
            kept = f"{folder}/{below.encode()[-rest:].decode(errors='ignore').lstrip('/')}"
        return kept

    @property
    def trash(self) -> str:
        """The folder of keys that the trash is."""
        return f"{self._above}/{TRASH}".removeprefix("/")

    def was(self, kept: str, output: bytes | None) -> bool:
        """Say whether what lies in the trash was an output, or, given None, one of this folder: others beside it have the same trash."""
        _, _, below = kept.removeprefix(f"{self.trash}/").partition("/")
        above = f"{self._above}/" if self._above else ""
        if output is None:
            return below.startswith(f"{self.folder.removeprefix(above)}/")
        return below == self.key(output).removeprefix(above)

    @property
    def _above(self) -> str:
        return self.folder.rpartition("/")[0]


def store_error(place: str, error: StoreFault) -> SinkError:
    """Return the error that stops a sink, naming what is safe to do next."""
    told = f"{place} cannot be used: {error}"
    if isinstance(error, StoreRefused):
        what = "let its credentials list, read and write there, and see that this machine's clock is right"
        return SinkRefused(told, hint=f"{SAFE}; {what}, then run the same command again")
    what = "once the store answers,"
    if isinstance(error, BadKey):
        what = "remove the object that has this key, or give it another, and"
    elif isinstance(error, BucketMissing):
        what = "create the bucket, or correct bucket, endpoint or region in docbatch.yaml, and"
    return SinkError(told, hint=f"{SAFE}; {what} run the same command again")


def etag_of(found: ObjectFacts, store: ObjectStore) -> str:
    if found.etag is None:
        raise StoreFault(f"store '{store.settings.name}': does not tell the ETag of an object")
    return found.etag


def is_same(store: ObjectStore, found: ObjectFacts, content: bytes | memoryview) -> bool:
    """Say whether an object of the same size has the same bytes. Raises StoreFault."""
    at = 0
    with open_object(store, found) as stream, memoryview(content) as ours:
        for piece in pieces(stream):
            if piece != ours[at : at + len(piece)]:
                return False
            at += len(piece)
    return at == len(content)
