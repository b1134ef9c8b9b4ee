"""What a provider charges for a document, by its own tariff and the prices that are shipped."""

import json
from collections.abc import Mapping
from typing import Any

from docbatch.core.amounts import Amount, Bounds
from docbatch.core.estimate import estimate
from docbatch.core.extents import UNCOUNTED, Extent
from docbatch.core.models import REFERENCE_TYPES, Input, Operation
from docbatch.core.prices import Price
from docbatch.core.tariffs import Tariff
from docbatch.prices.profile import price_list
from docbatch.providers import REGISTRY

PDF = "application/pdf"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OLD_WORKBOOK = "application/vnd.ms-excel"
CSV = "text/csv"
PICTURE = "image/png"
TEXT = "text/plain"
LINK = REFERENCE_TYPES[Input.URL]
UNTOLD = "application/octet-stream"
TEN = Extent(pages=10)
NONE: Mapping[str, Price] = {}

Config = Mapping[str, Any]


def tariff(provider: str, operation: Operation, config: Config) -> Tariff:
    """Return the tariff of a config that is valid."""
    kind = REGISTRY.kind(provider)
    kind.config(operation).model.model_validate_json(json.dumps(config))
    return kind.tariff(operation, config)


def amount(
    provider: str,
    operation: Operation,
    config: Config,
    media_type: str = PDF,
    extent: Extent = TEN,
    *,
    own: Mapping[str, Price] = NONE,
) -> Amount:
    prices = {**price_list().of(provider), **own}
    return estimate(tariff(provider, operation, config), prices, media_type, extent, 1000)


def pages(
    provider: str, operation: Operation, config: Config, media_type: str = PDF, extent: Extent = UNCOUNTED
) -> Bounds:
    return tariff(provider, operation, config).charged_pages(media_type, extent, 1000)


def millionths(low: float, high: float | None) -> Bounds:
    return Bounds(round(low * 1_000_000), None if high is None else round(high * 1_000_000))
