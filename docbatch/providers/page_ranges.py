"""How a type of provider reads documents by ranges of their pages, and makes one answer of several."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from docbatch.core.models import Failure


@dataclass(frozen=True, slots=True)
class ReadRange:
    """A range of pages, from 1, both ends included, and its payload, or why there is none.

    `partial` says that its provider told of the range that it is not whole.
    """

    first: int
    last: int
    payload: bytes | None = field(default=None, repr=False)
    failure: Failure | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class RangedReading:
    """Documents of `media_types` can be read by ranges of pages, as far as `last_page` where there is a last one.

    `select` returns a job's config with which only the pages from first to last are read. `stitch` makes one payload of
    those of all ranges of a document, in their order, of which one at least was read: the same bytes whenever the same were
    read. It names the pages that were not, and pages are numbered as in the document. It returns a failure where only all parts
    together show that there is nothing to be read.
    """

    media_types: Collection[str]
    select: Callable[[Mapping[str, Any], int, int], Mapping[str, Any]]
    stitch: Callable[[Sequence[ReadRange]], bytes | Failure]
    last_page: int | None = None


def lost_range(each: ReadRange) -> str:
    """Return what a document's result warns of where a range of its pages was not read."""
    pages = f"page {each.first}" if each.first == each.last else f"pages {each.first} to {each.last}"
    why = "" if each.failure is None else f" ({each.failure.kind}: {each.failure.message})"
    return f"lost: {pages} were not read{why}"
