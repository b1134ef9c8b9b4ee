"""A line of prices, as the profile and users write it."""

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from docbatch.fields import DATE, ONE_LINE, PRICED_ITEM, Name, Schema, SpecModel, one_line, refuse
from docbatch.hours import HoursOfDay

MOST_DECIMALS = 9
RATES = (
    "credits_per_page",
    "credits_per_sheet",
    "credits_per_1000_cells",
    "credits_per_minute",
    "usd_per_1000_pages",
    "times",
)
"""The fields of which one says what an item costs."""


def _short(number: float) -> float:
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MOST_DECIMALS:
        refuse(f"a price has at most {MOST_DECIMALS} decimals", "round it")
    return number


def _as_list(value: object) -> object:
    return value if value is None or isinstance(value, list) else [value]


def _ordered(rate: list[float]) -> list[float]:
    if rate[0] > rate[-1]:
        refuse("the highest price stands before the lowest", "swap them")
    return rate


_Two = Field(min_length=1, max_length=2)


def _to(most: float) -> Any:
    return Field(ge=0, le=most, allow_inf_nan=False)


# Far more than anybody asks for: what is above is a slip of the hand.
_OneCredits = Annotated[float, _to(10_000), AfterValidator(_short)]
_OneDollars = Annotated[float, _to(100_000), AfterValidator(_short)]
_OneFactor = Annotated[float, _to(100), AfterValidator(_short)]
_SomeCredits = Annotated[list[_OneCredits], _Two]
_SomeDollars = Annotated[list[_OneDollars], _Two]
_SomeFactors = Annotated[list[_OneFactor], _Two]
CreditPrice = Annotated[float, _to(1_000), AfterValidator(_short)]
Share = Annotated[float, _to(1), AfterValidator(_short)]
Credits = Annotated[
    _SomeCredits,
    BeforeValidator(_as_list, json_schema_input_type=_OneCredits | _SomeCredits),
    AfterValidator(_ordered),
]
Dollars = Annotated[
    _SomeDollars,
    BeforeValidator(_as_list, json_schema_input_type=_OneDollars | _SomeDollars),
    AfterValidator(_ordered),
]
Factor = Annotated[
    _SomeFactors,
    BeforeValidator(_as_list, json_schema_input_type=_OneFactor | _SomeFactors),
    AfterValidator(_ordered),
]
_Words = Annotated[
    str,
    Field(min_length=1, max_length=1000, json_schema_extra={"pattern": ONE_LINE}),
    AfterValidator(one_line),
]

_ONE_PRICE: Schema = {
    "oneOf": [
        {"required": ["credit"], "not": {"required": ["item"]}},
        *({"required": ["item", rate]} for rate in RATES),
    ],
    "dependentRequired": {
        **{rate: ["item"] for rate in RATES},
        "off_peak": ["off_peak_hours"],
        "off_peak_hours": ["off_peak"],
    },
}


class PriceLine(SpecModel):
    """What one item of a provider costs, or a credit. A price is a number, or the lowest and the highest it may be."""

    provider: Name = Field(description="a provider, or a connection for which this holds alone")
    item: Annotated[str, Field(pattern=PRICED_ITEM, max_length=64)] | None = Field(
        default=None, description="what is charged; `docbatch providers --prices` lists them"
    )
    credit: CreditPrice | None = Field(default=None, description="US dollars for one credit of the provider")
    credits_per_page: Credits | None = Field(default=None, description="credits for a page")
    credits_per_sheet: Credits | None = Field(default=None, description="credits for a sheet of a workbook")
    credits_per_1000_cells: Credits | None = Field(
        default=None, description="credits for 1,000 cells with anything in them"
    )
    credits_per_minute: Credits | None = Field(default=None, description="credits for a minute of sound")
    usd_per_1000_pages: Dollars | None = Field(default=None, description="US dollars for 1,000 pages")
    times: Factor | None = Field(
        default=None, description="how many times the price all that costs to which this applies"
    )
    batch: Share | None = Field(
        default=None, description="what the price is multiplied by in batches, such as 0.8"
    )
    off_peak: Share | None = Field(
        default=None, description="what the price is multiplied by in the provider's quiet hours"
    )
    off_peak_hours: HoursOfDay | None = Field(
        default=None, description="which hours are quiet, by when documents are sent"
    )
    unbounded: _Words | None = Field(
        default=None, description="what comes on top that has no upper bound, in words"
    )
    source: _Words | None = Field(default=None, description="where the price is from, such as our contract")
    date: Annotated[str, Field(pattern=DATE)] | None = Field(
        default=None, description="when it was so: 2026, 2026-11 or 2026-11-28"
    )
    note: _Words | None = Field(default=None, description="what else is to be known")

    @property
    def rates(self) -> dict[str, list[float]]:
        """Return the prices of an item that are written, by their fields."""
        found = {name: getattr(self, name) for name in RATES}
        return {name: rate for name, rate in found.items() if rate is not None}

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.item is None) == (self.credit is None):
            refuse("a line is about an item, or about a credit", "write item: NAME, or credit: 0.0125")
        if self.credit is not None and self.rates:
            refuse("a credit has no price of an item", f"remove {next(iter(self.rates))}")
        if len(self.rates) > 1:
            refuse("an item has one price", f"keep one of {', '.join(self.rates)}")
        if self.off_peak is not None and self.off_peak_hours is None:
            refuse("nothing says which hours are quiet", 'add off_peak_hours: {hours: "22:00-06:00"}')
        if self.off_peak_hours is not None and self.off_peak is None:
            refuse("nothing says what is paid in quiet hours", "add off_peak: 0.5, or what it is")
        return self


class OwnLine(PriceLine):
    """What one item of a provider, or a credit, costs you. A price is a number, or the lowest and the highest it may be."""

    model_config = ConfigDict(json_schema_extra=_ONE_PRICE)

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.item is not None and not self.rates:
            refuse("the line says no price", f"write one of {', '.join(RATES)}")
        return self


class OwnPrices(SpecModel):
    """The part of docbatch.yaml that says what its users pay."""

    prices: list[OwnLine]


class ProfileLine(PriceLine):
    """A line that is shipped."""

    source: _Words
    date: Annotated[str, Field(pattern=DATE)]


class Profile(SpecModel):
    """All lines that are shipped together."""

    version: int = Field(ge=1)
    checked: Annotated[str, Field(pattern=DATE)]
    lines: list[ProfileLine]
