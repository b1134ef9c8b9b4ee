"""Making the items that documents are, and the parts of those that are read in parts."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from docbatch.core.keys import item_key
from docbatch.core.models import WorkItem
from docbatch.engine.planning.resolved_job import ResolvedJob
from docbatch.sources.content import Measured
from docbatch.sources.documents import Observed
from docbatch.sources.statcache import StatCache
from docbatch.state.document_parts import RangeRecipe
from docbatch.state.store import Store

if TYPE_CHECKING:
    from docbatch.core.split_documents import DocumentPart
    from docbatch.engine.planning.items.job_split import JobSplit


class WantedItems:
    """Makes a job's items. `pages` says how many a document has that is read in parts, by the key of its item."""

    def __init__(self, store: Store, target: ResolvedJob, pages: Callable[[str], int | None]) -> None:
        self._store = store
        self._target = target
        self._pages = pages
        row = store.documents.recipe_row(target.recipe_key)
        assert row is not None
        self.recipe = row

    def is_split(self, key: str, media_type: str, digest: str) -> bool:
        """Say whether a document is read in parts by what reads it today."""
        split = self._target.split
        return split is not None and split.is_of(key, media_type, digest)

    def row(self, item: WorkItem) -> int:
        """Return an item's row, making it when it is new, inside the current transaction."""
        split = self._target.split
        pages = self._pages(item.key) if self.is_split(item.key, item.media_type, item.digest) else None
        if split is None or pages is None:
            return self._store.items.want(item, self.recipe)
        return self._in_parts(item, split, pages)

    def _in_parts(self, item: WorkItem, split: "JobSplit", pages: int) -> int:
        recipe = self._store.documents.declare_recipe(split.recipe_key, split.recipe)
        row = self._store.items.want(item, recipe)
        if not self._store.items.parts(row):
            self._store.parts.link(row, [self._part(item, recipe, part) for part in split.parts(pages)])
        return row

    def _part(self, whole: WorkItem, recipe: int, part: "DocumentPart") -> int:
        own = self._store.documents.declare_recipe(part.recipe_key, part.recipe)
        self._store.parts.declare_range(own, RangeRecipe(part.first, part.last, recipe))
        key = part.key(whole.media_type, whole.digest)
        return self._store.items.want(replace(whole, key=key, recipe=part.recipe_key), own)


def row_as_it_is(store: Store, target: ResolvedJob, path: bytes, now: Measured) -> int:
    """Return the row of what a document is that was measured just now, making it inside the current transaction."""
    from docbatch.engine.planning.record_changes import work_item  # noqa: PLC0415 - which uses this module

    split, pages = target.split, None
    recipe = target.recipe_key
    if split is not None and split.takes(now.media_type):
        from docbatch.engine.planning.selection.count_pages import PageCounter  # noqa: PLC0415 - few jobs split documents

        seen = Observed(path, now.digest, now.media_type, now.size)
        counted = PageCounter(untrusted=split.untrusted)(target.source, [seen], StatCache(None)).get(path)
        if split.splits(now.media_type, counted):
            pages, recipe = counted, split.recipe_key
    key = item_key(recipe, now.media_type, now.digest)
    item = work_item(target, path, key=key, digest=now.digest, media_type=now.media_type, size=now.size)
    return WantedItems(store, target, lambda _key: pages).row(item)
