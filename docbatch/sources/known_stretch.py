"""Documents of one stretch of a walk as the cache knows them, packed like the files that were found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple, Self, overload

from docbatch.sources.documents import Observed
from docbatch.sources.found_files import WIDTH, size_of, split

_DIGEST = 32


class KnownFile(NamedTuple):
    """A file that was measured, and its packed status at that moment."""

    path: bytes
    status: bytes
    digest: str
    media_type: str


@dataclass(frozen=True, slots=True)
class KnownStretch(Sequence[Observed]):
    """A sequence of documents that stays packed as long as it is compared as a whole.

    `paths` are joined by NUL, `media_types` by line feeds, or are a single one where all are the same.
    `number` is that of what the cache holds, which is never given to anything else.
    """

    paths: bytes
    statuses: bytes
    digests: bytes
    media_types: str
    number: int = field(default=0, compare=False)
    _unpacked: list[Observed] = field(default_factory=list, compare=False, repr=False)

    @classmethod
    def of(cls, files: Sequence[KnownFile]) -> Self:
        """Pack some files, which are in path order."""
        paths, statuses, digests, media_types = zip(*files, strict=True)
        types = media_types[:1] if len(set(media_types)) == 1 else media_types
        digest = bytes.fromhex("".join(digests))
        return cls(b"\0".join(paths), b"".join(statuses), digest, "\n".join(types))

    @property
    def first(self) -> bytes:
        return self.paths.partition(b"\0")[0]

    @property
    def last(self) -> bytes:
        return self.paths.rpartition(b"\0")[2]

    @property
    def is_whole(self) -> bool:
        """Whether all parts are of the same number of documents: the file they come from may be damaged."""
        types = self.media_types.count("\n") + 1
        number = self.paths.count(b"\0") + 1
        return (
            len(self.digests) == _DIGEST * number
            and len(self.statuses) == WIDTH * number
            and types in {1, number}
        )

    def holds(self, paths: bytes, digests: str, media_types: str) -> bool:
        """Say whether these are the documents: paths joined by NUL, digests in hex, media types joined by line feeds."""
        return (
            paths == self.paths and digests == self.digests.hex() and media_types == "\n".join(self._types())
        )

    def files(self) -> Iterator[KnownFile]:
        digests = self.digests.hex()
        hexes = [digests[start : start + 2 * _DIGEST] for start in range(0, len(digests), 2 * _DIGEST)]
        parts = zip(self.paths.split(b"\0"), split(self.statuses), hexes, self._types(), strict=True)
        return map(KnownFile._make, parts)

    def _types(self) -> Sequence[str]:
        types = self.media_types.split("\n")
        return types if len(types) > 1 else list(repeat(types[0], len(self)))

    def _documents(self) -> list[Observed]:
        if not self._unpacked:
            self._unpacked.extend(
                Observed(path, digest, kind, size_of(status)) for path, status, digest, kind in self.files()
            )
        return self._unpacked

    def __len__(self) -> int:
        return len(self.digests) // _DIGEST

    def __iter__(self) -> Iterator[Observed]:
        return iter(self._documents())

    @overload
    def __getitem__(self, place: int) -> Observed: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Observed]: ...
    def __getitem__(self, place: int | slice) -> Observed | Sequence[Observed]:
        return self._documents()[place]
