"""The documents of a source as values: listed, seen, found, or unusable."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from docbatch.core.errors import GuardRefused
from docbatch.core.models import Failure
from docbatch.sources.litter import Litter
from docbatch.sources.selection_tally import SelectionTally

WINDOW = 1024
"""How many documents travel together: a call for each would be what most runs spend their time on."""


class Entry(NamedTuple):
    """A document as a listing shows it; `size` in bytes."""

    path: bytes
    size: int
    fingerprint: str


class Unusable(NamedTuple):
    """Something that is there and cannot be a document.

    A path that ends in "/" is a folder: nothing is known about what lies below it. The same holds for what begins with
    what it `hides`, which is everything where that is empty.
    """

    path: bytes
    failure: Failure
    hides: bytes | None = None


class Observed(NamedTuple):
    """A document as it is now; `digest` is the SHA-256 of its bytes in hex, `size` in bytes."""

    path: bytes
    digest: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A stretch of the stream; both are in path order, and every path of a later one is greater."""

    documents: Sequence[Observed]
    unusable: list[Unusable]


@dataclass(frozen=True, slots=True)
class FoundDocuments:
    """What a source has now. Of the `unseen` no more is known than that they are wanted.

    `litter` and `selection` know, once the windows are read, what was left out.
    What is not among `recorded_only` windows may be there all the same: nobody looked. `unsettled` has, once the windows up to
    it are read, what is there and may still be written: it counts as it is recorded.
    """

    windows: Iterable[Seen]
    unseen: frozenset[bytes] = frozenset()
    litter: Litter | None = None
    selection: SelectionTally | None = None
    recorded_only: bool = False
    unsettled: Container[bytes] = frozenset()

    def kept_where_empty(self) -> "FoundDocuments":
        """Return the same; where there is nothing at all, all that is recorded counts as it is recorded."""
        windows = iter(self.windows)
        try:
            first = next((each for each in windows if each.documents or each.unusable), None)
        except GuardRefused:
            # The folder is not there.
            first = None
        if first is None and not self.unseen:
            return replace(self, windows=(), recorded_only=True, unsettled=_Everything())
        return replace(self, windows=windows if first is None else chain([first], windows))


class _Everything:
    """Has whatever is asked for."""

    def __contains__(self, _path: object) -> bool:
        return True


def in_order(entries: Iterable[Entry], unusable: Iterable[Unusable]) -> list[Entry | Unusable]:
    """Return both in path order."""
    both: list[Entry | Unusable] = [*entries, *unusable]
    return sorted(both, key=_path)


def _path(each: Entry | Unusable) -> bytes:
    return each.path
