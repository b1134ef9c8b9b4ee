"""What users write of guards, and the guards that come of it."""

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from docbatch.core.spending_guards import PERCENT, Ceiling, GuardName, Guards, Threshold
from docbatch.fields import SpecModel, refuse
from docbatch.specs.limits import MOST, Money, millionths
from docbatch.specs.nodes import Node

if TYPE_CHECKING:
    from docbatch.specs.project import ProjectSpec

SHARE = r"^(0|[1-9][0-9]{0,3})(\.[0-9]{1,2})?%$(?!\n)"
HINT = "write a number of documents, as in 100, or a share of those that are known, as in 20%"


def _number_or_share(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        refuse("a number or a percentage is needed", HINT)
    if isinstance(value, str) and not re.match(SHARE, value):
        refuse("this is neither a number nor a percentage", HINT)
    if isinstance(value, float):
        refuse(f"a whole number or a percentage is needed, and this is {value:g}", HINT)
    if isinstance(value, int) and not 0 <= value <= MOST:
        refuse(f"this must be 0 to {MOST:,}", HINT)
    return value


Documents = Annotated[
    int | str,
    BeforeValidator(
        _number_or_share,
        json_schema_input_type=Annotated[int, Field(ge=0, le=MOST)] | Annotated[str, Field(pattern=SHARE)],
    ),
]


class GuardsSpec(SpecModel):
    """What is refused before anything is sent, because nobody may have meant it; work that is free counts for nothing.

    A percentage is one of the documents that are known, and says nothing of fewer than 20 of them.
    """

    max_changed: Documents | None = Field(
        default=None,
        description="known documents that are sent again, changed or to be made otherwise; a number or a percentage",
    )
    max_new: Documents | None = Field(
        default=None, description="documents that are sent for the first time; a number or a percentage"
    )
    max_money: Money | None = Field(
        default=None, description="what all that is to be sent may cost at most, as in `100 USD`"
    )
    max_resent: Documents = Field(
        default=100,
        description="documents that were sent before and are sent again with the same bytes, after a change of config, provider, operation or account; a number or a percentage",
    )
    max_failed: Documents | None = Field(
        default=None,
        description="documents that may fail in one run; when more did, it sends nothing more; a number, or a percentage of those that ended",
    )


def guards_of(spec: "ProjectSpec", node: Node, shown: str) -> Guards:
    """Return the guards of a project; `node` is the file's, that messages call `shown`."""
    written = node.child("guards")

    def threshold(name: GuardName) -> Threshold | None:
        value = getattr(spec.guards, name)
        return None if value is None else _threshold(value, _place(written, name, shown))

    def ceiling(amount: str | None, below: Node | None, name: GuardName) -> Ceiling | None:
        return None if amount is None else Ceiling(millionths(amount), _place(below, name, shown))

    return Guards(
        max_changed=threshold(GuardName.MAX_CHANGED),
        max_new=threshold(GuardName.MAX_NEW),
        max_money=ceiling(spec.guards.max_money, written, GuardName.MAX_MONEY),
        max_resent=threshold(GuardName.MAX_RESENT),
        max_failed=threshold(GuardName.MAX_FAILED),
        approval=ceiling(spec.require_approval_over, node, GuardName.APPROVAL),
    )


def _threshold(value: int | str, place: str) -> Threshold:
    if isinstance(value, int):
        return Threshold(value, place=place)
    return Threshold(share=int(Decimal(value.removesuffix("%")) * PERCENT), place=place)


def _place(above: Node | None, name: str, shown: str) -> str:
    """Say where it is written, nothing where it is not."""
    entry = None if above is None else above.child(name)
    return "" if entry is None else f"{shown}:{entry.mark.line}"
