"""Documents that are objects in a store."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from docbatch.core.errors import CredentialsError, DocbatchError, GuardRefused
from docbatch.naming.pathtext import escape, unescape
from docbatch.sources.base import Source
from docbatch.sources.content import ContentError, Measured, Vanished, empty
from docbatch.sources.documents import WINDOW, Entry, FoundDocuments, Observed, Seen, Unusable, in_order
from docbatch.sources.found_files import Window, size_of
from docbatch.sources.globs import Globs
from docbatch.sources.litter import Litter
from docbatch.sources.object_listing import ObjectListing, is_by_version, packed_status
from docbatch.sources.object_memory import ObjectMemory, RecordedObjects
from docbatch.sources.object_meter import NO_CARE, UNASKABLE, ObjectMeter, ReadingCare, unread
from docbatch.sources.object_place import ObjectPlace, recorded_place
from docbatch.sources.reading_ahead import ahead
from docbatch.sources.scan import observed
from docbatch.sources.statcache import KnownFiles, StatCache
from docbatch.stores.faults import BadKey, ObjectMissing, StoreFault, StoreRefused, StoreUnreachable
from docbatch.stores.listable_objects import listable
from docbatch.stores.object_reader import open_newest

if TYPE_CHECKING:
    from docbatch.stores.object_store import ObjectFacts, ObjectStore
    from docbatch.stores.object_tags import ObjectTags

_BESIDE = "or name the specs of the other jobs to go on without this one"


@dataclass(frozen=True, slots=True)
class ObjectRange:
    """Where objects lie: the store's name, the place that documents are called by, and what keys begin with: "", or with a final "/"."""

    store: str
    place: bytes
    prefix: str


