"""LlamaCloud (LlamaParse): batches of up to 1,000 documents over a directory, parsed or extracted from."""

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
    from docbatch.core.results import Answer, Result
    from docbatch.core.tariffs import Tariff
    from docbatch.providers.base import Provider
    from docbatch.providers.page_ranges import RangedReading
    from docbatch.providers.webhook import Webhook

BASE_URL = "https://api.cloud.llamaindex.ai"
BASE_URL_VARIABLE = "LLAMA_CLOUD_BASE_URL"
MOST_DOCUMENTS = 1_000

GRACE = 60.0
IN_FLIGHT = 4
# The rates below are reached while an upload takes 0.75 seconds and a question 0.3; more threads only get in each other's way.
THREADS = 6
# The service names one limit that concerns us, 50 uploads in 5 seconds, and none for questions.
UPLOADS_PER_SECOND = 8.0
UPLOADS_AT_ONCE = 10
REQUESTS_PER_SECOND = 20.0


def _config(operation: Operation) -> ConfigContract:
    from docbatch.providers.llamacloud.options import CONFIGS, EXECUTION_ONLY  # noqa: PLC0415 - only what a job uses

    return ConfigContract(CONFIGS[operation], EXECUTION_ONLY)


def base_url(settings: Settings) -> str:
    return address_of(settings, BASE_URL_VARIABLE, BASE_URL) or BASE_URL


def account(settings: Settings) -> str:
    """Name the region or installation, and the project if the connection says one; else the key decides."""
    parts = urlsplit(base_url(settings))
    return f"{parts.netloc}{parts.path}" + (f"/{settings.workspace}" if settings.workspace else "")


def traits(settings: Settings) -> Traits:
    return Traits(
        recovery=Recovery.FINDABLE,
        findable=True,
        max_items=MOST_DOCUMENTS,
        max_in_flight=settings.in_flight or IN_FLIGHT,
        grace=GRACE if settings.grace is None else settings.grace,
        resend=settings.resend is not False,
        poll_initial=settings.poll_initial or 2.0,
        poll_max=settings.poll_max or 30.0,
        concurrency=THREADS,
        documents_per_second=settings.requests_per_second or UPLOADS_PER_SECOND,
    )


def _pins(operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str] | None:
    from docbatch.providers.llamacloud.configuring.versions import resolved_by_the_service  # noqa: PLC0415 - only what a job uses

    parameters = config.get("parameters")
    return None if parameters is None or resolved_by_the_service(operation, parameters) else {}


def _moving(operation: Operation, config: Mapping[str, Any]) -> tuple[str, ...]:
    from docbatch.providers.llamacloud.configuring.versions import moving  # noqa: PLC0415 - the same

    return tuple(moving(operation, config))


def _connect(settings: Settings, surroundings: Surroundings) -> "Provider":
    from docbatch.providers.http.keyed import KeyedClient, PresignedClient  # noqa: PLC0415 - the client is heavy
    from docbatch.providers.llamacloud.calls import Api  # noqa: PLC0415
    from docbatch.providers.llamacloud.provider import LlamaCloudProvider  # noqa: PLC0415

    address = base_url(settings)
    asked = settings.requests_per_second
    limiter = surroundings.limiter(asked or REQUESTS_PER_SECOND, burst=THREADS)
    client = KeyedClient(address, {"Authorization": f"Bearer {surroundings.key()}"}, limiter=limiter)
    return LlamaCloudProvider(
        Api(client, settings.workspace),
        PresignedClient(address, secrets=client.secrets),
        traits(settings),
        account(settings),
        # Who names a rate knows the limits of the account's own plan.
        uploading=None if asked else surroundings.limiter(UPLOADS_PER_SECOND, UPLOADS_AT_ONCE, "uploads"),
    )


def _ranges(operation: Operation) -> "RangedReading | None":
    if operation is not Operation.PARSE:
        return None
    from docbatch.providers.llamacloud.configuring.parts import RANGES  # noqa: PLC0415 - few jobs split documents

    return RANGES


def _read(payload: bytes) -> "Answer":
    from docbatch.providers.llamacloud.answer import read  # noqa: PLC0415 - the result model is not needed to plan

    return read(payload)


def _written_back(result: "Result") -> bytes:
    from docbatch.providers.llamacloud.answer import written_back  # noqa: PLC0415 - as above

    return written_back(result)


def _webhook() -> "Webhook":
    from docbatch.providers.llamacloud.webhook import WEBHOOK  # noqa: PLC0415 - for listening only

    return WEBHOOK


def _tariff(operation: Operation, config: Mapping[str, Any]) -> "Tariff":
    from docbatch.providers.llamacloud.charges import tariff  # noqa: PLC0415 - asked for estimates alone

    return tariff(operation, config)


def _abilities() -> tuple[str, ...]:
    return (
        f"batches of up to {MOST_DOCUMENTS:,} documents, one directory each; a plan with batches (Pro or Enterprise)",
        "parse up to 512 MB a document, extract up to 100 MB",
        "the key in LLAMA_CLOUD_API_KEY; regions by base_url, such as https://api.cloud.eu.llamaindex.ai",
        "an unanswered create is looked for by its directory; found: followed, absent after the grace: sent again",
        "directories are removed when results are safe (cleanup: false keeps them); results expire unpublished",
    )


KIND = ProviderKind(
    name="llamacloud",
    title="LlamaCloud",
    operations=(Operation.PARSE, Operation.EXTRACT),
    config=_config,
    traits=traits,
    account=account,
    pins=_pins,
    moving=_moving,
    connect=_connect,
    read=_read,
    ranges=_ranges,
    written_back=_written_back,
    tariff=_tariff,
    abilities=_abilities,
    inputs=lambda _operation: frozenset({Input.FILE_ID, Input.TEXT}),
    service=Service(
        key_variable="LLAMA_CLOUD_API_KEY",
        address_variable=BASE_URL_VARIABLE,
        hosts=frozenset({"api.cloud.llamaindex.ai", "api.cloud.eu.llamaindex.ai"}),
        webhook=_webhook,
        emulator=EmulatorKind(
            8472,
            "docbatch.emulators.llamacloud.service:rehearsed",
            "docbatch.emulators.llamacloud.webhook:announcements",
        ),
    ),
)
