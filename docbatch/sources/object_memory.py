"""What one source learned of its objects in this process, and what was recorded of them before."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from docbatch.naming.templates import NO_METADATA
from docbatch.sources.cachefile import CacheFile
from docbatch.sources.content import Measured
from docbatch.sources.documents import Observed, Unusable
from docbatch.sources.kept_members import MemberRecord
from docbatch.sources.object_metadata import (
    NO_TAGS,
    LearnedMetadata,
    packed_metadata,
    sayable,
    unpacked_metadata,
)

_KEPT = 10_000
"""So many measurements are kept in memory, for who asks again soon."""
_NOTHING = packed_metadata({})


class RecordedObjects(MemberRecord, Protocol):
    """What earlier runs recorded of the source's objects."""

    def known(self, paths: Sequence[bytes]) -> "dict[bytes, tuple[bytes, str, str]]":
        """Return by path, of those given in order, the packed status with digest and media type."""

    def said(self, paths: Sequence[bytes]) -> dict[bytes, str]:
        """Return packed metadata by path, of paths from the first to the last of those given in order."""

    @property
    def noted(self) -> Collection[tuple[str, str]]:
        """Digests and kinds of containers that were met."""

    def documents(self) -> Iterator[Observed | Unusable]:
        """Yield in path order what is recorded of the job's documents."""


class ObjectMemory:
    """Is told by the meter what objects are, before anybody else hears of them; may be told by several threads."""

    def __init__(self, source: bytes, recorded: RecordedObjects) -> None:
        self.metadata_learned = LearnedMetadata(source)
        self._recorded = recorded
        self._fresh: dict[bytes, Measured] = {}
        self._replaced: frozenset[bytes] = frozenset()

    def attach(self, cache: CacheFile | None) -> None:
        """Ask a cache, too, in which all of the source's objects are looked up."""
        self.metadata_learned.attach(cache)

    def read(
        self, path: bytes, now: Measured, said: Mapping[str, str], tags: Mapping[str, str] = NO_TAGS
    ) -> None:
        if len(self._fresh) < _KEPT:
            self._fresh[path] = now
        self.describe(path, said, tags)

    def describe(self, path: bytes, said: Mapping[str, str], tags: Mapping[str, str] = NO_TAGS) -> None:
        """Take what the writer of an object said of it, and its tags."""
        # That nothing is said is kept where what is recorded is of an object that lay there before.
        is_kept = path in self._replaced
        self.metadata_learned.learn({path: packed_metadata(sayable(said, tags))}, is_kept=is_kept)

    def meet(self, alike: Sequence[bytes], replaced: Sequence[bytes]) -> None:
        self._replaced = frozenset(replaced)
        if alike:
            said = self._recorded.said(alike)
            self.metadata_learned.learn({path: said.get(path, _NOTHING) for path in alike})

    def measured(self, path: bytes) -> Measured | None:
        return self._fresh.get(path)

    def metadata(self, path: bytes) -> Mapping[str, str]:
        """Return what was said of an object: as it was learned, else as it is recorded."""
        text = self.metadata_learned.of(path)
        if text is None:
            text = self._recorded.said([path]).get(path)
        return NO_METADATA if text is None else unpacked_metadata(text)
