"""Documents that are read in parts, each a range of pages: what identifies a part and the whole. Pure.

Ranges depend on the number of pages a part has at most and on nothing else, so that a document that was counted wrong by
a few pages, or by other means, has the same parts.
"""

from dataclasses import dataclass, replace

from docbatch.core.keys import SPLIT_PAGES, item_key, recipe_key
from docbatch.core.models import Recipe
from docbatch.core.page_ranges import Ranges

PAGES = "pages"
"""What a part's recipe has beside that option: its first and last page."""


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """A range of pages of a document, from 1, both ends included, under a recipe of its own."""

    first: int
    last: int
    recipe: Recipe

    @property
    def recipe_key(self) -> str:
        return recipe_key(self.recipe)

    def key(self, media_type: str, digest: str) -> str:
        """Return what identifies this range of a document."""
        return item_key(self.recipe_key, media_type, digest)

    def holds_of(self, pages: int) -> int:
        """Return how many pages of a document with so many it holds."""
        return max(0, min(self.last, pages) - self.first + 1)


def ranges(pages: int, size: int) -> Ranges:
    """Return the ranges of at most `size` pages in which a document is read; the last may reach beyond its end."""
    return tuple((first, first + size - 1) for first in range(1, pages + 1, size))


def whole_recipe(recipe: Recipe, size: int) -> Recipe:
    """Return how documents of more than `size` pages are processed that a recipe is for."""
    return replace(recipe, config={**recipe.config, SPLIT_PAGES: size})


def parts(recipe: Recipe, size: int, pages: int) -> tuple[DocumentPart, ...]:
    """Return the parts of a document of so many pages that a recipe is for."""
    whole = whole_recipe(recipe, size)
    return tuple(
        DocumentPart(first, last, replace(whole, config={**whole.config, PAGES: [first, last]}))
        for first, last in ranges(pages, size)
    )
