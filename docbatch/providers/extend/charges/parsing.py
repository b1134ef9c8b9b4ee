"""What a parse is charged at Extend, alone and beneath a saved processor."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from docbatch.core.amounts import Bounds
from docbatch.core.shapes import OLD_WORKBOOK, Shape, shape
from docbatch.core.tariffs import SOMETIMES, Charge, Raise

ENGINES = ("parse_performance", "parse_light", "parse_auto")
DEFAULT_ENGINE = ENGINES[0]
WHOLE = "parse"
_CORRECTIONS = (("text", "agentic_text_correction"), ("tables", "agentic_table_correction"))

Options = Mapping[str, Any]


def part(options: object, name: str) -> Options:
    """Return what lies below a name; nothing where there is no mapping: what a processor overrides, the vendor judges."""
    found = options.get(name) if isinstance(options, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def parse_charges(options: Options, *, prioritized: bool, is_open: bool = False) -> tuple[Charge, ...]:
    """Return the charges of a parse with some options; `is_open` says that what is left out may be set elsewhere.

    A priority may double them: which setting brings that charge about is not documented.
    """
    engine = options.get("engine") or (None if is_open else DEFAULT_ENGINE)
    charges = [Charge(ENGINES if engine is None else (str(engine),))]
    for block, item in _CORRECTIONS:
        if _may_be_on(part(part(options, "blockOptions"), block).get("agentic"), is_open=is_open):
            charges.append(Charge((item,), SOMETIMES))
    charges += _of_cells(part(options, "advancedOptions").get("excelParsingMode"), is_open=is_open)
    raised = (Raise("priority_parsing"),) if prioritized else ()
    return tuple(replace(charge, raised_by=raised) for charge in charges)


def parse_beneath(options: Options, *, prioritized: bool) -> tuple[Charge, ...]:
    """Return the charges of the parse beneath a processor: none where the file was parsed before."""
    charges = parse_charges(options, prioritized=prioritized, is_open=True)
    return tuple(replace(each, times=Bounds(0, each.times.high), whole=WHOLE) for each in charges)


def _may_be_on(agentic: object, *, is_open: bool) -> bool:
    """Say whether a model may correct pages: where it is mentioned and not switched off, or may be elsewhere."""
    if not isinstance(agentic, Mapping):
        return is_open
    return agentic.get("enabled") is not False


def _of_cells(mode: object, *, is_open: bool) -> tuple[Charge, ...]:
    """Return what the advanced way to read workbooks costs on top of their pages."""
    cells = Charge(("advanced_excel_parsing",), of=takes_the_advanced_mode)
    if mode == "advanced":
        return (cells,)
    return (replace(cells, times=SOMETIMES),) if mode is None and is_open else ()


def takes_the_advanced_mode(media_type: str) -> bool:
    """Say whether a workbook can be read that way: old ones never are."""
    return shape(media_type) is Shape.SHEETS and media_type != OLD_WORKBOOK
