"""JSON Schemas, generated from the models that judge."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from docbatch import sinks, sources
from docbatch.core import report
from docbatch.core.errors import UsageError
from docbatch.core.explanation import VERSION as EXPLAIN_VERSION
from docbatch.core.explanation import Explanation
from docbatch.core.manifest import JobManifest
from docbatch.core.plan_formats.as_json import VERSION as PLAN_VERSION
from docbatch.core.report import ACTION_OF, Action, PlanReport
from docbatch.core.results import Result
from docbatch.core.run_history import VERSION as HISTORY_VERSION
from docbatch.core.run_history import RunLine
from docbatch.core.spending_guards import Objection
from docbatch.fields import Schema, within
from docbatch.providers import REGISTRY
from docbatch.sinks.rows.facts import FAILURE_VERSION
from docbatch.specs.environments import OF_THE_FILE
from docbatch.specs.job import JobSpec
from docbatch.specs.part_schema import part_of
from docbatch.specs.project import ConnectionSpec, ProjectSpec
from docbatch.specs.provider_rules import configs, connection_rules, job_rules, type_rules
from docbatch.specs.report_schema import report_schema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PART = "part."
"""What names of definitions begin with that hold for parts of jobs."""
_WIDTH = 120
_TEXT = {"type": "string"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_KNOWN = {"sha256": "string", "size": "integer", "media_type": "string"}
"""What is known of a document that failed, but not of one that cannot be sent."""


class _Untitled(GenerateJsonSchema):
    """Titles only repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the name is pydantic's
        return False


def whole_job() -> Schema:
    """Return what holds for jobs that are neither put together nor multiplied; `config` is described for connections that carry a provider's own name."""
    references, definitions = _definitions([JobSpec, *configs().values()])
    schema = definitions.pop(_name(references[JobSpec]))
    rules = list(job_rules(references))
    return {**schema, "allOf": rules, "$defs": definitions}


def job_schema() -> Schema:
    """Return the schema of job specs. What extends others, or has a matrix, may leave out what those say, and fill in values of any type."""
    whole = whole_job()
    definitions = whole.pop("$defs")
    part = part_of({**whole, "$defs": definitions}, f"#/$defs/{_PART}", "#/$defs/")
    definitions |= {_PART + name: each for name, each in part.pop("$defs").items()}
    part["required"] = ["apiVersion", "name"]
    # What extends nothing has all of its source, and of its matrix.
    own = {"properties": {"matrix": whole["properties"]["matrix"]}, "required": ["source"]}
    part["allOf"].append({"if": {"required": ["extends"]}, "else": own})
    composed = {"anyOf": [{"required": ["extends"]}, {"required": ["matrix"]}]}
    return _document("docbatch job", {"if": composed, "then": part, "else": whole, "$defs": definitions})


def fragment_schema() -> Schema:
    """Return the schema of what jobs extend: any part of one but its name."""
    part = part_of(whole_job(), "#/$defs/")
    part["properties"]["name"] = False
    part["description"] = "Part of a job, for jobs to extend."
    return _document("docbatch fragment", part)


def project_schema() -> Schema:
    """Return the schema of docbatch.yaml."""
    from docbatch.prices.lines import OwnLine  # noqa: PLC0415 - judged apart, see ProjectSpec
    from docbatch.specs.state_spec import OwnState  # noqa: PLC0415 - the same
    from docbatch.specs.stores import OwnStores  # noqa: PLC0415 - the same

    references, definitions = _definitions([ProjectSpec, ConnectionSpec, OwnLine, OwnState, OwnStores])
    schema = definitions.pop(_name(references[ProjectSpec]))
    definitions[_name(references[ConnectionSpec])]["allOf"] = list(type_rules())
    schema["properties"]["prices"]["items"] = references[OwnLine]
    schema["properties"]["state"] = definitions.pop(_name(references[OwnState]))["properties"]["state"]
    _describe_environments(schema)
    schema["properties"]["providers"]["allOf"] = [connection_rules()]
    schema["properties"]["stores"] = definitions.pop(_name(references[OwnStores]))["properties"]["stores"]
    return _document("docbatch project", {"$defs": definitions, **schema})


def _describe_environments(schema: Schema) -> None:
    """Say what an environment may hold: what the project file does, of which parts may stand above it."""
    # Connections are described here without what their names say of their types, and stores without what they need.
    own = {name: dict(each) for name, each in schema["properties"].items() if name not in OF_THE_FILE}
    each = {**_object(own), "required": ["project"], "additionalProperties": False}
    environments = schema["properties"]["environments"]
    environments["patternProperties"] = dict.fromkeys(environments["patternProperties"], each)
    schema["required"].remove("project")
    named = {**within("environments", {"minProperties": 1}), "required": ["environments"]}
    schema["anyOf"] = [{"required": ["project"]}, named]


def result_schema() -> Schema:
    """Return the schema of what `format: json` writes."""
    schema = Result.model_json_schema(mode="serialization", schema_generator=_Untitled)
    return _document("docbatch result", schema)


def row_schema() -> Schema:
    """Return the schema of what `jsonl` sinks write: results, and failures where the sink has `failures: true`, with what rows say beside."""
    schema = Result.model_json_schema(mode="serialization", schema_generator=_Untitled)
    definitions = schema.pop("$defs")
    facts = {
        "job": _TEXT,
        "labels": _TEXTS,
        "columns": {**_TEXTS, "description": "what else a list says of the document"},
    }
    of_result = {**schema, "properties": {**facts, **schema["properties"]}}
    known = {name: {"type": [kind, "null"]} for name, kind in _KNOWN.items()}
    of_failure = _object(
        {
            **facts,
            "version": {"const": FAILURE_VERSION},
            "outcome": {"const": "failed"},
            "document": _object({"path": _TEXT, **known}),
            "failure": _object({"class": _TEXT, "code": {"type": ["string", "null"]}, "message": _TEXT}),
        }
    )
    for each in (of_result, of_failure, *of_failure["properties"].values()):
        if "properties" in each:
            each["required"] = list(each["properties"])
    return _document("docbatch row", {"$defs": definitions, "anyOf": [of_result, of_failure]})


