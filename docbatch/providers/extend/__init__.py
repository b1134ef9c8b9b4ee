"""Extend (extend.ai): parse, extract, classify and split through batches; the older API version through single runs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from docbatch.core.errors import UsageError
from docbatch.core.models import Input, Operation, Recovery, Stops, Traits
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
    # Planning needs neither the HTTP client nor the result model.
    from docbatch.core.results import Answer, Result
    from docbatch.core.tariffs import Tariff
    from docbatch.providers.base import Provider
    from docbatch.providers.page_ranges import RangedReading
    from docbatch.providers.webhook import Webhook

REGIONS = {
    "us": "https://api.extend.ai",
    "us2": "https://api.us2.extend.app",
    "eu": "https://api.eu1.extend.ai",
}
BASE_URL_VARIABLE = "EXTEND_BASE_URL"
CURRENT = "2026-02-09"
SINGLE = "2025-04-21"

# The smallest plan has buckets of 10 a second each for reads, writes and runs.
REQUESTS_PER_SECOND = 10.0
MOST_DOCUMENTS = 1000
IN_FLIGHT = 8
# A single run is a submission of its own.
SINGLES_IN_FLIGHT = 40
GRACE = 600.0
# An upload is answered only after the vendor has taken the whole file in.
SILENCE = 120.0


def _config(operation: Operation) -> ConfigContract:
    from docbatch.providers.extend.options import CONFIGS, EXECUTION_ONLY  # noqa: PLC0415 - only what a job uses

    return ConfigContract(CONFIGS[operation], EXECUTION_ONLY, surcharged=frozenset({"priority"}))


def _traits(settings: Settings) -> Traits:
    single = api_version(settings) == SINGLE
    return Traits(
        recovery=Recovery.NONE if single else Recovery.FINDABLE,
        findable=not single,
        max_items=1 if single else MOST_DOCUMENTS,
        stops=Stops.NOTHING if single else Stops.BEGUN,
        max_in_flight=settings.in_flight or (SINGLES_IN_FLIGHT if single else IN_FLIGHT),
        grace=GRACE if settings.grace is None else settings.grace,
        resend=bool(settings.resend) and not single,
        poll_initial=settings.poll_initial or 2.0,
        poll_max=settings.poll_max or 30.0,
        concurrency=8,
        documents_per_second=settings.requests_per_second or REQUESTS_PER_SECOND,
    )


def base_url(settings: Settings) -> str:
    """Return where the connection's account lives."""
    region = settings.variables.get("EXTEND_REGION", "us")
    url = address_of(settings, BASE_URL_VARIABLE, REGIONS.get(region))
    if url is None:
        raise UsageError(
            f"EXTEND_REGION is '{region}', which is no region of Extend",
            hint=f"use one of {', '.join(REGIONS)}",
        )
    return url


def api_version(settings: Settings) -> str:
    """Return the version of the API that the connection speaks."""
    version = settings.api_version or settings.variables.get("EXTEND_API_VERSION") or CURRENT
    if version not in (CURRENT, SINGLE):
        raise UsageError(
            f"connection '{settings.name}': docbatch does not speak Extend's API version {version}",
            hint=f"use {CURRENT}, or {SINGLE} for single runs",
        )
    return str(version)


def _workspace(settings: Settings) -> str | None:
    return settings.workspace or settings.variables.get("EXTEND_WORKSPACE_ID") or None


def _account(settings: Settings) -> str:
    """An account is a host and a workspace; a key of a workspace names none."""
    return f"{urlsplit(base_url(settings)).netloc}/{_workspace(settings) or 'own'}"


def _pins(operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str] | None:
    if operation is Operation.PARSE:
        return {}
    from docbatch.providers.extend.moving_versions import moves  # noqa: PLC0415 - not needed to describe the provider

    return None if moves(config["processor"]) else {}


def _moving(operation: Operation, config: Mapping[str, Any]) -> tuple[str, ...]:
    from docbatch.providers.extend.moving_versions import moving  # noqa: PLC0415 - the same

    return tuple(moving(operation, config))


