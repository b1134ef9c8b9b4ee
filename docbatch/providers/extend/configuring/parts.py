"""Documents that are parsed at Extend in parts, each by the vendor's own option for a range of pages."""

from collections.abc import Mapping
from typing import Any

from docbatch.providers.extend.configuring.advanced_options import LAST_PAGE
from docbatch.providers.page_ranges import RangedReading
from docbatch.providers.stitched_answer import stitch


def select(config: Mapping[str, Any], first: int, last: int) -> dict[str, Any]:
    """Return a config with which a range is read; Extend takes no range that ends behind its last page."""
    pages = [{"start": first, "end": min(last, LAST_PAGE)}]
    return {**config, "advancedOptions": {**(config.get("advancedOptions") or {}), "pageRanges": pages}}


RANGES = RangedReading(frozenset({"application/pdf"}), select, stitch, LAST_PAGE)
