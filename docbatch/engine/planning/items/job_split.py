"""How a job's larger documents are read in parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from docbatch.core.keys import SPLIT_PAGES, item_key, recipe_key
from docbatch.core.models import Recipe
from docbatch.core.split_documents import DocumentPart, parts, whole_recipe
from docbatch.providers.kind import ProviderKind
from docbatch.providers.page_ranges import RangedReading
from docbatch.specs.values import Job
from docbatch.state.store import Store


@dataclass(frozen=True, slots=True)
class JobSplit:
    """Documents of more than `size` pages are read in parts of so many at most.

    `plain` is the recipe of those that are not, `recipe` that of the others; `standing` are the keys of recipes that differ
    from this in versions alone. `pages` says how the job's provider reads ranges; in an `untrusted` project counting
    takes a bounded time.
    """

    size: int
    plain: Recipe
    recipe: Recipe
    recipe_key: str
    pages: RangedReading
    standing: tuple[str, ...] = ()
    untrusted: bool = False

    def splits(self, media_type: str, pages: int | None) -> bool:
        """Say whether a document is read in parts. One of which nobody knows how many pages it has is not."""
        return (
            self.takes(media_type)
            and pages is not None
            and self.size < pages <= (self.pages.last_page or pages)
        )

    def takes(self, media_type: str) -> bool:
        return media_type in self.pages.media_types

    def is_of(self, key: str, media_type: str, digest: str) -> bool:
        """Say whether this is the key of a document that is read in parts."""
        return self.takes(media_type) and key == item_key(self.recipe_key, media_type, digest)

    def takes_over(self, before: Recipe) -> bool:
        """Say whether what was processed by a recipe, and is not any more, is read in parts now."""
        return before == self.plain or SPLIT_PAGES in before.config

    def parts(self, pages: int) -> tuple[DocumentPart, ...]:
        return parts(self.plain, self.size, pages)


def split_of(
    job: Job, kind: ProviderKind, recipe: Recipe, store: Store | None, standing: Sequence[str]
) -> JobSplit | None:
    """Return how a job splits documents, None where it splits none. What was read under `standing` recipes stays as it is."""
    size, ranges = job.config.get(SPLIT_PAGES), kind.ranges(job.operation)
    if size is None or ranges is None:
        return None
    whole = whole_recipe(recipe, size)
    key = recipe_key(whole)
    before = [] if store is None else _before(store, size, standing)
    own = tuple(each for each in before if each != key)
    return JobSplit(size, recipe, whole, key, ranges, own, job.connection.untrusted)


def _before(store: Store, size: int, standing: Iterable[str]) -> list[str]:
    """Return the keys of recipes of split documents, as far as there are some, beside those of the others."""
    rows = [row for each in standing if (row := store.documents.recipe_row(each)) is not None]
    keys = [recipe_key(whole_recipe(store.documents.recipe(row), size)) for row in rows]
    return [each for each in keys if store.documents.recipe_row(each) is not None]
