"""extract.page: files uploaded by presigned links, parsed in batches of up to 10,000."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from docbatch.core.models import Input, Operation, Recovery, Traits
from docbatch.providers.address import address_of
from docbatch.providers.kind import (
    ConfigContract,
    EmulatorKind,
    ProviderKind,
    Service,
    Settings,
    Surroundings,
)

if TYPE_CHECKING:
    # The HTTP client and the result models are heavy, and planning needs neither.
    from docbatch.core.results import Answer, Result
    from docbatch.core.tariffs import Tariff
    from docbatch.providers.base import Provider

BASE_URL = "https://api.extract.page"
BASE_URL_VARIABLE = "EXTRACT_BASE_URL"
MOST_FILES = 10_000
GRACE = 60.0
REQUESTS_PER_SECOND = 1000.0


def _config(_operation: Operation) -> ConfigContract:
    from docbatch.providers.extractpage.options import ExtractPageConfig  # noqa: PLC0415 - only what a job uses

    return ConfigContract(ExtractPageConfig)


def base_url(settings: Settings) -> str:
    return address_of(settings, BASE_URL_VARIABLE, BASE_URL) or BASE_URL


def account(settings: Settings) -> str:
    """Name the account by its host: the service has no workspaces, and says nowhere whose key it was given."""
    parts = urlsplit(base_url(settings))
    return (parts.netloc + parts.path).lower()


def traits(settings: Settings) -> Traits:
    return Traits(
        recovery=Recovery.KEYED,
        findable=True,
        max_items=MOST_FILES,
        max_in_flight=settings.in_flight or 4,
        grace=GRACE if settings.grace is None else settings.grace,
        resend=settings.resend is not False,
        poll_initial=settings.poll_initial or 2.0,
        poll_max=settings.poll_max or 30.0,
        concurrency=8,
    )


def _moving(_operation: Operation, config: Mapping[str, Any]) -> tuple[str, ...]:
    if config.get("engine") is not None:
        return ()
    told = (
        "config.engine is left to extract.page, which may take another one any day and has no list of them;"
        " results name the one that read them: write it to keep to it"
    )
    return (told,)


def _connect(settings: Settings, surroundings: Surroundings) -> "Provider":
    from docbatch.providers.extractpage.calls import Service  # noqa: PLC0415 - the same
    from docbatch.providers.extractpage.provider import ExtractPageProvider  # noqa: PLC0415 - the client is heavy
    from docbatch.providers.http.keyed import KeyedClient, PresignedClient  # noqa: PLC0415 - the same

    url = base_url(settings)
    rate = settings.requests_per_second or REQUESTS_PER_SECOND
    limiter = surroundings.limiter(rate, burst=max(1, int(rate / 10)))
    client = KeyedClient(url, {"X-API-KEY": surroundings.key()}, limiter=limiter)
    return ExtractPageProvider(
        Service(url, client, PresignedClient(url, secrets=client.secrets)),
        account(settings),
        traits(settings),
    )


def _read(payload: bytes) -> "Answer":
    from docbatch.providers.extractpage.answer import read  # noqa: PLC0415 - the result model is not needed to plan

    return read(payload)


def _written_back(result: "Result") -> bytes:
    from docbatch.providers.extractpage.answer import written_back  # noqa: PLC0415 - as above

    return written_back(result)


def _tariff(operation: Operation, config: Mapping[str, Any]) -> "Tariff":
    from docbatch.providers.extractpage.charges import tariff  # noqa: PLC0415 - asked for estimates alone

    return tariff(operation, config)


def _abilities() -> tuple[str, ...]:
    return (
        "a lost answer: the same Idempotency-Key for 23 hours, then a look for our metadata among the batches",
        "retention: uploads are used for 48 hours at most; results are fetched as they are ready, the service keeps them 3 days",
        "file ids: files you uploaded yourself are parsed where they lie; one that is gone fails its document",
        "markdown and text are derived from the service's runs of text",
        "figures that come as links are fetched with the result, from the service's own hosts and cloud storage alone: how long links live, and where they lead, is not documented",
        "failed, cancelled and repeated documents may be charged: that is not documented",
        "nothing can be deleted there: files and results leave by themselves after days",
        "whether a key for protected health data may be used for batches is not documented: ask the vendor first",
    )


KIND = ProviderKind(
    name="extractpage",
    title="extract.page",
    operations=(Operation.PARSE,),
    config=_config,
    traits=traits,
    account=account,
    moving=_moving,
    connect=_connect,
    read=_read,
    written_back=_written_back,
    tariff=_tariff,
    abilities=_abilities,
    service=Service(
        key_variable="EXTRACT_API_KEY",
        address_variable=BASE_URL_VARIABLE,
        hosts=frozenset({"api.extract.page"}),
        emulator=EmulatorKind(8473, "docbatch.emulators.extractpage.service:rehearsed"),
    ),
    inputs=lambda _operation: frozenset({Input.FILE_ID}),
)
