"""Documents that are versions of objects, which a provider fetches itself: no byte of them passes through here."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from docbatch.core.errors import GuardRefused
from docbatch.core.models import REFERENCE_TYPES, Failure, FailureClass, Input
from docbatch.naming.pathtext import escape
from docbatch.naming.references import ObjectReference
from docbatch.sources.content import ContentError, Measured, Vanished, empty
from docbatch.sources.documents import Seen, Unusable
from docbatch.sources.found_files import Window
from docbatch.sources.globs import Globs
from docbatch.sources.known_stretch import KnownFile
from docbatch.sources.litter import Litter
from docbatch.sources.object_listing import ObjectListing, dated_status
from docbatch.sources.object_memory import RecordedObjects
from docbatch.sources.object_meter import (
    NO_CARE,
    Known,
    Learner,
    ObjectMeter,
    Outcome,
    ReadingCare,
    unread,
)
from docbatch.sources.object_place import ObjectPlace, recorded_place
from docbatch.sources.objects import ObjectRange, StoreSource
from docbatch.sources.statcache import KnownFiles
from docbatch.stores.faults import ObjectMissing, StoreFault

if TYPE_CHECKING:
    from docbatch.stores.object_store import ObjectFacts, ObjectStore
    from docbatch.stores.object_tags import ObjectTags

NO_VERSION = "no_version"
_NULL = "null"
"""The version of what was written while versions were not kept: another object may take it."""


class LinkedObjects(StoreSource):
    """The objects in a range, each as a reference to the version that is there. `store` is what references call it.

    Their places begin otherwise than those of the same objects that are handed over as bytes, and so does what is kept of
    them: neither is taken for the other. Equal bytes that are written again are another version, and with that another document.
    """

    def __init__(
        self,
        where: ObjectRange,
        globs: Globs,
        connect: "Callable[[], ObjectStore] | None",
        recorded: RecordedObjects,
        care: ReadingCare = NO_CARE,
        *,
        store: str,
        tags: "Callable[[], ObjectTags] | None" = None,
    ) -> None:
        super().__init__(where, globs, connect, recorded, care, tags=tags)
        self.identity = recorded_place(where.place, linked=True, tagged=tags is not None)
        self._named = store
        self._counted = 0

    def open(self, path: bytes) -> BinaryIO:
        reference, _ = self._now(path)
        return BytesIO(reference.encode())

    def measure(self, path: bytes) -> Measured:
        return measured(*self._now(path))

    def _now(self, path: bytes) -> "tuple[ObjectReference, ObjectFacts]":
        try:
            key = self._place.key(path)
            facts = self._place.store.facts(key)
        except StoreFault as error:
            raise ContentError(unread(error)) from None
        except UnicodeDecodeError:
            facts = None
        if facts is None:
            raise Vanished(unread(ObjectMissing("there is no such object any more")))
        if facts.size == 0:
            raise ContentError(empty())
        return reference_to(self._named, facts), facts

    def _observed(self, only: Collection[bytes] | None, litter: Litter, known: KnownFiles) -> Iterator[Seen]:
        self._counted = unversioned = 0
        for seen in super()._observed(only, litter, known):
            unversioned += sum(each.failure.code == NO_VERSION for each in seen.unusable)
            yield seen
        if only is None and unversioned and unversioned == self._counted:
            raise GuardRefused(
                f"store '{self._where.store}' keeps no versions of {escape(self._where.place)}, and hand_over: link"
                " hands over versions alone: what is sent would not be what was planned",
                hint="nothing was changed; switch the bucket's versioning on and upload the documents again,"
                " or write hand_over: bytes",
            )

    def _found(self, only: Collection[bytes] | None, litter: Litter) -> Iterator[Window]:
        for window in super()._found(only, litter):
            self._counted += window.count
            yield window

    def _meter(self) -> "LinkMeter":
        return LinkMeter(self._place, self.recorded.known, self._memory, self._care, store=self._named)

    def _listing(self, litter: Litter) -> ObjectListing:
        where = self._where
        return ObjectListing(where.store, where.prefix, self.globs, litter, self._is_there, dated=True)

    def _status(self, facts: "ObjectFacts", *, by_version: bool) -> bytes:  # noqa: ARG002 - no listing tells versions
        return _status(facts)


class LinkMeter(ObjectMeter):
    """Asks for objects' versions, and reads none."""

    def __init__(
        self, place: ObjectPlace, known: Known, learner: Learner, care: ReadingCare, *, store: str
    ) -> None:
        super().__init__(place, known, learner, care)
        self._named = store

    def _read(self, path: bytes, status: bytes) -> Outcome:  # noqa: ARG002 - what is there now counts
        try:
            key = self._place.key(path)
            facts, said = self._place.store.told(key)
            tags = self._place.tags_of(key)
        except ObjectMissing:
            return self._missing(path)
        except StoreFault as error:
            self._place.is_answering()
            return Unusable(path, unread(error))
        if facts.size == 0:
            return Unusable(path, empty())
        try:
            now = measured(reference_to(self._named, facts), facts)
        except ContentError as error:
            return Unusable(path, error.failure)
        self._learner.read(path, now, said, tags)
        return KnownFile(path, _status(facts), now.digest, now.media_type)


def reference_to(store: str, facts: "ObjectFacts") -> ObjectReference:
    """Raises ContentError for what is no version."""
    if facts.version is None or facts.version == _NULL:
        raise ContentError(
            Failure(
                FailureClass.UNSUPPORTED,
                "has no version id, which hand_over: link needs; upload it again with the bucket's versioning on,"
                " or write hand_over: bytes",
                code=NO_VERSION,
            )
        )
    return ObjectReference(store, facts.key, facts.version)


def measured(reference: ObjectReference, facts: "ObjectFacts") -> Measured:
    """Return what a version is: its digest is that of the reference, its size that of the object."""
    digest = hashlib.sha256(reference.encode()).hexdigest()
    return Measured(digest, REFERENCE_TYPES[Input.OBJECT], facts.size)


def _status(facts: "ObjectFacts") -> bytes:
    return dated_status(facts.size, facts.etag, facts.modified)
