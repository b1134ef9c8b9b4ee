"""Which pages of a document a configuration selects."""

from collections.abc import Mapping
from typing import Any

from docbatch.emulators.reading import Page


def selected(pages: tuple[Page, ...], config: Mapping[str, Any]) -> tuple[Page, ...]:
    """Return the pages that a configuration selects; they are numbered from 1 then, as the vendor says."""
    ranges = _page_ranges(config)
    if not ranges:
        return pages
    wanted = {number for each in ranges for number in range(each["start"], each["end"] + 1)}
    return tuple(page for number, page in enumerate(pages, 1) if number in wanted)


def ranges_said(config: Mapping[str, Any]) -> list[str]:
    """Return the pages that a configuration selects, in words."""
    return [f"{each['start']}-{each['end']}" for each in _page_ranges(config)]


def _page_ranges(config: Mapping[str, Any]) -> list[dict[str, int]]:
    return (config.get("advancedOptions") or {}).get("pageRanges") or []