class StoreSource(Source):
    """The objects in a range whose keys the patterns select. A fingerprint is an object's size with its version, else its ETag.

    `connect` gives the store once it is needed. Without one it is not looked at, and documents count as they are recorded.
    `care` is what is done beside while objects are listed and read; `tags` gives who asks for the tags of objects, where they are wanted.
    """

    is_far = True

    def __init__(
        self,
        where: ObjectRange,
        globs: Globs,
        connect: "Callable[[], ObjectStore] | None",
        recorded: RecordedObjects,
        care: ReadingCare = NO_CARE,
        *,
        tags: "Callable[[], ObjectTags] | None" = None,
    ) -> None:
        self.identity = recorded_place(where.place, tagged=tags is not None)
        self.globs = globs
        self._where = where
        self._connect = connect
        self._tags = tags
        self.recorded = recorded
        self._memory = ObjectMemory(where.place, recorded)
        self._listed: ObjectListing | None = None
        # Objects that were listed and not read.
        self._unread: set[bytes] = set()
        self._care = care

    def entries(self, only: Collection[bytes] | None = None) -> Iterator[Entry | Unusable]:
        if self._connect is None:
            return
        for window in self._found(only, Litter(self.globs.patterns[0])):
            found = [Entry(path, size_of(status), status.hex()) for path, status in window.files]
            yield from in_order(found, window.unusable)

    def open(self, path: bytes) -> BinaryIO:
        try:
            facts, _, stream = open_newest(self._place.store, self._place.key(path))
        except ObjectMissing as error:
            raise Vanished(unread(error)) from None
        except StoreFault as error:
            raise ContentError(unread(error)) from None
        except UnicodeDecodeError as error:
            raise Vanished(unread(ObjectMissing("keys of objects are UTF-8"))) from error
        if facts.size == 0:
            raise ContentError(empty())
        return stream

    def open_measured(self, path: bytes, digest: str) -> BinaryIO:
        kept = None if self._care.kept is None else self._care.kept.open(digest)
        return self.open(path) if kept is None else kept

    def is_there(self, path: bytes) -> bool:
        if self._connect is None:
            return False
        with self._answering():
            return self._is_there(self._where.prefix + path.decode(errors="replace"))

    def find(self, cache: StatCache, only: Collection[bytes] | None = None) -> FoundDocuments:
        if self._connect is None:
            return FoundDocuments(self._as_recorded(only), recorded_only=True)
        litter = Litter(self.globs.patterns[0])
        # The cache is read along with a whole listing.
        kept = cache if only is None else StatCache(None)
        self._memory.attach(kept.file)
        known = kept.known(self.identity, self.globs, self._memory.metadata_learned)
        return FoundDocuments(self._observed(only, litter, known), litter=litter)

    def confirm(self, path: bytes) -> Measured:
        """Return what was measured by this process, if it was; its memory is not damaged."""
        return self._memory.measured(path) or self.measure(path)

    def metadata(self, path: bytes) -> Mapping[str, str]:
        """Return the object's user metadata, which come with its bytes and with what is recorded of it."""
        if path in self._unread:
            self._describe(path)
        return self._memory.metadata(path)

    def is_untold(self, path: bytes) -> bool:
        return path in self._unread

    def modified(self, path: bytes) -> float | None:
        """Return what the listing says that is under way, or else the store."""
        if self._connect is None:
            return None
        moment = None if self._listed is None else self._listed.modified(path)
        if moment is not None:
            return moment
        with self._answering():
            return self._modified(path)

    @property
    def shown(self) -> str:
        include, exclude, hidden = self.globs.patterns
        without = f", without {', '.join(map(repr, exclude))}" if exclude else ""
        dots = "" if hidden else "; names that begin with a dot are not looked at"
        return f"{', '.join(map(repr, include))} below {escape(self._where.place)}{without}{dots}"

    def place(self, path: bytes) -> bytes:
        return self._where.place + b"/" + path

    @property
    def unseen_because(self) -> str:
        return "" if self._connect is not None else f"store '{self._where.store}' is not looked at"

    def named(self, document: str) -> Iterator[bytes]:
        """Yield the path of an object that is named by its place, by its key, or by its path."""
        text = unescape(document)
        starts = (self._where.place + b"/", self._where.prefix.encode())
        behind = [text[len(start) :] for start in starts if start and text.startswith(start)]
        yield from behind
        if b"://" not in text:
            # A key is what it is, with "//" in it, too.
            yield from () if behind else (text,)
            yield from super().named(document)

    @cached_property
    def _place(self) -> ObjectPlace:
        assert self._connect is not None, "nothing is asked of a store that is not looked at"
        tags = None if self._tags is None else self._tags()
        return ObjectPlace(self._connect(), self._where.prefix, tags)

    def _observed(self, only: Collection[bytes] | None, litter: Litter, known: KnownFiles) -> Iterator[Seen]:
        with self._answering():
            for seen in observed(self._found(only, litter), known, self._meter()):
                self._unread.update(each.path for each in seen.unusable)
                yield seen

    def _meter(self) -> ObjectMeter:
        return ObjectMeter(self._place, self.recorded.known, self._memory, self._care)

    def _describe(self, path: bytes) -> None:
        """Ask for the metadata of an object that was not read. Where there is no answer they stay unknown."""
        with suppress(StoreFault, UnicodeDecodeError):
            key = self._place.key(path)
            self._memory.describe(path, self._place.store.described(key), self._place.tags_of(key))
            self._unread.discard(path)

    def _found(self, only: Collection[bytes] | None, litter: Litter) -> Iterator[Window]:
        """Yield what is there. Raises GuardRefused, CredentialsError: it is never taken for nothing."""
        if only is not None:
            with self._answering():
                yield self._looked_up(only)
            return
        with self._answering():
            listing = self._listing(litter)
            self._listed = listing
            listed = listable(self._place.store, self._where.prefix)
            silent = partial(self._care.silent, self._where.store)
            yield from listing.windows(ahead(listed, self._care.watch, silent))

    def _listing(self, litter: Litter) -> ObjectListing:
        return ObjectListing(self._where.store, self._where.prefix, self.globs, litter, self._is_there)

    def _modified(self, path: bytes) -> float | None:
        try:
            facts = self._place.store.facts(self._place.key(path))
        except (BadKey, UnicodeDecodeError):
            return None
        return None if facts is None else facts.modified

    def _looked_up(self, only: Collection[bytes]) -> Window:
        window = Window()
        wanted = sorted(only)
        recorded = self.recorded.known(wanted)
        missed = False
        for path in wanted:
            try:
                facts = self._place.store.facts(self._place.key(path)) if self.globs(path) else None
            except BadKey:
                window.unusable.append(Unusable(path, UNASKABLE))
                continue
            except UnicodeDecodeError:
                continue
            missed = missed or facts is None
            if facts is not None and facts.size:
                by_version = path in recorded and is_by_version(recorded[path][0])
                window.add(b"", [path], self._status(facts, by_version=by_version))
            elif facts is not None:
                window.unusable.append(Unusable(path, empty()))
        if missed:
            # Of a bucket that is gone, the answer is the same as of an object that is.
            self._place.is_answering()
        return window

    def _status(self, facts: "ObjectFacts", *, by_version: bool) -> bytes:
        """Return an object's status as listings have it, which tell versions or do not."""
        return packed_status(facts.size, facts.etag, facts.version if by_version else None, facts.modified)

    def _is_there(self, key: str) -> bool:
        try:
            return self._place.store.facts(key) is not None
        except BadKey:
            return False

    def _as_recorded(self, only: Collection[bytes] | None) -> Iterator[Seen]:
        rows = (
            each
            for each in self.recorded.documents()
            if self.globs(each.path) and (only is None or each.path in only)
        )
        while window := list(islice(rows, WINDOW)):
            yield Seen(
                [each for each in window if isinstance(each, Observed)],
                [each for each in window if isinstance(each, Unusable)],
            )

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except StoreFault as error:
            raise self._refused(error) from None

    def _refused(self, error: StoreFault) -> DocbatchError:
        told = f"{error}: {escape(self._where.place)} cannot be listed and read"
        match error:
            case StoreRefused():
                return CredentialsError(
                    told,
                    hint="nothing was changed; check the store's credentials, what they allow, and this machine's clock,"
                    f" then run the same command again, {_BESIDE}",
                )
            case StoreUnreachable():
                hint = f"nothing was changed; run the same command again once the store answers, {_BESIDE}"
            case _:
                hint = f"nothing was changed; correct bucket, endpoint or region under stores: in docbatch.yaml, {_BESIDE}"
        return GuardRefused(told, hint=hint)
