"""Which model validates a provider's `config`, and which of its fields leave the results alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from docbatch.core.models import Input, Operation


@dataclass(frozen=True, slots=True)
class ConfigContract:
    """`execution_only` fields bound the work and say nothing about results; they are no part of an item's key.

    `surcharged` are those for which the vendor may ask more.
    """

    model: type[BaseModel]
    execution_only: frozenset[str]
    surcharged: frozenset[str] = frozenset()


def _local() -> ConfigContract:
    from docbatch.providers.local.options import EXECUTION_ONLY, LocalConfig  # noqa: PLC0415 - only what a job uses

    return ConfigContract(LocalConfig, EXECUTION_ONLY)


def _extend(name: str) -> Callable[[], ConfigContract]:
    def contract() -> ConfigContract:
        from docbatch.providers.extend import options  # noqa: PLC0415 - only what a job uses

        return ConfigContract(getattr(options, name), options.EXECUTION_ONLY, frozenset({"priority"}))

    return contract


def _llamacloud(name: str) -> Callable[[], ConfigContract]:
    def contract() -> ConfigContract:
        from docbatch.providers.llamacloud import options  # noqa: PLC0415 - only what a job uses

        return ConfigContract(getattr(options, name), options.EXECUTION_ONLY)

    return contract


def _extractpage() -> ConfigContract:
    from docbatch.providers.extractpage.options import (  # noqa: PLC0415 - only what a job uses
        EXECUTION_ONLY,
        ExtractPageConfig,
    )

    return ConfigContract(ExtractPageConfig, EXECUTION_ONLY)


CONFIG_MODELS: Mapping[tuple[str, Operation], Callable[[], ConfigContract]] = {
    ("local", Operation.PARSE): _local,
    ("extend", Operation.PARSE): _extend("ParseConfig"),
    ("extend", Operation.EXTRACT): _extend("ExtractConfig"),
    ("extend", Operation.CLASSIFY): _extend("ClassifyConfig"),
    ("extend", Operation.SPLIT): _extend("SplitConfig"),
    ("llamacloud", Operation.PARSE): _llamacloud("LlamaParseConfig"),
    ("llamacloud", Operation.EXTRACT): _llamacloud("LlamaExtractConfig"),
    ("extractpage", Operation.PARSE): _extractpage,
}


def operations(provider_type: str) -> tuple[Operation, ...]:
    """Return what a type of provider can do in this version; nothing when it is not available."""
    return tuple(operation for known, operation in CONFIG_MODELS if known == provider_type)


def inputs(provider_type: str, operation: Operation) -> frozenset[Input]:
    """Return what an operation takes beside files, as its provider says."""
    from docbatch.providers import REGISTRY  # noqa: PLC0415 - only for sources that are lists

    return REGISTRY[provider_type]().inputs(operation)