def _connect(settings: Settings, surroundings: Surroundings) -> "Provider":
    from docbatch.providers.extend.calls import Buckets  # noqa: PLC0415 - the client is not needed to plan
    from docbatch.providers.extend.provider import ExtendProvider  # noqa: PLC0415
    from docbatch.providers.extend.single_runs import SingleRuns  # noqa: PLC0415
    from docbatch.providers.http.keyed import KeyedClient, PresignedClient  # noqa: PLC0415

    version, workspace, url = api_version(settings), _workspace(settings), base_url(settings)
    headers = {"Authorization": f"Bearer {surroundings.key()}", "x-extend-api-version": version}
    if workspace is not None:
        headers["x-extend-workspace-id"] = workspace
    limiter = Buckets(settings.requests_per_second or REQUESTS_PER_SECOND, surroundings.limiter)
    client = KeyedClient(url, headers, limiter=limiter, timeout=300)
    kind = SingleRuns if version == SINGLE else ExtendProvider
    storage = PresignedClient(url, secrets=client.secrets)
    return kind(_account(settings), _traits(settings), client, storage, surroundings.link)


def _ranges(operation: Operation) -> "RangedReading | None":
    if operation is not Operation.PARSE:
        return None
    from docbatch.providers.extend.configuring.parts import RANGES  # noqa: PLC0415 - few jobs split documents

    return RANGES


def _read(payload: bytes) -> "Answer":
    from docbatch.providers.extend.answer import read  # noqa: PLC0415 - the result model is not needed to plan

    return read(payload)


def _written_back(result: "Result") -> bytes:
    from docbatch.providers.extend.answer import written_back  # noqa: PLC0415 - as above

    return written_back(result)


def _webhook() -> "Webhook":
    from docbatch.providers.extend.webhook import WEBHOOK  # noqa: PLC0415 - for listening only

    return WEBHOOK


def _inputs(operation: Operation) -> frozenset[Input]:
    """Texts are sent as plain text files; the vendor splits none."""
    followed = frozenset({Input.URL, Input.FILE_ID, Input.OBJECT})
    return followed if operation is Operation.SPLIT else followed | {Input.TEXT}


def _tariff(operation: Operation, config: Mapping[str, Any]) -> "Tariff":
    from docbatch.providers.extend.charges import tariff  # noqa: PLC0415 - asked for estimates alone

    return tariff(operation, config)


def _abilities() -> tuple[str, ...]:
    return (
        f"API version {CURRENT}; regions {', '.join(f'{name} ({url})' for name, url in REGIONS.items())}",
        f"api_version {SINGLE}: single parse runs, no batches; an unanswered create is held for 'docbatch resolve'",
        "results are kept by the vendor as the plan of the account says; they are fetched as soon as they are ready",
        "extract, classify and split need a processor saved at Extend; latest is resolved once for a job",
        "takes one password for the PDF files of a job that need one",
        "config.priority is the vendor's own order and may cost a surcharge; the job's priority costs nothing",
        "the vendor stops single runs only, and none that still waits",
    )


KIND = ProviderKind(
    name="extend",
    title="Extend",
    operations=tuple(Operation),
    config=_config,
    traits=_traits,
    account=_account,
    pins=_pins,
    moving=_moving,
    connect=_connect,
    read=_read,
    ranges=_ranges,
    written_back=_written_back,
    tariff=_tariff,
    abilities=_abilities,
    inputs=_inputs,
    takes_passwords=lambda _operation: True,
    service=Service(
        key_variable="EXTEND_API_KEY",
        address_variable=BASE_URL_VARIABLE,
        hosts=frozenset(urlsplit(url).hostname or "" for url in REGIONS.values()),
        has_workspaces=True,
        has_versions=True,
        webhook=_webhook,
        emulator=EmulatorKind(
            8471,
            "docbatch.emulators.extend.service:rehearsed",
            "docbatch.emulators.extend.webhook:announcements",
        ),
    ),
)
