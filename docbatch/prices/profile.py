"""The profile that is shipped, and prices as they are calculated with."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from importlib.resources import files

from docbatch.core.amounts import MILLION, Bounds
from docbatch.core.prices import CREDIT, PER, Price, PriceList, Unit
from docbatch.prices.lines import PriceLine, Profile

FILE = "profile.json"

_UNITS: Mapping[str, tuple[Unit, int]] = {
    "credits_per_page": (Unit.PAGE, PER),
    "credits_per_sheet": (Unit.SHEET, PER),
    "credits_per_1000_cells": (Unit.CELLS, 1),
    "credits_per_minute": (Unit.MINUTE, PER),
    "usd_per_1000_pages": (Unit.PAGE, 1),
    "times": (Unit.NONE, 1),
}
"""What a rate counts, and how many times it is in a price for 1,000 units."""


@cache
def shipped() -> Profile:
    """Return the profile of this installation. Raises pydantic's ValidationError for one that was spoilt."""
    return Profile.model_validate_json(files(__package__).joinpath(FILE).read_bytes())


def price_list(own: Iterable[tuple[PriceLine, str]] = (), profile: Profile | None = None) -> PriceList:
    """Return the shipped prices and a user's own, each with where it is written."""
    profile = profile or shipped()
    return PriceList(
        f"{profile.version} of {profile.checked}",
        tuple(map(price, profile.lines)),
        tuple(price(line, written) for line, written in own),
    )


def price(line: PriceLine, replaced: str = "") -> Price:
    """Return a line as whole numbers."""
    said = Price(
        line.provider,
        line.item or CREDIT,
        batch=_share(line.batch),
        off_peak=_share(line.off_peak),
        quiet=None if line.off_peak_hours is None else line.off_peak_hours.window,
        unbounded=line.unbounded or "",
        date=line.date or "",
        source=line.source or "",
        note=line.note or "",
        replaced=replaced,
    )
    if line.credit is not None:
        return replace(said, unit=Unit.CREDIT, money=_bounds([line.credit], PER))
    for name, rate in line.rates.items():
        unit, times = _UNITS[name]
        bounds = _bounds(rate, times)
        if unit is Unit.NONE:
            return replace(said, unit=unit, factor=bounds)
        if name.startswith("usd"):
            return replace(said, unit=unit, money=bounds)
        return replace(said, unit=unit, credits=bounds)
    return said


def _bounds(rate: list[float], times: int) -> Bounds:
    """Return a range in millionths; what is less than one counts at the upper end alone."""
    low, high = (Decimal(repr(number)) * times * MILLION for number in (rate[0], rate[-1]))
    return Bounds(math.floor(low), math.ceil(high))


def _share(number: float | None) -> int | None:
    return None if number is None else _bounds([number], 1).high
