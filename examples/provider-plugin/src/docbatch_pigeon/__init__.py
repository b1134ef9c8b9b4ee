"""Pigeon, a made-up document service: what docbatch is told of it before anything is sent."""

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from docbatch.core.models import Operation, Recovery, Traits
from docbatch.providers.kind import (
    ConfigContract,
    EmulatorKind,
    ProviderKind,
    Service,
    Settings,
    Surroundings,
)

if TYPE_CHECKING:
    from docbatch.core.results import Answer
    from docbatch.providers.base import Provider

BASE_URL = "https://api.pigeon.example"
REQUESTS_PER_SECOND = 50.0


def base_url(settings: Settings) -> str:
    return (settings.base_url or os.environ.get("PIGEON_BASE_URL") or BASE_URL).rstrip("/")


def account(settings: Settings) -> str:
    """Name what the key belongs to as far as the connection says it: the host."""
    return urlsplit(base_url(settings)).netloc.lower()


def traits(settings: Settings) -> Traits:
    """Say what the service can do, and heed what the connection says about it."""
    return Traits(
        recovery=Recovery.FINDABLE,
        findable=True,
        max_items=100,
        max_in_flight=settings.in_flight or 4,
        grace=120.0 if settings.grace is None else settings.grace,
        resend=settings.resend is True,
        poll_initial=settings.poll_initial or 2.0,
        poll_max=settings.poll_max or 30.0,
    )


# The client and the models are heavy: they are imported when they are needed, so that planning stays quick.


def _config(_operation: Operation) -> ConfigContract:
    from docbatch_pigeon.options import PigeonConfig

    return ConfigContract(PigeonConfig)


def _connect(settings: Settings, surroundings: Surroundings) -> "Provider":
    from docbatch.providers.http.keyed import KeyedClient
    from docbatch_pigeon.provider import Pigeon

    rate = settings.requests_per_second or REQUESTS_PER_SECOND
    headers = {"X-API-Key": surroundings.key()}
    client = KeyedClient(
        base_url(settings), headers, limiter=surroundings.limiter(rate, burst=int(rate) or 1)
    )
    return Pigeon(client, account(settings), traits(settings))


def _read(payload: bytes) -> "Answer":
    from docbatch_pigeon.answer import PigeonAnswer

    return PigeonAnswer(payload)


KIND = ProviderKind(
    name="pigeon",
    contract=0,
    title="Pigeon",
    operations=(Operation.PARSE,),
    config=_config,
    traits=traits,
    account=account,
    connect=_connect,
    read=_read,
    service=Service(
        "PIGEON_API_KEY",
        "PIGEON_BASE_URL",
        hosts=frozenset({"api.pigeon.example"}),
        emulator=EmulatorKind(8481, "docbatch_pigeon.emulator:rehearsed"),
    ),
    abilities=lambda: ("a lost answer: the marker is looked for among the batches",),
)
