"""What a provider is given and says of itself before one is opened: values only, so that planning imports no client."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docbatch.core.models import Input, Operation, Traits
    from docbatch.core.results import Answer
    from docbatch.providers.base import Provider


@dataclass(frozen=True, slots=True)
class Settings:
    """A connection as its provider sees it. What is None is the provider's own default; times in seconds.

    `workspace` is read from the environment already where it was a reference; it is no secret.
    """

    name: str
    type: str
    base_url: str | None = None
    workspace: str | None = None
    grace: float | None = None
    resend: bool | None = None
    poll_initial: float | None = None
    poll_max: float | None = None
    requests_per_second: float | None = None
    in_flight: int | None = None
    api_version: str | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a provider is given to work with.

    Payloads may be put into `incoming`, `wake` wakes the engine, `key` reads the connection's key and raises
    CredentialsError.
    """

    incoming: Path
    wake: Callable[[], None] = field(compare=False)
    key: Callable[[], str] = field(compare=False)


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """A type of provider. All but `connect` need neither keys nor a network.

    `account` names what the credentials belong to as far as the connection says it. `pins` gives the versions of what
    moves by itself, None where only the vendor knows them. `abilities` are sentences for `docbatch providers`. `hosts`
    are the vendor's own: a key goes to no other host that a file names, unless two people say so. `inputs` are what an
    operation takes beside files: links the vendor follows itself, ids of files it has, plain text. `key_variable` is where
    the key is found when a connection does not say it.
    """

    name: str
    operations: "tuple[Operation, ...]"
    traits: "Callable[[Settings], Traits]"
    account: Callable[[Settings], str]
    pins: "Callable[[Operation, Mapping[str, Any]], Mapping[str, str] | None]"
    connect: "Callable[[Settings, Surroundings], Provider]"
    read: "Callable[[bytes], Answer]"
    abilities: Callable[[], tuple[str, ...]]
    hosts: frozenset[str] = frozenset()
    inputs: "Callable[[Operation], frozenset[Input]]" = lambda _operation: frozenset()
    key_variable: str | None = None
