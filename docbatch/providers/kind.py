"""What a provider is given and says of itself before one is opened: values only, so that planning imports no client."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docbatch.core.errors import CredentialsError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from docbatch.core.models import Input, Operation, Traits
    from docbatch.core.results import Answer, Result
    from docbatch.core.tariffs import Tariff
    from docbatch.naming.references import ObjectReference
    from docbatch.providers.base import Provider
    from docbatch.providers.http.rates import Limiter
    from docbatch.providers.page_ranges import RangedReading
    from docbatch.providers.webhook import Webhook


CONTRACT = 0
"""The version of what a provider promises and is promised: `base.py` and this file. A plug-in states the one it was built for.

While it is 0 it may change with any release; what is added has a default.
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """A connection as its provider sees it. What is None is the provider's own default; times in seconds.

    `on` names another place than this machine at which its work is done, of those that its kind `runs_on`.
    `workspace` is read from the environment already where it was a reference; it is no secret. `variables` are those of
    the environment that the provider may read: all of them, unless nobody vouches for the project.
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
    workers: int | None = None
    on: str | None = None
    api_version: str | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ, compare=False, repr=False)


def _no_link(reference: "ObjectReference") -> str:
    raise CredentialsError(
        f"no store under stores: has {reference.shown}, so no link to it can be signed",
        hint="put the store back into docbatch.yaml; nothing was sent",
    )


def own_limiter(per_second: float, burst: int = 1, sort: str = "all") -> "Limiter":  # noqa: ARG001 - alone, all sorts are
    """Return a limiter that no other process knows of."""
    from docbatch.providers.http.rates import Limiter  # noqa: PLC0415 - the client is heavy, and not needed to plan

    return Limiter(per_second, burst)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a provider is given to work with.

    Payloads may be put into `incoming`, `wake` wakes the engine, `key` reads the connection's key and raises
    CredentialsError. `address` says where the place is found that the work is done `on`, None where nothing does, and raises
    CredentialsError. `link` signs a link to an object, and raises CredentialsError: whoever has the link has the object, so
    that it is put into the request itself and kept nowhere. `limiter` makes one for a rate, a burst and a sort of request that the
    service counts apart, which the processes of this machine share that use the same account, and runs on others through a store.
    """

    incoming: Path
    wake: Callable[[], None] = field(compare=False)
    key: Callable[[], str] = field(compare=False)
    address: Callable[[], str | None] = field(default=lambda: None, compare=False)
    link: "Callable[[ObjectReference], str]" = field(default=_no_link, compare=False)
    limiter: "Callable[..., Limiter]" = field(default=own_limiter, compare=False)


@dataclass(frozen=True, slots=True)
class ConfigContract:
    """What a job may write under `config:` for one operation, judged by `model`.

    `execution_only` fields bound the work and say nothing about results; they are no part of an item's key.
    `surcharged` are those for which the vendor may ask more.
    """

    model: "type[BaseModel]"
    execution_only: frozenset[str] = frozenset()
    surcharged: frozenset[str] = frozenset()

    @property
    def defaults(self) -> Mapping[str, Any]:
        """What fields are when they are left out, of those of which the provider says so."""
        fields = self.model.model_fields.items()
        return {
            name: field.default
            for name, field in fields
            if field.default is not None and not field.is_required()
        }


@dataclass(frozen=True, slots=True)
class EmulatorKind:
    """How `docbatch emulate` puts a service on: `port` is where it is found unless another is asked for.

    `make` names the function that makes one, as `package.module:function`, because emulators use providers and never the
    reverse. It is given the names of the saved configurations that extract, and returns an `Emulator`. `webhooks` names one
    that is given the emulator and a secret, and returns by their ids the signed deliveries about all that has ended; it is
    empty where there are none.
    """

    port: int
    make: str
    webhooks: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that is reached over the network, with a key, and marks its work with the project's id.

    `key_variable` and `address_variable` are where key and base URL are found when a connection does not say them.
    `hosts` are the vendor's own: a key goes to no other host that a file names, unless two people say so. A connection
    may name a workspace or a version of the API where the service has several. `webhook` loads how its deliveries are
    judged, where it sends any; `emulator` is there where it can be rehearsed.
    """

    key_variable: str
    address_variable: str
    hosts: frozenset[str] = frozenset()
    has_workspaces: bool = False
    has_versions: bool = False
    webhook: "Callable[[], Webhook] | None" = None
    emulator: EmulatorKind | None = None


def _unknown_tariff(_operation: "Operation", _config: Mapping[str, Any]) -> "Tariff":
    from docbatch.core.tariffs import UNKNOWN_TARIFF  # noqa: PLC0415 - asked for estimates alone

    return UNKNOWN_TARIFF


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """A type of provider, as its own folder declares it. All but `connect` need neither keys nor a network.

    `title` is what people call it. `config` says what a job may set for one of its `operations`. `account` names what the
    credentials belong to as far as the connection says it. `service` is what it talks to; without one it works on this
    machine and needs neither a key nor a project id; `has_workers` says that a connection may set how many processes read
    documents here, and `runs_on` names where else its work can be done. `pins` gives the versions of what moves by itself, None where only
    the vendor knows them; `moving` says in sentences what moves of which nobody gives a version, and what to write instead. `inputs` are what an operation takes beside files: links the vendor follows itself, ids of
    files it has, plain text. `written_back` makes of a
    result, as a file of `format: json` has it, bytes that `read` reads as that result; without it results cannot be taken
    back from outputs. `takes_passwords` says whether documents that need one can be opened with passwords that come
    with a batch. `abilities` are sentences for `docbatch providers`. `tariff` says what is charged for an operation with a config; unless it
    does, what a document costs is not known. `ranges` says how larger documents are read in parts, for an operation that can do so. A plug-in's `contract` is the `CONTRACT`
    it was built for, as a number; docbatch's own need none.
    """

    name: str
    title: str
    operations: "tuple[Operation, ...]"
    config: "Callable[[Operation], ConfigContract]"
    traits: "Callable[[Settings], Traits]"
    account: Callable[[Settings], str]
    connect: "Callable[[Settings, Surroundings], Provider]"
    read: "Callable[[bytes], Answer]"
    written_back: "Callable[[Result], bytes] | None" = None
    service: Service | None = None
    has_workers: bool = False
    runs_on: tuple[str, ...] = ()
    pins: "Callable[[Operation, Mapping[str, Any]], Mapping[str, str] | None]" = lambda _operation, _config: {}
    moving: "Callable[[Operation, Mapping[str, Any]], tuple[str, ...]]" = lambda _operation, _config: ()
    inputs: "Callable[[Operation], frozenset[Input]]" = lambda _operation: frozenset()
    abilities: Callable[[], tuple[str, ...]] = lambda: ()
    takes_passwords: "Callable[[Operation], bool]" = lambda _operation: False
    tariff: "Callable[[Operation, Mapping[str, Any]], Tariff]" = _unknown_tariff
    ranges: "Callable[[Operation], RangedReading | None]" = lambda _operation: None
    contract: int | None = None
