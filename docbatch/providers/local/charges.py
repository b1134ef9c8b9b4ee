"""What reading on this machine is charged: nothing."""

from collections.abc import Mapping
from typing import Any

from docbatch.core.models import Operation
from docbatch.core.tariffs import FREE, Tariff


def tariff(_operation: Operation, _config: Mapping[str, Any]) -> Tariff:
    return FREE
