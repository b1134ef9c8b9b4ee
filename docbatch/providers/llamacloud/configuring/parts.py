"""Documents that are parsed at LlamaCloud in parts, each by the service's own option for a range of pages."""

from collections.abc import Mapping
from typing import Any

from docbatch.providers.page_ranges import RangedReading
from docbatch.providers.stitched_answer import stitch


def select(config: Mapping[str, Any], first: int, last: int) -> dict[str, Any]:
    """Return a config with which a range is read."""
    pages = {"target_pages": f"{first}-{last}"}
    return {**config, "parameters": {**config["parameters"], "page_ranges": pages}}


RANGES = RangedReading(frozenset({"application/pdf"}), select, stitch)
