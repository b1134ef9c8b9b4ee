"""What the JSON Schemas say about each provider: what `validate` refuses there, editors refuse as well.

A job's provider is known to a schema where the job names one under its own name: a connection that bears a provider's
name is of that type, unless docbatch.yaml gives a plug-in's name to another.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from docbatch.core.models import Input, Operation
from docbatch.fields import UNSET, Schema, within
from docbatch.providers import REGISTRY
from docbatch.providers.kind import ProviderKind
from docbatch.specs.project_file import unused_settings

Configs = Mapping[tuple[str, Operation], type[BaseModel]]

# Files are taken everywhere, and links as well: docbatch fetches those that a vendor does not follow.
_KEYS = {Input.FILE_ID: "file_ids", Input.TEXT: "texts"}


def configs() -> Configs:
    """Return the model of `config` for every operation of every provider."""
    return {
        (kind.name, operation): kind.config(operation).model
        for kind in REGISTRY.kinds()
        for operation in kind.operations
    }


def job_rules(references: Mapping[type[BaseModel], Schema]) -> Iterator[Schema]:
    """Yield what holds for a job at each provider, given how the models of `config` are referred to."""
    for kind in REGISTRY.kinds():
        if set(kind.operations) != set(Operation):
            has = {"enum": [operation.value for operation in kind.operations]}
            yield {"if": _meant(kind.name), "then": within("operation", has)}
        if not any(map(kind.takes_passwords, kind.operations)):
            yield {"if": _meant(kind.name), "then": within("passwords", UNSET)}
        for operation in kind.operations:
            model = kind.config(operation).model
            yield _operation_rule(kind, operation, model, references[model])


def _meant(name: str) -> Schema:
    return {**within("provider", {"const": name}), "required": ["provider"]}


def _operation_rule(
    kind: ProviderKind, operation: Operation, model: type[BaseModel], config: Schema
) -> Schema:
    meant = _meant(kind.name)
    meant["properties"] = {**meant["properties"], "operation": {"const": operation.value}}
    if operation is not Operation.PARSE:
        meant["required"] = [*meant["required"], "operation"]
    then: Schema = within("config", config)
    if _is_needed(model):
        then["required"] = ["config"]
    taken = kind.inputs(operation)
    untaken: list[Schema] = [{"required": [key]} for each, key in _KEYS.items() if each not in taken]
    if Input.OBJECT not in taken:
        untaken.append({**within("hand_over", {"const": "link"}), "required": ["hand_over"]})
    if untaken:
        then["properties"]["source"] = {"not": {"anyOf": untaken}}
    return {"if": meant, "then": then}


def _is_needed(model: type[BaseModel]) -> bool:
    """Say whether a model refuses a config that sets nothing."""
    try:
        model.model_validate({})
    except ValidationError:
        return True
    return False


def connection_rules() -> Schema:
    """Return what holds for connections by their names.

    Those of docbatch's own providers are of that type, those of plug-ins unless they say another; others say theirs.
    """
    names = REGISTRY.at_hand()
    rules = {
        kind.name: {"properties": {"type": {"enum": [kind.name, None]}, **_unused(kind)}}
        if kind.name in REGISTRY.names()
        else {"if": within("type", UNSET), "then": {"properties": _unused(kind)}}
        for kind in REGISTRY.kinds()
    }
    other = {**within("type", {"type": "string"}), "required": ["type"]}
    return {"properties": rules, "patternProperties": {f"^(?!(?:{'|'.join(names)})$)": other}}


def type_rules() -> Iterator[Schema]:
    """Yield what connections of each type have no use for."""
    for kind in REGISTRY.kinds():
        if unused := _unused(kind):
            meant = {**within("type", {"const": kind.name}), "required": ["type"]}
            yield {"if": meant, "then": {"properties": unused}}


def _unused(kind: ProviderKind) -> dict[str, Any]:
    return dict.fromkeys(unused_settings(kind), UNSET)
