"""What a plug-in says that it charges is asked under guard, however late."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.amounts import Bounds, exactly
from docbatch.core.estimate import estimate
from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.core.models import Operation
from docbatch.core.prices import Price
from docbatch.core.tariffs import Charge, Tariff, pages_as_counted
from docbatch.plugins import Plugin, PluginError
from docbatch.providers.kind import CONTRACT, ProviderKind
from docbatch.providers.local import KIND
from docbatch.providers.plugin import judged

PLUGIN = Plugin("provider", "acme", "acme:KIND", "acme-package", "1.0", Path())
PDF = "application/pdf"


def kind(**values: Any) -> ProviderKind:
    return judged(PLUGIN, replace(KIND, name="acme", contract=CONTRACT, **values))


def charging(tariff: Tariff) -> ProviderKind:
    return kind(tariff=lambda _operation, _config: tariff)


def test_a_plug_in_that_says_nothing_is_not_taken_for_free() -> None:
    fields = ProviderKind.__dataclass_fields__
    found = kind(tariff=fields["tariff"].default).tariff(Operation.PARSE, {})

    assert not found.is_known
    assert estimate(found, {}, PDF, Extent(pages=2), 1).money == Bounds(0, None)


def test_a_plug_in_charges_by_the_items_that_a_project_prices() -> None:
    found = charging(Tariff((Charge(("page",)),), pages_as_counted)).tariff(Operation.PARSE, {})
    prices = {"page": Price("acme", "page", money=exactly(4_000_000))}

    assert estimate(found, prices, PDF, Extent(pages=2), 1).money == exactly(8_000)


@pytest.mark.parametrize(
    "counted",
    [None, 5, Bounds(-1, 1), Bounds(5, 4)],
    ids=["nothing", "a number", "less than none", "backwards"],
)
def test_pages_that_are_none_are_the_plug_ins_fault(counted: Any) -> None:
    found = charging(Tariff((Charge(("page",)),), lambda *_: counted)).tariff(Operation.PARSE, {})

    with pytest.raises(PluginError, match="acme-package"):
        found.charged_pages(PDF, UNCOUNTED, 1)


def test_a_charge_that_cannot_say_of_what_it_is_is_the_plug_ins_fault() -> None:
    odd: Any = lambda _media_type: "some"  # noqa: E731
    found = charging(Tariff((Charge(("page",), of=odd),), pages_as_counted)).tariff(Operation.PARSE, {})

    with pytest.raises(PluginError, match="acme-package"):
        estimate(found, {}, PDF, UNCOUNTED, 1)


@pytest.mark.parametrize("charge", [Charge(()), Charge((5,)), Charge(("page",), raised_by=("twice",))])  # type: ignore[arg-type]
def test_a_charge_for_no_item_is_the_plug_ins_fault(charge: Charge) -> None:
    with pytest.raises(PluginError, match="a Tariff of Charges"):
        charging(Tariff((charge,))).tariff(Operation.PARSE, {})
