"""What a connection is charged: the question that plans and budgets ask of a kind of provider."""

from collections.abc import Mapping
from typing import Any

from docbatch.core.models import Operation
from docbatch.core.tariffs import FREE, Tariff
from docbatch.providers.kind import ProviderKind, Settings


def tariff_of(
    kind: ProviderKind, settings: Settings, operation: Operation, config: Mapping[str, Any]
) -> Tariff:
    """Return what an operation is charged. `config` is the job's own: what is only for the execution may have its price.

    A provider that says it is free is free, whatever else it says.
    """
    return FREE if kind.traits(settings).free else kind.tariff(operation, config)
