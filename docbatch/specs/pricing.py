"""Prices that a project says are its own: judged beside those that are shipped, and put in their places."""

import json
from collections.abc import Iterator, Mapping, Sequence

from pydantic import ValidationError

from docbatch.core.errors import Problem, UsageError
from docbatch.core.prices import CREDIT, PriceList
from docbatch.prices.lines import OwnLine, OwnPrices
from docbatch.prices.profile import price_list
from docbatch.providers import REGISTRY
from docbatch.providers.kind import Settings
from docbatch.specs.nodes import Origin, Path
from docbatch.specs.problems import near, translate
from docbatch.specs.values import Connection


def read_prices(origin: Origin) -> tuple[Sequence[OwnLine], Sequence[Problem]]:
    """Return the lines that a project file has, or what is wrong with them; what is no list of mappings others tell."""
    written = origin.node.child("prices")
    lines = written.content if written and isinstance(written.content, tuple) else ()
    if not all(isinstance(line.content, dict) for line in lines):
        return (), ()
    try:
        text = json.dumps({"prices": [line.plain() for line in lines]})
        return OwnPrices.model_validate_json(text).prices, ()
    except ValidationError as error:
        return (), translate(error, OwnPrices, origin.node, origin.shown)


def project_prices(lines: Sequence[OwnLine], origin: Origin | None) -> PriceList:
    """Return the shipped prices with a project's own in their places."""
    return price_list((line, _written(origin, ("prices", index))) for index, line in enumerate(lines))


def _written(origin: Origin | None, place: Path) -> str:
    node = None if origin is None else origin.node.at(place)
    return f"{origin.shown}:{node.mark.line}" if origin and node else "docbatch.yaml"


def check_prices(
    lines: Sequence[OwnLine], origin: Origin, connections: Mapping[str, Connection]
) -> Iterator[Problem]:
    """Yield what is wrong with a project's prices. All connections are listed for a hint alone: that looks for plug-ins."""
    shipped = price_list()
    seen: dict[tuple[str, str], int] = {}
    for index, line in enumerate(lines):
        place: Path = ("prices", index)
        name = line.item or CREDIT
        first = seen.setdefault((line.provider, name), index)
        if line.provider not in connections:
            hint = near(line.provider, connections, "choose one of")
            yield origin.problem((*place, "provider"), f"there is no provider {line.provider}", hint)
        elif first != index:
            told = f"{name} of {line.provider} has a price already, in prices[{first}]"
            yield origin.problem(place, told, "keep one of them")
        else:
            yield from _item_problems(line, connections[line.provider].type, shipped, origin, place)


def _item_problems(
    line: OwnLine, provider: str, shipped: PriceList, origin: Origin, place: Path
) -> Iterator[Problem]:
    known = shipped.of(provider)
    if not known:
        if _is_free(provider):
            yield origin.problem((*place, "provider"), f"{provider} is free of charge", "remove the line")
        # What a plug-in charges, it says itself: no item is unknown.
        return
    name = line.item or CREDIT
    if name not in known:
        here = (*place, "item" if line.item else "credit")
        if line.item is None:
            yield origin.problem(here, f"{provider} charges no credits", "price its items in US dollars")
        else:
            items = sorted(set(known) - {CREDIT})
            yield origin.problem(
                here, f"{provider} charges for no item {name}", near(name, items, "its items are")
            )
    elif CREDIT not in known and (written := next((key for key in line.rates if "credits" in key), None)):
        # What a credit is worth nobody could say: all that it costs would be unknown, and be refused where money is limited.
        yield origin.problem((*place, written), f"{provider} charges no credits", "write usd_per_1000_pages")
    elif (known[name].factor is None) == ("times" in line.rates):
        yield origin.problem(place, *_other_sort(name, times="times" not in line.rates))


def _other_sort(name: str, *, times: bool) -> tuple[str, str]:
    if times:
        return f"{name} raises the price of others", "write times: 2, or what it is for you"
    return f"{name} has a price of its own", "write credits_per_page or usd_per_1000_pages"


def _is_free(provider: str) -> bool:
    try:
        return REGISTRY.kind(provider).traits(Settings(provider, provider)).free
    except UsageError:
        # A plug-in that cannot be used is told where a job names it.
        return False
