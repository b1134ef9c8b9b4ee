"""Which pages of a document Extend charges: those that a job selects."""

from dataclasses import dataclass

from docbatch.core.amounts import Bounds
from docbatch.core.extents import Extent
from docbatch.core.page_ranges import Ranges, number_of, number_within
from docbatch.core.shapes import Shape, shape
from docbatch.core.tariffs import at_most, pages_as_counted


@dataclass(frozen=True, slots=True)
class PageSelection:
    """Counts the pages of some ranges, all where there are none. `is_partial` says that others may be left out as well.

    Workbooks are charged by pages that Extend makes up of their text; what ranges are to them is not documented.
    """

    ranges: Ranges = ()
    is_partial: bool = False

    def __call__(self, media_type: str, extent: Extent, size: int) -> Bounds:
        pages = pages_as_counted(media_type, extent, size)
        if self.ranges:
            pages = self._selected(pages) if shape(media_type) is not Shape.SHEETS else at_most(pages)
        return at_most(pages) if self.is_partial else pages

    def _selected(self, pages: Bounds) -> Bounds:
        most = number_of(self.ranges) if pages.high is None else number_within(self.ranges, pages.high)
        return Bounds(number_within(self.ranges, pages.low), most)
