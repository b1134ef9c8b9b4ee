"""The document services docbatch can drive. The registry is a literal; a service is imported when it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docbatch.models import Operation, Traits
    from docbatch.providers.base import Answer, Provider


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a provider is given to work with: where payloads may be put, and how to wake the engine."""

    incoming: Path
    wake: Callable[[], None] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of provider. All but `connect` need neither keys nor a network.

    `pins` gives the versions of what moves by itself, `abilities` sentences for `docbatch providers`.
    """

    name: str
    traits: "Traits"
    operations: "tuple[Operation, ...]"
    account: str
    pins: "Callable[[Operation, Mapping[str, Any]], Mapping[str, str]]"
    connect: "Callable[[Surroundings], Provider]"
    read: "Callable[[bytes], Answer]"
    abilities: Callable[[], tuple[str, ...]]


def _local() -> Kind:
    from docbatch.providers.local import KIND  # noqa: PLC0415 - engines are heavy

    return KIND


REGISTRY: Mapping[str, Callable[[], Kind]] = {"local": _local}
