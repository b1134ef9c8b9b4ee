"""What Extend charges: a parse by its engine, and for everything else the saved processor and the parse beneath it."""

from collections.abc import Mapping
from typing import Any

from docbatch.core.models import Operation
from docbatch.core.page_ranges import Ranges, merged
from docbatch.core.tariffs import Tariff
from docbatch.providers.extend.charges.parsing import parse_charges, part
from docbatch.providers.extend.charges.processors import processor_charges, processor_notes, selects
from docbatch.providers.extend.charges.selection import PageSelection

PARSED = ("what failed pages and documents that are sent again are charged is not documented",)


def tariff(operation: Operation, config: Mapping[str, Any]) -> Tariff:
    """Return what one operation is charged. Extend names no discount for batches, nor hours with lower prices."""
    prioritized = config.get("priority") is not None
    if operation is Operation.PARSE:
        charges = parse_charges(config, prioritized=prioritized)
        return Tariff(charges, PageSelection(_ranges(config)), PARSED, in_batches=True)
    override = part(config["processor"], "override")
    charges = processor_charges(operation, override, prioritized=prioritized)
    ranges = _ranges(override)
    pages = PageSelection(ranges, is_partial=not selects(override))
    return Tariff(charges, pages, processor_notes(operation), in_batches=True)


def _ranges(options: Mapping[str, Any]) -> Ranges:
    """Return the pages that are selected, none where all are; what is no range is the vendor's to refuse."""
    written = part(options, "advancedOptions").get("pageRanges")
    return merged(filter(None, map(_range, written if isinstance(written, list) else ())))


def _range(written: object) -> tuple[int, int] | None:
    match written:
        case {"start": int(first), "end": int(last)}:
            return first, last
    return None
