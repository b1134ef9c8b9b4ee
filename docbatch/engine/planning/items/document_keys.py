"""What documents are: the keys of their items, of those that are read in parts as of the others."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from docbatch.core.changes import FoundDocument, KnownItem
from docbatch.core.demands import Demands
from docbatch.core.extents import Extent
from docbatch.core.keys import item_key
from docbatch.core.models import RETRY_CLASS, Failure, ItemStatus, Recipe, RetryClass
from docbatch.core.moments import moment_text
from docbatch.core.retry_policy import RetryPolicy
from docbatch.engine.planning.differences_database import Differences
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.sources.documents import Observed
from docbatch.sources.statcache import StatCache
from docbatch.state.document_parts import PartStanding
from docbatch.state.items import RecordedItem
from docbatch.state.store import Store

if TYPE_CHECKING:
    from docbatch.engine.planning.selection.count_pages import PageCounter


WHOLE = PartStanding()


class DocumentKeys(NamedTuple):
    """The keys under which a document may be known, the one of today first, and how many pages it has if it is read in parts."""

    keys: Sequence[str] = ()
    pages: int | None = None

    @property
    def is_split(self) -> bool:
        return self.pages is not None


class JobKeys:
    """Finds out what a job's documents are. Where it splits some, their pages are counted, once.

    `recipes` are the rows of those under which what is through stays as it is. `are_unsettled` says that of what was read
    whole nobody knows whether it should be split now: `larger` tells.
    """

    def __init__(
        self, target: ResolvedJob, store: Store | None, cache: StatCache, differences: Differences
    ) -> None:
        self._target = target
        self._store = store
        self._cache = cache
        self._differences = differences
        own = _rows(store, target.recipe, (target.recipe_key, *target.standing))
        split = target.split
        self._split_rows = (
            frozenset() if split is None else _rows(store, split.recipe, (split.recipe_key, *split.standing))
        )
        self.recipes = own | self._split_rows
        self.are_unsettled = (
            split is not None and store is not None and store.parts.settled(target.name) != split.size
        )
        self._counter: PageCounter | None = None

    def recipes_of(self, *, is_larger: bool) -> frozenset[int | None]:
        return self._split_rows if is_larger else self.recipes

    def larger(self, documents: Sequence[Observed]) -> frozenset[bytes]:
        """Return the paths of those documents that are to be read in parts."""
        return frozenset(self._pages(documents))

    def of(self, found: Sequence[FoundDocument]) -> list[DocumentKeys]:
        """Return the keys of documents, none of those that are no items, and note how many pages those have that are read in parts."""
        documents = [Observed(each.path, each.digest, each.media_type, each.size) for each in found]
        larger = self._pages(documents)
        return [
            self._keys(each, larger.get(each.path)) if each.digest else DocumentKeys() for each in documents
        ]

    def left(self, known: DocumentKeys, item: RecordedItem | None) -> tuple[int, int]:
        """Return how many parts of a document are to be sent, and their pages: those that wait where it is known already."""
        split, pages = self._target.split, known.pages
        if split is None or pages is None:
            return 0, 0
        there = [] if item is None or self._store is None else self._store.parts.of(item.row)
        waiting = {part.first for part in there if part.item.status is ItemStatus.PENDING}
        left = [part for part in split.parts(pages) if not there or part.first in waiting]
        return len(left), sum(part.holds_of(pages) for part in left)

    def _keys(self, document: Observed, pages: int | None) -> DocumentKeys:
        target, split = self._target, self._target.split
        identity = document.media_type, document.digest
        if split is None or pages is None:
            return DocumentKeys([item_key(each, *identity) for each in (target.recipe_key, *target.standing)])
        keys = [item_key(each, *identity) for each in (split.recipe_key, *split.standing)]
        counted = [(part.key(*identity), Extent(part.holds_of(pages))) for part in split.parts(pages)]
        self._differences.extent([(keys[0], Extent(pages)), *counted])
        return DocumentKeys(keys, pages)

    def _pages(self, documents: Sequence[Observed]) -> Mapping[bytes, int]:
        """Return how many pages those have that are to be read in parts, by path."""
        split = self._target.split
        taken = [] if split is None else [each for each in documents if split.takes(each.media_type)]
        if split is None or not taken:
            return {}
        if self._counter is None:
            from docbatch.engine.planning.selection.count_pages import PageCounter  # noqa: PLC0415 - few jobs split documents

            self._counter = PageCounter(untrusted=split.untrusted)
        types = {each.path: each.media_type for each in taken}
        found = self._counter(self._target.source, taken, self._cache)
        return {path: pages for path, pages in found.items() if split.splits(types[path], pages)}


def _rows(store: Store | None, recipe: Recipe, keys: Sequence[str]) -> frozenset[int | None]:
    alike = {} if store is None else store.documents.recipes_alike(recipe)
    known = {key: row for row, key in alike.items()}
    return frozenset({known.get(keys[0]), *(known[key] for key in keys[1:])})


def known_items(store: Store | None, keys: Sequence[str], demands: Demands) -> dict[str, RecordedItem]:
    """Return the items that are known among some keys, as a job takes them; of what is read in parts, how these stand."""
    found = [] if store is None else list(store.items.many(keys))
    waiting = [item.row for item in found if item.status is ItemStatus.PENDING]
    parts = {} if store is None or not waiting else store.parts.standing(waiting)
    standing = (
        replace(item, status=each) if (each := parts.get(item.row, WHOLE).status) else item for item in found
    )
    return {item.key: item.taken(demands) for item in standing}


def known_item(item: RecordedItem, due: float | None = None) -> KnownItem:
    """Return an item as judging sees it; `due` is when it is tried again by itself (wall time)."""
    passing = item.failure is not None and RETRY_CLASS[item.failure.kind] is RetryClass.AUTO
    return KnownItem(item.status, item.is_read, passing or (due is not None and due <= time.time()))


def next_try(store: Store | None, policy: RetryPolicy, item: RecordedItem | None) -> float | None:
    """Return when an item that failed is tried again by itself (wall time), if it is; None where that is not decided yet."""
    if store is None or item is None or item.failure is None:
        return None
    rule = policy.get(item.failure.kind)
    return (
        None
        if rule is None or not rule.allows(item.attempt)
        else store.later_tries.due(item.row, item.attempt)
    )


def told_failure(item: RecordedItem, due: float | None) -> Failure | None:
    """Return why an item failed, and when it is tried again where that is known."""
    if item.failure is None or due is None:
        return item.failure
    return replace(item.failure, message=f"{item.failure.message}; retry due {moment_text(due)}")


def settled_key(keys: Sequence[str], items: Mapping[str, RecordedItem]) -> str:
    """Return the first of a document's keys that has a result, else the first: what was read before is not read again."""
    read = (key for key in keys if key in items and items[key].is_read)
    return next(read, keys[0] if keys else "")
