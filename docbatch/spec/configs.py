"""Which model validates a provider's `config`, and which of its fields leave the results alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from docbatch.models import Operation


@dataclass(frozen=True, slots=True)
class ConfigContract:
    """`execution_only` fields bound the work and say nothing about results; they are no part of an item's key."""

    model: type[BaseModel]
    execution_only: frozenset[str]


def _local() -> ConfigContract:
    from docbatch.providers.local.config import EXECUTION_ONLY, LocalConfig  # noqa: PLC0415 - only what a job uses

    return ConfigContract(LocalConfig, EXECUTION_ONLY)


CONFIG_MODELS: Mapping[tuple[str, Operation], Callable[[], ConfigContract]] = {
    ("local", Operation.PARSE): _local,
}


def operations(provider_type: str) -> tuple[Operation, ...]:
    """Return what a type of provider can do in this version; nothing when it is not available."""
    return tuple(operation for known, operation in CONFIG_MODELS if known == provider_type)
