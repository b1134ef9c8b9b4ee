"""What plans and budgets ask."""

from dataclasses import replace
from typing import Any

from docbatch.core.models import Operation
from docbatch.core.tariffs import FREE, UNKNOWN_TARIFF
from docbatch.providers import DEFAULT_PROVIDER, REGISTRY
from docbatch.providers.charging import tariff_of
from docbatch.providers.kind import ProviderKind, Settings
from docbatch.providers.local import KIND

UNSAID: Any = ProviderKind.__dataclass_fields__["tariff"].default


def asked(kind: ProviderKind) -> object:
    return tariff_of(kind, Settings(kind.name, kind.name), Operation.PARSE, {})


def test_reading_on_this_machine_is_free() -> None:
    assert asked(REGISTRY.kind(DEFAULT_PROVIDER)) == FREE == KIND.tariff(Operation.PARSE, {})


def test_what_is_free_needs_to_say_nothing_else() -> None:
    assert asked(replace(KIND, tariff=UNSAID)) == FREE


def test_what_says_nothing_is_not_known() -> None:
    paid = replace(KIND, tariff=UNSAID, traits=lambda settings: replace(KIND.traits(settings), free=False))

    assert asked(paid) == UNKNOWN_TARIFF


def test_services_say_what_they_charge() -> None:
    services = [kind for kind in REGISTRY.kinds() if kind.service is not None]
    saved = {"configuration_id": "cfg-0", "processor": {"id": "ex_1"}}
    tariffs = [kind.tariff(operation, saved) for kind in services for operation in kind.operations]

    assert all(each.is_known and each.charges for each in tariffs)
