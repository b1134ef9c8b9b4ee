"""The embedded engine, behaving like a remote service: submit, poll, fetch."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from docbatch.core.models import Input, Operation, Recovery, Traits
from docbatch.processes import processors
from docbatch.providers.kind import ConfigContract, ProviderKind, Settings, Surroundings

if TYPE_CHECKING:
    # A worker imports this package, and what these bring along would double the time it takes to start.
    from docbatch.core.results import Answer, Result
    from docbatch.core.tariffs import Tariff
    from docbatch.providers.base import Provider
    from docbatch.providers.page_ranges import RangedReading

TRAITS = Traits(
    recovery=Recovery.KEYED,
    max_items=512,
    max_in_flight=4,
    free=True,
    in_process=True,
    resend=True,
    grace=0.0,
    poll_initial=0.25,
    poll_max=1.0,
    concurrency=1,
)


RAY = "ray"

# So many documents for each worker keep all of them busy while submissions end and follow.
_AHEAD = 4
# The parts of one document go each by itself; beyond so many at once, full submissions would be more than memory is for.
_MOST_PARTS = 64


def traits(workers: int | None) -> Traits:
    """Return how work is handed to so many workers, None for as many as there are processors."""
    width = workers or processors.available()
    submissions = math.ceil(width * _AHEAD / TRAITS.max_items)
    parts = min(width + 2, _MOST_PARTS)
    return replace(TRAITS, max_in_flight=max(TRAITS.max_in_flight, submissions, parts))


def _config(_operation: Operation) -> ConfigContract:
    from docbatch.providers.local.options import EXECUTION_ONLY, LocalConfig  # noqa: PLC0415 - not needed to read

    return ConfigContract(LocalConfig, EXECUTION_ONLY)


def _pins(_operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:
    from docbatch.providers.local.pins import pins  # noqa: PLC0415 - not needed to describe the provider

    return pins(config)


def _connect(settings: Settings, surroundings: Surroundings) -> "Provider":
    from docbatch.providers.local.provider import LocalProvider  # noqa: PLC0415 - the pool is not needed to plan

    make_pool = None
    if settings.on == RAY:
        from docbatch.providers.local.on_ray.ray_pool import pools_of  # noqa: PLC0415 - few have a cluster

        make_pool = pools_of(surroundings.address(), settings)
    return LocalProvider(
        surroundings.incoming, workers=settings.workers, wake=surroundings.wake, make_pool=make_pool
    )


def _read(payload: bytes) -> "Answer":
    from docbatch.providers.local.payload import read  # noqa: PLC0415 - the result model is not needed to plan

    return read(payload)


def _written_back(result: "Result") -> bytes:
    from docbatch.providers.local.payload import written_back  # noqa: PLC0415 - as above

    return written_back(result)


def _ranges(_operation: Operation) -> "RangedReading":
    from docbatch.providers.local.stitched import RANGES  # noqa: PLC0415 - few jobs split documents

    return RANGES


def _tariff(operation: Operation, config: Mapping[str, Any]) -> "Tariff":
    from docbatch.providers.local.charges import tariff  # noqa: PLC0415 - asked for estimates alone

    return tariff(operation, config)


def _abilities() -> tuple[str, ...]:
    from docbatch.providers.local import engines  # noqa: PLC0415 - looks at the file system
    from docbatch.providers.local.ocr import ways  # noqa: PLC0415

    versions = ", ".join(f"{name} {version}" for name, version in engines.versions().items())
    return (
        f"engines: {versions}",
        f"OCR: {ways.said()}",
        f"workers: {processors.available()} at a time, unless 'workers:' of the connection says how many (1 to 1,024)",
        _cluster_ability(),
        "needs no account and no key; nothing leaves this machine, or the cluster that a connection names",
    )


def _cluster_ability() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - asked for abilities alone

    try:
        return f"on: ray reads on a Ray cluster, with Ray {version('ray')} here"
    except PackageNotFoundError:
        return "on: ray reads on a Ray cluster: pip install 'docbatch[ray]'"


KIND = ProviderKind(
    name="local",
    title="the local engine",
    operations=(Operation.PARSE,),
    config=_config,
    traits=lambda settings: traits(settings.workers),
    account=lambda _settings: "local",
    pins=_pins,
    connect=_connect,
    read=_read,
    written_back=_written_back,
    has_workers=True,
    runs_on=(RAY,),
    tariff=_tariff,
    ranges=_ranges,
    abilities=_abilities,
    inputs=lambda _operation: frozenset({Input.TEXT}),
    takes_passwords=lambda _operation: True,
)
