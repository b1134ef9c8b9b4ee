"""The kinds of providers: declared once, found by name, and one more for as long as it is wanted."""

from dataclasses import replace

import pytest

from docbatch.core.errors import UsageError
from docbatch.core.models import Operation
from docbatch.providers import DEFAULT_PROVIDER, REGISTRY
from docbatch.providers.kind import ProviderKind
from docbatch.providers.local import KIND

OTHER = replace(KIND, name="other")


@pytest.mark.parametrize("name", REGISTRY.names())
def test_a_kind_is_found_under_its_own_name(name: str) -> None:
    kind = REGISTRY.kind(name)

    assert kind.name == name
    assert all(kind.config(operation).model.model_json_schema() for operation in kind.operations)


def test_what_needs_no_account_is_the_default() -> None:
    assert REGISTRY.kind(DEFAULT_PROVIDER).service is None


def test_services_have_variables_of_their_own() -> None:
    services = [kind.service for kind in REGISTRY.kinds() if kind.service is not None]
    names = [name for each in services for name in (each.key_variable, each.address_variable)]

    assert len(set(names)) == len(names) == 6


def test_a_kind_that_nothing_declares_is_named() -> None:
    with pytest.raises(UsageError, match="no provider 'lokal'") as refused:
        REGISTRY.kind("lokal")
    assert refused.value.hint == "there are local, extend, llamacloud, extractpage"


def test_a_kind_is_there_while_it_is_added() -> None:
    before = REGISTRY.names()
    with REGISTRY.added(OTHER):
        assert REGISTRY.names() == (*before, "other")
        assert "other" in REGISTRY
        assert REGISTRY.kind("other") is OTHER
        assert list(REGISTRY.kinds())[-1] is OTHER
    assert "other" not in REGISTRY
    assert REGISTRY.names() == before


def test_a_name_is_taken_over_only_on_purpose() -> None:
    stand_in = replace(KIND, operations=(Operation.SPLIT,))
    with pytest.raises(ValueError, match="a provider 'local' already"), REGISTRY.added(stand_in):
        pass
    with REGISTRY.added(stand_in, replacing=True):
        assert REGISTRY.kind("local") is stand_in
    assert REGISTRY.kind("local") is KIND


@pytest.mark.parametrize("kind", [OTHER, replace(KIND, title="a stand-in")])
def test_other_processes_know_only_what_is_shipped(kind: ProviderKind) -> None:
    assert REGISTRY.is_everywhere("local")
    with REGISTRY.added(kind, replacing=True):
        assert not REGISTRY.is_everywhere(kind.name)
