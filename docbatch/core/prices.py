"""Prices as they are calculated with: whole numbers, each with its date and source. Pure."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace

from docbatch.core.amounts import Bounds
from docbatch.core.windows import SendingWindow

PER = 1000
"""Prices are for so many units, so that 3 USD for 1,000 pages and 0.0125 USD for a credit are both exact."""
CREDIT = "credit"
"""The item that says what a credit costs."""


class Unit(enum.StrEnum):
    """What is counted. CELLS are charged by the thousand, begun thousands perhaps in full. NONE is for what raises others."""

    PAGE = "page"
    SHEET = "sheet"
    CELLS = "cells"
    MINUTE = "minute"
    CREDIT = "credit"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Price:
    """What one item of a provider costs: `credits` or `money` for 1,000 units, in millionths; None is not known.

    `factor` is what an item multiplies others by, `batch` and `off_peak` what it is multiplied by itself then, all in
    millionths; `quiet` are the hours that `off_peak` is about. `unbounded` says in words what comes on top without an upper bound. `replaced` names where a user's file
    says otherwise than the profile.
    """

    provider: str
    item: str
    unit: Unit = Unit.PAGE
    credits: Bounds | None = None
    money: Bounds | None = None
    factor: Bounds | None = None
    batch: int | None = None
    off_peak: int | None = None
    quiet: SendingWindow | None = None
    unbounded: str = ""
    date: str = ""
    source: str = ""
    note: str = ""
    replaced: str = ""

    @property
    def is_priced(self) -> bool:
        return self.credits is not None or self.money is not None or self.factor is not None


Prices = Mapping[str, Price]
"""The prices of one connection by item."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of a profile, and those of a project that stand in their places. `version` is the profile's."""

    version: str
    prices: tuple[Price, ...]
    own: tuple[Price, ...] = ()

    def of(self, provider: str, connection: str = "") -> Prices:
        """Return what holds for a connection to a provider: what is said of it, else of the provider, else in the profile."""
        found = {price.item: price for price in self.prices if price.provider == provider}
        for name in dict.fromkeys((provider, connection)):
            for price in self.own:
                if price.provider == name:
                    found[price.item] = _instead(found.get(price.item), price)
        return found


def _instead(before: Price | None, price: Price) -> Price:
    """Return a user's price; what comes on top without a bound still does."""
    unbounded = price.unbounded or (before.unbounded if before else "")
    return replace(price, unbounded=unbounded)
