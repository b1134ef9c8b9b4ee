"""Judging the kind that a plug-in declares: all that can be asked of it without keys and a network is asked once."""

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import cache, partial
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from docbatch.core.amounts import Bounds
from docbatch.core.models import Input, Operation, Traits
from docbatch.core.tariffs import Charge, Raise, Tariff
from docbatch.plugins import Plugin
from docbatch.providers.kind import CONTRACT, ConfigContract, ProviderKind, Service, Settings

GivesTariff = Callable[[Operation, Mapping[str, Any]], Tariff]


def judged(plugin: Plugin, found: object) -> ProviderKind:
    """Return the kind with its functions guarded: they raise PluginError where the plug-in's fail. Raises PluginError."""
    kind = plugin.fitting(found, ProviderKind, CONTRACT)
    _check_values(plugin, kind)
    kind = replace(
        kind,
        config=plugin.guarded("config", kind.config, _is_config, "a ConfigContract of a model"),
        traits=plugin.guarded("traits", kind.traits, _are_traits, "Traits with good values"),
        account=plugin.guarded("account", kind.account, _is_text, "a text"),
        pins=plugin.guarded("pins", kind.pins, _are_pins, "a mapping of texts, or None"),
        moving=plugin.guarded("moving", kind.moving, _are_texts, "a tuple of texts"),
        inputs=plugin.guarded("inputs", kind.inputs, _are_inputs, "a frozenset of Input"),
        takes_passwords=plugin.guarded("takes_passwords", kind.takes_passwords, _is_answer, "True or False"),
        tariff=_guarded_tariff(plugin, kind.tariff),
        abilities=plugin.guarded("abilities", kind.abilities, _are_texts, "a tuple of texts"),
    )
    settings = Settings(kind.name, kind.name)
    kind.traits(settings), kind.account(settings), kind.abilities()
    for operation in kind.operations:
        kind.inputs(operation), kind.takes_passwords(operation)
        model = kind.config(operation).model
        plugin.guarded("the schema of its options", model.model_json_schema, json.dumps, "JSON")()
        plugin.guarded("judging no options", partial(_judge_nothing, model), bool, "a verdict")()
    return kind


def _guarded_tariff(plugin: Plugin, tariff: GivesTariff) -> GivesTariff:
    """Return a function whose tariffs ask the plug-in under guard as well."""
    given = plugin.guarded("tariff", tariff, _is_tariff, "a Tariff of Charges")

    def guarded(operation: Operation, config: Mapping[str, Any]) -> Tariff:
        found = given(operation, config)
        charges = tuple(
            replace(each, of=plugin.guarded("a charge's of", each.of, _is_answer, "True or False"))
            for each in found.charges
        )
        count = plugin.guarded("a tariff's count", found.count, _are_bounds, "Bounds")
        return replace(found, charges=charges, count=count)

    return guarded


def _judge_nothing(model: type[BaseModel]) -> bool:
    """The schemas ask whether a job needs to set anything."""
    with suppress(ValidationError):
        model.model_validate({})
    return True


def _check_values(plugin: Plugin, kind: ProviderKind) -> None:
    operations: object = kind.operations
    if not isinstance(operations, tuple) or not operations or not _are(operations, Operation):
        raise plugin.error("declares no operations: a tuple of Operation is needed")
    if not _is_text(kind.title):
        raise plugin.error("declares no title")
    service: object = kind.service
    if service is not None and not isinstance(service, Service):
        raise plugin.error("declares a service that is no Service")
    if not all(map(callable, (kind.connect, kind.read))):
        raise plugin.error("declares connect or read that is no function")


def _are(values: object, kind: type) -> bool:
    if isinstance(values, str) or not isinstance(values, Collection):
        return False
    return all(isinstance(each, kind) for each in values)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple | list) and _are(value, str)


def _is_config(value: object) -> bool:
    if not isinstance(value, ConfigContract):
        return False
    model: object = value.model
    return (
        isinstance(model, type)
        and issubclass(model, BaseModel)
        and _are(value.execution_only, str)
        and _are(value.surcharged, str)
    )


def _are_traits(value: object) -> bool:
    if not isinstance(value, Traits):
        return False
    _model_of_traits().model_validate(asdict(value))
    return min(value.max_items, value.max_in_flight, value.concurrency) >= 1


@cache
def _model_of_traits() -> type[BaseModel]:
    hints: dict[str, Any] = {name: (hint, ...) for name, hint in get_type_hints(Traits).items()}
    return create_model("Traits", __config__=ConfigDict(strict=True), **hints)


def _are_pins(value: object) -> bool:
    return value is None or (
        isinstance(value, Mapping) and _are(value, str) and _are(tuple(value.values()), str)
    )


def _is_tariff(value: object) -> bool:
    if not isinstance(value, Tariff) or not _are(value.charges, Charge) or not _are(value.notes, str):
        return False
    return all(each.items and _are(each.items, str) and _are(each.raised_by, Raise) for each in value.charges)


def _are_bounds(value: object) -> bool:
    return isinstance(value, Bounds) and 0 <= value.low <= (value.low if value.high is None else value.high)


def _is_answer(value: object) -> bool:
    return isinstance(value, bool)


def _are_inputs(value: object) -> bool:
    return isinstance(value, frozenset) and _are(value, Input)
