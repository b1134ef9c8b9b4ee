"""Slides of a presentation, hidden ones among them."""

from collections.abc import Mapping
from typing import BinaryIO

from docbatch.core.extents import Extent
from docbatch.counting.package import Package
from docbatch.counting.uncountable import Uncountable

_MOST_SLIDES = 100_000


def count_pptx(file: BinaryIO, _size: int) -> Extent:
    """Return the slides that the presentation lists. Raises Uncountable."""
    package = Package(file)
    return _listed(package, package.main(), "sldId")


def count_odp(file: BinaryIO, _size: int) -> Extent:
    """Return the pages of an OpenDocument presentation or drawing. Raises Uncountable."""
    return _listed(Package(file), "content.xml", "page")


def _listed(package: Package, part: str, wanted: str) -> Extent:
    found = 0

    def start(name: str, _attributes: Mapping[str, str]) -> None:
        nonlocal found
        found += name == wanted

    package.parse(part, start)
    if found > _MOST_SLIDES:
        raise Uncountable(f"it has {found} slides")
    return Extent(pages=found)
