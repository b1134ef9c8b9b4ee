"""What processors saved at Extend are charged: what a job does not override is known there alone, and may be anything."""

from collections.abc import Mapping
from typing import Any

from docbatch.core.models import Operation
from docbatch.core.tariffs import SOMETIMES, Charge, Raise
from docbatch.providers.extend.charges.parsing import parse_beneath, part

Options = Mapping[str, Any]

_ITEMS: Mapping[Operation, Mapping[str, str]] = {
    Operation.EXTRACT: {
        "extraction_performance": "extract_performance",
        "extraction_light": "extract_light",
        "extraction_operator": "extraction_operator",
    },
    Operation.CLASSIFY: {
        "classification_performance": "classify_performance",
        "classification_light": "classify_light",
        "classification_standard": "classify_standard",
    },
    Operation.SPLIT: {"splitting_performance": "split_performance", "splitting_light": "split_light"},
}
"""The items of the prices by what a processor is based on."""
_REVIEWS = {Operation.EXTRACT: "extract_review_agent", Operation.CLASSIFY: "classify_review_agent"}
_MAX_CONTEXT = "large_array_max_context"
_OPEN = "what the processor saved at Extend is based on, and what it has on top, is known there alone"
_BENEATH = "a file that was parsed before is not charged a parse again"


def processor_charges(operation: Operation, override: Options, *, prioritized: bool) -> tuple[Charge, ...]:
    """Return the charges of a processor as far as the job overrides its settings, and of the parse beneath it."""
    advanced = part(override, "advancedOptions")
    base, items = override.get("baseProcessor"), _ITEMS[operation]
    # Its price is not known where the vendor has a new one.
    own = tuple(items.values()) if base is None else (items.get(str(base), str(base)),)
    charges = [Charge(own, raised_by=_array_raise(operation, advanced), whole=operation)]
    if operation in _REVIEWS:
        charges += _review(_REVIEWS[operation], operation, part(advanced, "reviewAgent"))
    if operation is Operation.EXTRACT:
        charges.append(Charge(("extraction_schema_groups",), SOMETIMES, whole=operation))
    return (*charges, *parse_beneath(part(override, "parseConfig"), prioritized=prioritized))


def processor_notes(operation: Operation) -> tuple[str, ...]:
    more = ("an operator is charged for what its model uses, without an upper bound",)
    return (_OPEN, _BENEATH, *(more if operation is Operation.EXTRACT else ()))


def selects(override: Options) -> bool:
    """Say whether the job itself says which pages are read; an empty list is all of them."""
    parsed = part(part(override, "parseConfig"), "advancedOptions").get("pageRanges")
    return isinstance(part(override, "advancedOptions").get("pageRanges"), list) and not parsed


def _array_raise(operation: Operation, advanced: Options) -> tuple[Raise, ...]:
    if operation is not Operation.EXTRACT:
        return ()
    chosen = part(advanced, "arrayStrategy").get("type")
    if chosen is not None and chosen != _MAX_CONTEXT:
        return ()
    return (Raise(_MAX_CONTEXT, is_certain=chosen is not None),)


def _review(item: str, whole: str, agent: Options) -> tuple[Charge, ...]:
    enabled = agent.get("enabled")
    if enabled is False:
        return ()
    return (Charge((item,), whole=whole) if enabled else Charge((item,), SOMETIMES, whole=whole),)