def plan_schema() -> Schema:
    """Return the schema of what `docbatch plan --format json` prints, and `apply --json` in its first line."""
    reported = TypeAdapter(PlanReport)
    reported.rebuild(_types_namespace={**vars(report), "Objection": Objection})
    schema = reported.json_schema(mode="serialization", schema_generator=_Untitled)
    line = schema["$defs"]["PlanLine"]
    line["properties"] |= {
        "kind": {"enum": list(ACTION_OF)},
        "action": {"enum": list(get_args(Action)), "description": "what is done about them, in one word"},
        "examples": {"type": "array", "items": _object({"path": _TEXT, "detail": _TEXT})},
    }
    schema["properties"] |= {
        "version": {"const": PLAN_VERSION},
        "type": {"const": "plan"},
        "has_changes": {"type": "boolean", "description": "whether apply would do anything"},
        "state_note": {
            "type": ["string", "null"],
            "description": "what is to be known of the numbers where there is no state, or an empty one",
        },
    }
    for each in (schema, *schema["$defs"].values()):
        _require(each)
    return _document("docbatch's plan", schema)


def manifest_schema() -> Schema:
    """Return the schema of the file that `manifest:` of a job writes."""
    schema = JobManifest.model_json_schema(mode="serialization", schema_generator=_Untitled)
    return _document("docbatch manifest", schema)


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def _require(schema: Schema) -> None:
    """Let every object have all that is described: what is written leaves nothing out. Others may be added."""
    for each in (schema, *(inner.get("items", {}) for inner in schema.get("properties", {}).values())):
        if "properties" in each:
            each["required"] = list(each["properties"])
            for inner in each["properties"].values():
                inner.pop("default", None)


def explain_schema() -> Schema:
    """Return the schema of a line of `docbatch explain --json`."""
    schema = TypeAdapter(Explanation).json_schema(mode="serialization", schema_generator=_Untitled)
    schema["properties"] |= {"version": {"const": EXPLAIN_VERSION}, "type": {"const": "explanation"}}
    return _lines("what docbatch explains", schema)


def history_schema() -> Schema:
    """Return the schema of a line of `docbatch history --json`."""
    run = TypeAdapter(RunLine).json_schema(mode="serialization", schema_generator=_Untitled)
    run["properties"] |= {"version": {"const": HISTORY_VERSION}, "type": {"const": "run"}}
    definitions = run.pop("$defs")
    summary = _object(
        {
            "version": {"const": HISTORY_VERSION},
            "type": {"const": "summary"},
            "runs": {"type": "integer"},
            "more": {"type": "boolean", "description": "whether there are older ones that were left out"},
        }
    )
    return _lines("docbatch's history", {"oneOf": [run, summary], "$defs": definitions})


def _lines(title: str, schema: Schema) -> Schema:
    for each in (schema, *schema.get("oneOf", ()), *schema["$defs"].values()):
        _require(each)
    return _document(title, schema)


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "job": job_schema,
    "fragment": fragment_schema,
    "project": project_schema,
    "result": result_schema,
    "row": row_schema,
    "plan": plan_schema,
    "explain": explain_schema,
    "history": history_schema,
    "manifest": manifest_schema,
    "report": lambda: _document("docbatch's report", report_schema()),
}


def load_plugins() -> Sequence[UsageError]:
    """Let the schemas hold what installed plug-ins declare as well, and return what is wrong with the others."""
    return [error for kinds in (REGISTRY, sources.KINDS, sinks.KINDS) for error in kinds.load_plugins()]


def render(name: str) -> str:
    """Return a schema as the text of its file: what fits into a line stands in one, as the file is part of users' projects."""
    return _folded(SCHEMAS[name](), "") + "\n"


def _folded(value: Any, indent: str) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, Mapping | list) or len(indent) + len(flat) <= _WIDTH:
        return flat
    inner = indent + "  "
    if isinstance(value, list):
        return f"[\n{inner}" + f",\n{inner}".join(_folded(each, inner) for each in value) + f"\n{indent}]"
    members = (
        f"{json.dumps(key, ensure_ascii=False)}: {_folded(each, inner)}" for key, each in value.items()
    )
    return f"{{\n{inner}" + f",\n{inner}".join(members) + f"\n{indent}}}"


def file_name(name: str) -> str:
    return f"{name}.schema.json"


def write(folder: Path) -> list[Path]:
    """Write all schemas into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / file_name(name) for name in SCHEMAS]
    for name, path in zip(SCHEMAS, paths, strict=True):
        path.write_text(render(name), encoding="utf-8")
    return paths


def _definitions(models: Sequence[type[BaseModel]]) -> tuple[Mapping[type[BaseModel], Schema], Schema]:
    """Return how each model is referred to, and the definitions: models of two providers may share a name."""
    wanted: list[tuple[type[BaseModel], Literal["validation"]]] = [(model, "validation") for model in models]
    references, shared = models_json_schema(wanted, schema_generator=_Untitled)
    return {model: references[model, "validation"] for model in models}, shared["$defs"]


def _name(reference: Schema) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _document(title: str, schema: Schema) -> Schema:
    return {"$schema": _DIALECT, **schema, "title": title}
