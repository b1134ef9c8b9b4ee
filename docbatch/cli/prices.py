"""What `docbatch providers --prices` shows: each line of the prices, with its date, its source and what replaced it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from docbatch.cli.output import say, say_json
from docbatch.core.outside_text import escaped
from docbatch.core.prices import CREDIT, PER, Unit

if TYPE_CHECKING:
    from docbatch.core.amounts import Bounds
    from docbatch.core.prices import Price, PriceList, Prices

VERSION = "docbatch/prices/v1"
_MILLION = 10**6
_HEAD = ("item", "credits", "USD", "for", "date", "source")
_FOR = {
    Unit.PAGE: "a page",
    Unit.SHEET: "a sheet",
    Unit.CELLS: "1,000 cells",
    Unit.MINUTE: "a minute",
    Unit.CREDIT: "a credit",
    Unit.NONE: "what others cost",
}
_UNITS = {
    Unit.PAGE: "page",
    Unit.SHEET: "sheet",
    Unit.CELLS: "1000_cells",
    Unit.MINUTE: "minute",
    Unit.CREDIT: "credit",
}
Range = tuple[Decimal, Decimal | None]


@dataclass(frozen=True, slots=True)
class PriceSection:
    """The prices of a provider, or of a connection that has its own. `cost` is said where there are none."""

    provider: str
    connection: str
    prices: "Prices"
    before: "Prices"
    cost: str


def show_prices(*, as_json: bool) -> None:
    """Print the prices of this installation as the project around the current folder has them."""
    from docbatch.cli.workspace import declared_project
    from docbatch.providers import REGISTRY

    project = declared_project()
    faults = REGISTRY.load_plugins()
    types = {price.provider: project.connections[price.provider].type for price in project.prices.own}
    sections = list(_sections(project.prices, types))
    if as_json:
        for section in sections:
            for row in _json_rows(section):
                say_json({"version": VERSION, "profile": project.prices.version, **row})
    else:
        say(
            f"profile {project.prices.version}; from stored copies of public pages, none of them checked live"
        )
        for section in sections:
            say("")
            for line in _text(section):
                say(line)
    for error in faults:
        say(f"warning: {error.message} ({error.hint})", err=True)


def _sections(known: "PriceList", types: dict[str, str]) -> Iterator[PriceSection]:
    from docbatch.core.prices import PriceList
    from docbatch.providers import REGISTRY
    from docbatch.providers.kind import Settings

    shipped = PriceList(known.version, known.prices)
    for kind in REGISTRY.kinds():
        free = kind.traits(Settings(kind.name, kind.name)).free
        cost = "free of charge" if free else "not known; a project can say it, under prices:"
        yield PriceSection(kind.name, kind.name, known.of(kind.name), shipped.of(kind.name), cost)
    for connection, provider in types.items():
        if connection != provider:
            prices = known.of(provider, connection)
            yield PriceSection(provider, connection, prices, shipped.of(provider), "")


def _text(section: PriceSection) -> Iterator[str]:
    named = "" if section.connection == section.provider else f" ({section.provider})"
    if not section.prices:
        yield f"{section.connection}{named}: {section.cost}"
        return
    yield f"{section.connection}{named}"
    rows = [_cells(price, section.prices) for price in section.prices.values()]
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    yield _aligned(_HEAD, widths)
    for cells, price in zip(rows, section.prices.values(), strict=True):
        yield _aligned(cells, widths)
        for told in _remarks(price, section.before):
            yield f"      {told}"


def _cells(price: "Price", prices: "Prices") -> Sequence[str]:
    spent, money, factor = _rates(price, prices)
    unknown = "not known" if not price.is_priced else "-"
    return (
        price.item,
        unknown if spent is None else _shown(spent),
        f"{_shown(factor)} times" if factor else unknown if money is None else _shown(money),
        _FOR[price.unit] if price.is_priced else "",
        price.date or "-",
        escaped(price.source) or "-",
    )


def _remarks(price: "Price", before: "Prices") -> Iterator[str]:
    if price.unbounded:
        yield f"no upper bound: {escaped(price.unbounded)}"
    if price.batch is not None:
        yield f"in batches {_plain(Decimal(price.batch) / _MILLION)} times as much"
    if price.off_peak is not None:
        hours = f" ({price.quiet.shown})" if price.quiet else ""
        yield f"in quiet hours{hours} {_plain(Decimal(price.off_peak) / _MILLION)} times as much"
    if price.replaced:
        shipped = before.get(price.item)
        yield f"from {price.replaced}" + (f", in the place of {_said(shipped, before)}" if shipped else "")
    if price.note:
        yield escaped(price.note)


def _said(price: "Price", prices: "Prices") -> str:
    spent, money, factor = _rates(price, prices)
    if factor is not None:
        return f"{_shown(factor)} times"
    if spent is not None:
        return f"{_shown(spent)} credits"
    return "a price that is not known" if money is None else f"{_shown(money)} USD"


def _rates(price: "Price", prices: "Prices") -> tuple[Range | None, Range | None, Range | None]:
    """Return credits and US dollars for one unit, 1,000 where they are cells, and what others are multiplied by."""
    one = 1 if price.unit is Unit.CELLS else PER
    spent, money = _range(price.credits, one * _MILLION), _range(price.money, one * _MILLION)
    credit = prices.get(CREDIT)
    worth = _range(credit.money, PER * _MILLION) if credit else None
    if spent is not None and worth is not None:
        high = None if spent[1] is None or worth[1] is None else spent[1] * worth[1]
        money = spent[0] * worth[0], high
    return spent, money, _range(price.factor, _MILLION)


def _range(bounds: "Bounds | None", divisor: int) -> Range | None:
    if bounds is None:
        return None
    return Decimal(bounds.low) / divisor, None if bounds.high is None else Decimal(bounds.high) / divisor


def _shown(rate: Range) -> str:
    low, high = rate
    return _plain(low) if low == high else f"{_plain(low)} to {'any' if high is None else _plain(high)}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  " + "  ".join(map(str.ljust, cells, widths)).rstrip()


def _json_rows(section: PriceSection) -> Iterator[dict[str, Any]]:
    named = {"provider": section.provider, "connection": section.connection}
    if not section.prices:
        yield {**named, "type": "provider", "cost": section.cost.partition(";")[0]}
    for price in section.prices.values():
        spent, money, factor = _rates(price, section.prices)
        yield {
            **named,
            "type": "price",
            "item": price.item,
            "unit": _UNITS.get(price.unit) if price.is_priced else None,
            "credits": _json(spent),
            "usd": _json(money),
            "times": _json(factor),
            "batch": _share(price.batch),
            "off_peak": _share(price.off_peak),
            "off_peak_hours": None if price.quiet is None else price.quiet.shown,
            "unbounded": price.unbounded or None,
            "date": price.date or None,
            "source": price.source or None,
            "note": price.note or None,
            "replaced_by": price.replaced or None,
        }


def _json(rate: Range | None) -> list[float | int | None] | None:
    """Return the lowest and the highest, as numbers."""
    return None if rate is None else [None if each is None else _number(each) for each in rate]


def _share(millionths: int | None) -> float | int | None:
    return None if millionths is None else _number(Decimal(millionths) / _MILLION)


def _number(value: Decimal) -> float | int:
    return int(value) if value == value.to_integral_value() else float(value)
