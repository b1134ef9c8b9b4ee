"""What one item will cost, between two bounds, from what is charged and what that costs. Pure, in whole numbers."""

from collections.abc import Iterable, Iterator, Mapping

from docbatch.core.amounts import MILLION, UNKNOWN, Amount, Bounds, exactly
from docbatch.core.extents import Extent
from docbatch.core.prices import CREDIT, PER, Price, Prices, Unit
from docbatch.core.tariffs import Charge, Tariff

Ways = tuple[bool, bool]
"""Whether work is sent in batches, and whether at an hour when it costs less."""


def estimate(
    tariff: Tariff,
    prices: Prices,
    media_type: str,
    extent: Extent,
    size: int,
    *,
    assumed: int | None = None,
    off_peak: bool = False,
) -> Amount:
    """Return what a document comes to that is sent once and read to its end.

    Where nobody knows how many pages or sheets it has, `assumed` is how many at most. `off_peak` takes the prices of
    quiet hours where there are some. What has no price, or no upper bound, has none in what is returned.
    """
    pages = _assumed(tariff.charged_pages(media_type, extent, size), assumed)
    if not tariff.is_known:
        return Amount(exactly(1), pages, UNKNOWN, UNKNOWN)
    units = {
        Unit.PAGE: pages,
        Unit.SHEET: _assumed(Bounds(1, None) if extent.sheets is None else exactly(extent.sheets), assumed),
        Unit.CELLS: UNKNOWN if extent.cells is None else exactly(extent.cells),
    }
    total = Amount(exactly(1), pages)
    for charge in _applying(tariff, prices, media_type):
        costs = [_cost(prices, item, charge, units, (tariff.in_batches, off_peak)) for item in charge.items]
        total += Amount(credits=_one_of(cost[0] for cost in costs), money=_one_of(cost[1] for cost in costs))
    return total


def _assumed(pages: Bounds, assumed: int | None) -> Bounds:
    if pages.high is not None or assumed is None:
        return pages
    return Bounds(min(pages.low, assumed), assumed)


def _applying(tariff: Tariff, prices: Prices, media_type: str) -> Iterator[Charge]:
    """Yield the charges that concern a document; one stands for all that the prices know the whole of."""
    summed = set()
    for charge in tariff.charges:
        whole = prices.get(charge.whole)
        if not charge.of(media_type):
            continue
        if whole is None or not whole.is_priced:
            yield charge
        elif charge.whole not in summed:
            summed.add(charge.whole)
            yield Charge((charge.whole,), charge.times)


def _one_of(costs: Iterator[Bounds]) -> Bounds:
    """Return the bounds of what is one of several, nobody knows which."""
    each = list(costs)
    highs = [cost.high for cost in each]
    return Bounds(
        min(cost.low for cost in each),
        None if None in highs else max(high for high in highs if high is not None),
    )


def _cost(
    prices: Prices, item: str, charge: Charge, units: Mapping[Unit, Bounds], ways: Ways
) -> tuple[Bounds, Bounds]:
    """Return the credits and the money of one item."""
    price = prices.get(item)
    if price is None or (price.credits is None and price.money is None):
        # None of something costs nothing, whatever its price is.
        nothing_known = UNKNOWN.times(units[Unit.PAGE])
        return nothing_known, nothing_known
    number = units.get(price.unit, UNKNOWN).times(charge.times)
    factors = [*_of_the_way(price, ways), *_raises(prices, charge)]
    spent, money = (
        Bounds() if rate is None else _multiplied(_for(rate, number, price), factors)
        for rate in (price.credits, price.money)
    )
    if price.credits is not None:
        money = worth(prices, spent, ways)
    if price.unbounded and number.high != 0:
        spent, money = Bounds(spent.low, None), Bounds(money.low, None)
    return spent, money


def _for(rate: Bounds, number: Bounds, price: Price) -> Bounds:
    """Return what so many units cost at a rate for 1,000."""
    if price.unit is Unit.CELLS and number.high is not None:
        # Nothing says whether a thousand that is only begun is charged in full.
        number = Bounds(number.low, _up(number.high, PER) * PER)
    return _over(rate.times(number), PER)


def _of_the_way(price: Price, ways: Ways) -> Iterator[Bounds]:
    """Yield what a price is multiplied by for the way in which, and the hour at which, work is sent."""
    for applies, factor in zip(ways, (price.batch, price.off_peak), strict=True):
        if applies and factor is not None:
            yield exactly(factor)


def _raises(prices: Prices, charge: Charge) -> Iterator[Bounds]:
    """Yield what a charge is multiplied by, perhaps."""
    for each in charge.raised_by:
        raising = prices.get(each.item)
        factor = None if raising is None else raising.factor
        known = Bounds(MILLION, None) if factor is None else factor
        yield known if each.is_certain else _or_once(known)


def _or_once(factor: Bounds) -> Bounds:
    return Bounds(min(factor.low, MILLION), None if factor.high is None else max(factor.high, MILLION))


def _multiplied(amount: Bounds, factors: Iterable[Bounds]) -> Bounds:
    for factor in factors:
        amount = _over(amount.times(factor), MILLION)
    return amount


def worth(prices: Prices, spent: Bounds, ways: Ways) -> Bounds:
    """Return what credits cost, in millionths."""
    credit = prices.get(CREDIT)
    if credit is None or credit.money is None:
        return Bounds() if spent.high == 0 else UNKNOWN
    return _multiplied(_over(spent.times(credit.money), PER * MILLION), _of_the_way(credit, ways))


def _over(amount: Bounds, divisor: int) -> Bounds:
    return Bounds(amount.low // divisor, None if amount.high is None else _up(amount.high, divisor))


def _up(number: int, divisor: int) -> int:
    return -(-number // divisor)
