"""What LlamaCloud charges: pages by the tier, sheets of workbooks, add-ons, and the parse beneath an extraction."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from docbatch.core.amounts import Bounds, exactly
from docbatch.core.extents import Extent
from docbatch.core.models import Operation
from docbatch.core.page_ranges import Ranges, merged, number_within
from docbatch.core.shapes import Shape, shape
from docbatch.core.tariffs import SOMETIMES, Charge, Tariff, at_most, pages_as_counted
from docbatch.media import UNKNOWN
from docbatch.providers.llamacloud.configuring.versions import PARSE_CONFIG, PRESET

Options = Mapping[str, Any]

PARSE_TIERS = ("fast", "cost_effective", "agentic", "agentic_plus")
EXTRACT_TIERS = ("cost_effective", "agentic", "turbo", "agentic_plus")
WITHOUT_PARSE = "turbo"
ADD_ONS = ("layout", "confidence_high", "form_enrichment", "chart_parsing")
PRESET_OF_A_PARSE = "cfg-PARSE_"
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")

_CACHE = "the same bytes with the same options are free within 48 hours; failed documents may be free, which is not documented"
_SAVED = "what a configuration saved at LlamaCloud asks for is known there alone"
_PRESET = "the preset is taken for what its name says; what else it asks for cannot be read"
_CHEAPER = "how much cheaper the optimizer makes simpler pages is not documented"
_SELECTED = "whether pages that are left out are charged is not documented"


def is_workbook(media_type: str) -> bool:
    return shape(media_type) is Shape.SHEETS


def may_be_a_workbook(media_type: str) -> bool:
    """Say whether nothing says that it is none: of links, ids and tables in plain text."""
    return shape(media_type) in {Shape.OTHER, Shape.ROWS} and media_type != UNKNOWN


def may_be_sound(media_type: str) -> bool:
    return media_type == UNKNOWN or media_type.startswith("audio/")


def is_of_pages(media_type: str) -> bool:
    return not (is_workbook(media_type) or may_be_a_workbook(media_type) or may_be_sound(media_type))


def is_no_workbook(media_type: str) -> bool:
    return not is_workbook(media_type)


@dataclass(frozen=True, slots=True)
class PageCount:
    """Counts pages; sheets of a workbook where `by_sheet`. Selected ones are charged, and the others perhaps as well."""

    by_sheet: bool
    first: int | None = None
    targets: Ranges | None = None
    is_partial: bool = False

    def __call__(self, media_type: str, extent: Extent, size: int) -> Bounds:
        pages = pages_as_counted(media_type, extent, size)
        if self.by_sheet and is_workbook(media_type) and extent.sheets is not None:
            pages = exactly(extent.sheets)
        if self.is_partial:
            return at_most(pages)
        return Bounds(self._selected(pages.low), pages.high)

    def _selected(self, pages: int) -> int:
        if self.targets is not None:
            return number_within(self.targets, pages)
        return pages if self.first is None else min(self.first, pages)


def tariff(operation: Operation, config: Options) -> Tariff:
    """Return what an operation is charged. LlamaCloud names no discount for batches, nor hours with lower prices."""
    parameters = config.get("parameters")
    if parameters is None:
        return _of_a_saved_one(operation, str(config.get("configuration_id")))
    if operation is Operation.PARSE:
        selection = parameters.get("page_ranges") or {}
        charges = tuple(_parse(parameters))
    else:
        selection, charges = parameters, tuple(_extract(parameters))
    pages = PageCount(
        operation is Operation.PARSE, selection.get("max_pages"), _targets(selection.get("target_pages"))
    )
    return Tariff(charges, pages, tuple(_notes(parameters, pages)), in_batches=True)


def _of_a_saved_one(operation: Operation, name: str) -> Tariff:
    tier = name.removeprefix(PRESET_OF_A_PARSE).lower()
    if operation is Operation.PARSE and PRESET.fullmatch(name) and tier in PARSE_TIERS:
        charges = tuple(_parse({"tier": tier}))
        return Tariff(charges, PageCount(by_sheet=True), (_CACHE, _PRESET), in_batches=True)
    if operation is Operation.PARSE:
        charges = tuple(_any_parse())
    else:
        charges = (_extraction(EXTRACT_TIERS, whole="extract"), *_perhaps(_any_parse()))
    pages = PageCount(operation is Operation.PARSE, is_partial=True)
    return Tariff(charges, pages, (_CACHE, _SAVED), in_batches=True)


def _parse(parameters: Options) -> Iterator[Charge]:
    """Yield the charges of a parse whose options are known."""
    processing = parameters.get("processing_options") or {}
    chosen = [
        rule["parsing_conf"] for rule in processing.get("auto_mode_configuration") or () if _has_rule(rule)
    ]
    tiers = {parameters["tier"], *(each["tier"] for each in chosen if isinstance(each.get("tier"), str))}
    cheaper = (processing.get("cost_optimizer") or {}).get("enable")
    yield from _by_tier(sorted(tiers), times=SOMETIMES if cheaper else exactly(1))
    if processing.get("confidence_score_effort") == "high":
        yield from _add_on("confidence_high", exactly(1))
    if processing.get("forms") == "enrich":
        yield from _add_on("form_enrichment", SOMETIMES)
    places = (parameters.get("output_options") or {}).get("granular_bboxes")
    charts = any(each.get("specialized_chart_parsing") for each in (processing, *chosen))
    if places or charts or any(each.get("extract_layout") for each in chosen):
        yield from _add_on("layout", SOMETIMES)
    if charts:
        yield from _add_on("chart_parsing", SOMETIMES)


def _has_rule(rule: object) -> bool:
    return isinstance(rule, Mapping) and isinstance(rule.get("parsing_conf"), Mapping)


def _by_tier(tiers: Iterable[str], *, times: Bounds, whole: str = "") -> Iterator[Charge]:
    """Yield what stands for the tier: pages by it, sheets of a workbook, minutes of sound."""
    items = tuple(f"parse_{tier}" for tier in tiers)
    yield Charge(items, times, whole=whole, of=is_of_pages)
    yield Charge(("spreadsheet",), whole=whole, of=is_workbook)
    yield Charge((*items, "spreadsheet"), times, whole=whole, of=may_be_a_workbook)
    yield Charge((*items, "spreadsheet", "audio"), times, whole=whole, of=may_be_sound)


def _add_on(item: str, times: Bounds, whole: str = "") -> Iterator[Charge]:
    """Yield an add-on; whether it is charged on sheets is not documented."""
    yield Charge((item,), times, whole=whole, of=is_no_workbook)
    yield Charge((item,), Bounds(0, times.high), whole=whole, of=is_workbook)


def _any_parse() -> Iterator[Charge]:
    """Yield the charges of a parse of which nothing is known."""
    yield from _by_tier(PARSE_TIERS, times=exactly(1), whole="parse")
    for item in ADD_ONS:
        yield from _add_on(item, SOMETIMES, whole="parse")


def _extract(parameters: Options) -> Iterator[Charge]:
    """Yield the charges of an extraction, and of the parse beneath it, whose tier is the same unless it is said."""
    tier = parameters.get("tier")
    yield _extraction(EXTRACT_TIERS if tier is None else (tier,))
    if tier == WITHOUT_PARSE:
        return
    known = parameters.get("parse_tier") or tier
    if parameters.get(PARSE_CONFIG) is not None:
        beneath = _any_parse()
    elif known is None:
        # It may be a tier without a parse.
        beneath = _perhaps(_by_tier(PARSE_TIERS, times=exactly(1)))
    else:
        beneath = _by_tier((known,), times=exactly(1))
    yield from _perhaps(beneath) if parameters.get("spreadsheet_mode") else beneath


def _extraction(tiers: Iterable[str], whole: str = "") -> Charge:
    return Charge(tuple(f"extract_{tier}" for tier in tiers), whole=whole)


def _perhaps(charges: Iterable[Charge]) -> Iterator[Charge]:
    yield from (replace(each, times=Bounds(0, each.times.high)) for each in charges)


def _targets(written: str | None) -> Ranges | None:
    if written is None:
        return None
    found = _RANGE.findall(written)
    return merged((int(low), int(high or low)) for low, high in found)


def _notes(parameters: Options, pages: PageCount) -> Iterator[str]:
    yield _CACHE
    if ((parameters.get("processing_options") or {}).get("cost_optimizer") or {}).get("enable"):
        yield _CHEAPER
    if pages.targets is not None or pages.first is not None:
        yield _SELECTED
