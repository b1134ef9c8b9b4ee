"""What a provider charges for: which items of its prices, how often, and how many pages it takes a document for. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field

from docbatch.core.amounts import Bounds, exactly
from docbatch.core.extents import Extent
from docbatch.core.shapes import Shape, shape

Count = Callable[[str, Extent, int], Bounds]
"""Gives the pages that are charged of a document, from its media type, its extent and its size in bytes."""

SOMETIMES = Bounds(0, 1)
"""On none of the pages, on all, or on some."""
UNKNOWN_PAGES = Bounds(1, None)
"""A document that is read has a page at least."""


def every(_media_type: str) -> bool:
    """Say yes to any document."""
    return True


def no_pages(_media_type: str, _extent: Extent, _size: int) -> Bounds:
    """Charge nothing by the page."""
    return Bounds()


def pages_as_counted(media_type: str, extent: Extent, _size: int) -> Bounds:
    """Charge the pages that were counted, as every vendor does; what workbooks and tables come to is each vendor's own."""
    if extent.pages is None or shape(media_type) in {Shape.SHEETS, Shape.ROWS}:
        return UNKNOWN_PAGES
    return exactly(extent.pages)


def at_most(pages: Bounds) -> Bounds:
    """Return pages of which some may be left out, and one at least is not."""
    return Bounds(min(1, pages.low), pages.high)


@dataclass(frozen=True, slots=True)
class Raise:
    """An item that says how many times the price something costs. It may not apply unless `is_certain`."""

    item: str
    is_certain: bool = False


@dataclass(frozen=True, slots=True)
class Charge:
    """What is charged for each unit of a document.

    `items` are those of the prices of which one applies, which one is known only where it stands alone. `times` is on how
    much of the document. `of` says which media types it concerns. Where the prices have the item `whole`, that stands in
    the place of all charges that name it: of what only the vendor knows, its user may know what it comes to.
    """

    items: tuple[str, ...]
    times: Bounds = field(default=Bounds(1, 1))
    raised_by: tuple[Raise, ...] = ()
    whole: str = ""
    of: Callable[[str], bool] = every


@dataclass(frozen=True, slots=True)
class Tariff:
    """What one operation with one config is charged for. `notes` say in sentences what makes it a range.

    `is_known` is false where nothing is known of it. `in_batches` says that work is sent the way that prices for batches
    are for. A tariff without charges is free.
    """

    charges: tuple[Charge, ...] = ()
    count: Count = no_pages
    notes: tuple[str, ...] = ()
    is_known: bool = True
    in_batches: bool = False

    def charged_pages(self, media_type: str, extent: Extent, size: int) -> Bounds:
        """Return how many pages of a document are charged, were it read to its end."""
        return self.count(media_type, extent, size)


FREE = Tariff()
UNKNOWN_TARIFF = Tariff(count=pages_as_counted, is_known=False)
