"""JSON Schemas, generated from the models that judge."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from docbatch.core.models import Operation
from docbatch.core.results import Result
from docbatch.specs.configs import CONFIG_MODELS, ConfigContract
from docbatch.specs.job import JobSpec
from docbatch.specs.project import ProjectSpec

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Untitled(GenerateJsonSchema):
    """Titles only repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the name is pydantic's
        return False


def job_schema() -> Schema:
    """Return the schema of job specs; `config` is described for connections that carry a provider's own name."""
    contracts = {key: contract() for key, contract in CONFIG_MODELS.items()}
    models: list[type[BaseModel]] = [JobSpec, *(contract.model for contract in contracts.values())]
    wanted: list[tuple[type[BaseModel], Literal["validation"]]] = [(model, "validation") for model in models]
    _, shared = models_json_schema(wanted, schema_generator=_Untitled)
    definitions = shared["$defs"]
    schema = definitions.pop(JobSpec.__name__)
    rules = [_config_rule(kind, operation, contract) for (kind, operation), contract in contracts.items()]
    return _document("docbatch job", {**schema, "allOf": rules, "$defs": definitions})


def project_schema() -> Schema:
    """Return the schema of docbatch.yaml."""
    return _document("docbatch project", ProjectSpec.model_json_schema(schema_generator=_Untitled))


def result_schema() -> Schema:
    """Return the schema of what `format: json` and `jsonl` sinks write."""
    schema = Result.model_json_schema(mode="serialization", schema_generator=_Untitled)
    return _document("docbatch result", schema)


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "job": job_schema,
    "project": project_schema,
    "result": result_schema,
}


def render(name: str) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


def file_name(name: str) -> str:
    return f"{name}.schema.json"


def write(folder: Path) -> list[Path]:
    """Write all schemas into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / file_name(name) for name in SCHEMAS]
    for name, path in zip(SCHEMAS, paths, strict=True):
        path.write_text(render(name), encoding="utf-8")
    return paths


def _config_rule(kind: str, operation: Operation, contract: ConfigContract) -> Schema:
    """Describe `config` where the spec itself says that this provider and operation are meant."""
    required = ["provider"] if operation is Operation.PARSE else ["provider", "operation"]
    meant = {"provider": {"const": kind}, "operation": {"const": operation.value}}
    config = {"$ref": f"#/$defs/{contract.model.__name__}"}
    return {"if": {"properties": meant, "required": required}, "then": {"properties": {"config": config}}}


def _document(title: str, schema: Schema) -> Schema:
    return {"$schema": _DIALECT, **schema, "title": title}
