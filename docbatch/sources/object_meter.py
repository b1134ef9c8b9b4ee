"""Measuring objects: what an earlier run recorded of them, or else what their bytes are, several at a time."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from docbatch.core.errors import DocbatchError
from docbatch.core.models import Failure, FailureClass
from docbatch.processes.daemon_pool import DaemonPool
from docbatch.sources.content import ATTEMPTS, ContentError, Measured, empty, measure_stream
from docbatch.sources.documents import Unusable
from docbatch.sources.found_files import size_of
from docbatch.sources.kept_content import KeptContent
from docbatch.sources.known_stretch import KnownFile
from docbatch.sources.object_listing import is_by_version, packed_status
from docbatch.sources.object_metadata import NO_TAGS
from docbatch.sources.object_place import ObjectPlace
from docbatch.stores.faults import ObjectMissing, StoreFault
from docbatch.stores.object_reader import BLOCK, open_newest

if TYPE_CHECKING:
    from docbatch.stores.object_store import ObjectFacts

AT_ONCE = 8
_GLANCE = 0.2
_LONGEST = 86_400.0
"""Seconds: as long as one request may take, see stores/client_settings.py."""
_LARGE_AT_ONCE = 2
"""What is larger than a block is read ahead, so that several blocks of each lie in memory."""
Known = Callable[[Sequence[bytes]], Mapping[bytes, tuple[bytes, str, str]]]
"""Tells of paths, which are in order, what is recorded: packed status, digest and media type."""
Outcome = KnownFile | Unusable | None


class Learner(Protocol):
    """Is told what comes out, before the outcome is yielded."""

    def read(
        self, path: bytes, now: Measured, said: Mapping[str, str], tags: Mapping[str, str] = NO_TAGS
    ) -> None:
        """An object was read, of which its writer said this, and which has these tags."""

    def meet(self, alike: Sequence[bytes], replaced: Sequence[bytes]) -> None:
        """Objects, in order, are as they are recorded, or lie where others are recorded and are to be read."""


class Watch(Protocol):
    """Called as it goes on, with how many objects were read since; what it raises ends it."""

    def __call__(self, objects: int = 0) -> object: ...


@dataclass(frozen=True, slots=True)
class ReadingCare:
    """What is done beside while objects are listed and read: who watches, and where small ones are kept that were read.

    `silent` hears the name of a store that gives no list, and for how many seconds.
    """

    watch: Watch = lambda objects=0: None  # noqa: ARG005 - nobody watches
    kept: KeptContent | None = None
    silent: Callable[[str, float], object] = lambda _store, _seconds: None


NO_CARE = ReadingCare()


class ObjectMeter:
    """Measures objects in order. `known` is what is recorded."""

    def __init__(
        self, place: ObjectPlace, known: Known, learner: Learner, care: ReadingCare = NO_CARE
    ) -> None:
        self._place = place
        self._known = known
        self._learner = learner
        self._care = care
        self._pool: DaemonPool | None = None
        self._is_given_up = False
        self._large = threading.Semaphore(_LARGE_AT_ONCE)

    def measure(self, files: Sequence[tuple[bytes, bytes]]) -> Iterator[Outcome]:
        """Yield one outcome for each object, given by path and packed status; None for one that is gone."""
        recorded = self._known([path for path, _ in files]) if files else {}
        if recorded:
            met = [(path, recorded[path][0] == status) for path, status in files if path in recorded]
            self._learner.meet([path for path, same in met if same], [path for path, same in met if not same])
        coming = (self._begun(path, status, recorded.get(path)) for path, status in files)
        begun: deque[KnownFile | Future[Outcome]] = deque(islice(coming, 2 * AT_ONCE))
        while begun:
            each = begun.popleft()
            yield self._awaited(each) if isinstance(each, Future) else each
            begun.extend(islice(coming, 1))

    def _awaited(self, asked: "Future[Outcome]") -> Outcome:
        self._watch()
        while wait([asked], _GLANCE).not_done:
            self._watch()
        self._watch(1)
        return asked.result()

    def _watch(self, objects: int = 0) -> None:
        try:
            self._care.watch(objects)
        except DocbatchError:
            self._is_given_up = True
            raise

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            # What whoever watches has no time for may not answer for long.
            self._pool.join(0 if self._is_given_up else _LONGEST)

    def _begun(
        self, path: bytes, status: bytes, recorded: tuple[bytes, str, str] | None
    ) -> "KnownFile | Future[Outcome]":
        if recorded is not None and recorded[0] == status:
            return KnownFile(path, *recorded)
        if self._pool is None:
            self._pool = DaemonPool(AT_ONCE, "docbatch-objects")
        return self._pool.submit(self._read, path, status)

    def _read(self, path: bytes, status: bytes) -> Outcome:
        """Measure what an earlier run did not record."""
        if size_of(status) > BLOCK:
            with self._large:
                return self._measured(path, status)
        return self._measured(path, status)

    def _measured(self, path: bytes, status: bytes) -> Outcome:
        failure = None
        for _ in range(ATTEMPTS):
            try:
                key = self._place.key(path)
                facts, said, stream = open_newest(self._place.store, key)
                with stream:
                    tags = self._place.tags_of(key)
                    now = measure_stream(stream, path.rpartition(b"/")[2])
                    if self._care.kept is not None and isinstance(stream, BytesIO):
                        self._care.kept.keep(now.digest, stream.getvalue())
            except ObjectMissing:
                return self._missing(path)
            except StoreFault as error:
                # Where the store gives nothing to anybody, that is no fault of the object.
                self._place.is_answering()
                return Unusable(path, unread(error))
            except ContentError as error:
                # It may have become another while it was read.
                failure = error.failure
                if failure.kind is FailureClass.EMPTY:
                    return Unusable(path, empty())
            else:
                self._learner.read(path, now, said, tags)
                return KnownFile(path, _status_now(facts, status), now.digest, now.media_type)
        assert failure is not None
        self._place.is_answering()
        return Unusable(path, failure)

    def _missing(self, path: bytes) -> Unusable | None:
        return Unusable(path, _UNNAMEABLE) if self._place.is_listed(path) else None


def unread(error: StoreFault) -> Failure:
    """Return why an object could not be read, as a document's failure."""
    return Failure(FailureClass.UNREADABLE, f"cannot be read: {error}", code=type(error).__name__)


def _status_now(facts: "ObjectFacts", listed: bytes) -> bytes:
    """Return an object's status as the next listing will have it: not all that list tell versions."""
    version = facts.version if is_by_version(listed) else None
    return packed_status(facts.size, facts.etag, version, facts.modified)


UNASKABLE = Failure(
    FailureClass.UNREADABLE,
    "no object can be asked for by such a key; give the object another key",
    code="unnameable_key",
)
_UNNAMEABLE = Failure(
    FailureClass.UNREADABLE,
    "is listed and cannot be asked for: its key begins or ends with /; give the object another key",
    code="unnameable_key",
)
