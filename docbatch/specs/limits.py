"""What users write of limits, and the limits that come of it."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from docbatch.core.amounts import MILLION
from docbatch.core.limits import Limit, Measure, Period
from docbatch.fields import UNSET, Schema, SpecModel, refuse, within
from docbatch.specs.nodes import Node

MONEY = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})? USD$(?!\n)"
MOST = 10**12


def _with_currency(value: object) -> object:
    """Say what is missing of an amount without a currency: one that was guessed would be another amount."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        refuse("an amount of money needs its currency", f"write {value:g} USD")
    return value


def _dollars(text: str) -> str:
    if not re.match(MONEY, text):
        other = re.fullmatch(r"\s*([0-9][0-9.,_]*)\s*([A-Za-z]{3}|[$€£¥])?\s*", text)
        if other and (other[2] or "USD").upper() not in {"USD", "$"}:
            refuse(
                f"prices are kept in US dollars, not in {other[2]}", "write the amount in USD, as in 50 USD"
            )
        refuse("this is no amount of money", "write as in 50 USD or 12.50 USD")
    return text


Money = Annotated[
    str,
    BeforeValidator(_with_currency, json_schema_input_type=Annotated[str, Field(pattern=MONEY)]),
    AfterValidator(_dollars),
]
Number = Annotated[int, Field(ge=0, le=MOST)]
Credits = Annotated[float, Field(ge=0, le=MOST)]


def _one_of(*keys: str) -> Schema:
    return {"anyOf": [{"required": [key], **within(key, {"not": UNSET})} for key in keys]}


class LimitSpec(SpecModel):
    """At most so much in a period; of several amounts each holds."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [_one_of(*Measure)],
            "dependentSchemas": {
                "assume_pages": {
                    "anyOf": [
                        within("assume_pages", UNSET),
                        _one_of(*sorted({*Measure} - {Measure.DOCUMENTS})),
                    ]
                }
            },
        }
    )

    per: Literal["run", "day", "month", "total"] = Field(
        description="what is counted together: what one `docbatch apply` sends, or what is sent in a day or a month (UTC), or all"
    )
    documents: Number | None = Field(default=None, description="documents sent, identical ones once")
    pages: Number | None = Field(default=None, description="pages, as far as they can be counted before")
    credits: Credits | None = Field(default=None, description="the provider's credits")
    money: Money | None = Field(default=None, description="US dollars, as in `50 USD`")
    mode: Literal["enforce", "audit"] = Field(
        default="enforce", description="`enforce` sends no more than that; `audit` says when it was more"
    )
    assume_pages: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None,
        description="how many pages a document of unknown length counts for; without it such a document is not sent under `pages` or `money`",
    )

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if not any(getattr(self, measure.value) is not None for measure in Measure):
            refuse("this limits nothing", "add documents, pages, credits or money")
        if (
            self.assume_pages is not None
            and self.pages is None
            and self.money is None
            and self.credits is None
        ):
            refuse("assume_pages has no meaning for a limit of documents", "remove the key")
        return self


Limits = Annotated[list[LimitSpec], Field(max_length=50)]


def limits_of(
    written: Sequence[LimitSpec],
    node: Node | None,
    shown: str,
    *,
    job: str | None = None,
    connection: str | None = None,
) -> tuple[Limit, ...]:
    """Return the limits of one place; `node` is the list, `shown` what messages call the file where it does not say."""
    return tuple(
        limit
        for index, spec in enumerate(written)
        for limit in _limits(spec, _place(node, index, shown), job, connection)
    )


def _limits(spec: LimitSpec, place: str, job: str | None, connection: str | None) -> Iterator[Limit]:
    for measure in Measure:
        most = getattr(spec, measure.value)
        if most is not None:
            yield Limit(
                Period(spec.per),
                measure,
                _whole(measure, most),
                enforce=spec.mode == "enforce",
                job=job,
                connection=connection,
                assume_pages=spec.assume_pages,
                place=place,
            )


def _whole(measure: Measure, most: float | str) -> int:
    if measure is Measure.MONEY:
        return millionths(str(most))
    return int(Decimal(str(most)) * MILLION) if measure is Measure.CREDITS else int(most)


def millionths(money: str) -> int:
    """Return an amount of money, as it is written, in millionths of a US dollar."""
    return int(Decimal(money.removesuffix(" USD")) * MILLION)


def _place(node: Node | None, index: int, shown: str) -> str:
    entry = None if node is None else node.child(index)
    return shown if entry is None else f"{entry.mark.file or shown}:{entry.mark.line}"
