"""The job spec, as users write it."""

from functools import partial
from typing import Annotated, Any

from pydantic import ConfigDict, Field, Tag, WithJsonSchema

from docbatch import sources
from docbatch.core.demands import OnPartial
from docbatch.core.models import Operation
from docbatch.core.result_warnings import OnEmpty
from docbatch.fields import (
    WORD,
    ApiVersion,
    Duration,
    Label,
    LabelValue,
    LateUnion,
    Name,
    PathTemplate,
    Priority,
    Schema,
    SpecModel,
)
from docbatch.providers import DEFAULT_PROVIDER, REGISTRY
from docbatch.secret_references import PasswordReference
from docbatch.sinks import KINDS
from docbatch.sinks.kind import SinkSpec
from docbatch.sources.options import FOLDER
from docbatch.specs.failing import OnRemoval, Retries, Timeout, TimeoutSpec
from docbatch.specs.limits import Limits
from docbatch.specs.window import WindowSpec


def source_models() -> list[type[SpecModel]]:
    """Return what a job may write under `source:`, one of these."""
    return [kind.written for kind in sources.KINDS.kinds()]


def _tagged_models() -> list[Any]:
    return [Annotated[kind.written, Tag(kind.tag)] for kind in sources.KINDS.kinds()]


def _source_tag(value: Any) -> str:
    """Return what says which kind of source this is: its type, or a key of its own; patterns where there is neither."""
    found = value if isinstance(value, dict) else {}
    kinds = [kind for kind in sources.KINDS.kinds() if kind is not FOLDER]
    meant = (kind for kind in kinds if kind.tag == found.get("type") or (kind.key or "type:") in found)
    return next(meant, FOLDER).tag


Source = Annotated[SpecModel, LateUnion(_tagged_models, _source_tag)]


def _sink_models() -> list[type[SinkSpec]]:
    return [kind.options for kind in KINDS.kinds()]


Sink = Annotated[SinkSpec, LateUnion(_sink_models)]
Sinks = Annotated[list[Sink], Field(min_length=1, max_length=20)]


def _with_names(schema: dict[str, Any]) -> None:
    names = ", ".join(REGISTRY.at_hand())
    schema["description"] = f"a connection: {names}, or one that docbatch.yaml names"


MOST_EXTENDED = 20
"""So many fragments one file extends."""

_PATH: Schema = {"type": "string", "minLength": 1, "maxLength": 1000}
_WORTH: Schema = {"type": ["string", "number", "boolean"]}
_NAMED: Schema = {"type": "object", "properties": {"name": _WORTH}, "required": ["name"]}
_EXCLUSION: Schema = {"type": "object", "additionalProperties": _WORTH, "minProperties": 1}
_AXES: Schema = {
    "type": "object",
    "properties": {
        "exclude": {
            "type": "array",
            "items": _EXCLUSION,
            "description": "combinations that are no jobs, each by some of its values",
        },
        # What others call so adds to combinations that are there.
        "include": False,
    },
    "propertyNames": {"pattern": WORD},
    "additionalProperties": {"type": "array", "items": {"anyOf": [_WORTH, _NAMED]}, "minItems": 1},
    "minProperties": 1,
}

Extends = Annotated[
    str | list[str],
    WithJsonSchema(
        {"anyOf": [_PATH, {"type": "array", "items": _PATH, "minItems": 1, "maxItems": MOST_EXTENDED}]}
    ),
]
Axes = Annotated[dict[str, Any], WithJsonSchema(_AXES)]

_WINDOW_FOR_DEADLINE: Schema = {
    "if": {"properties": {"deadline": {"type": "string"}}, "required": ["deadline"]},
    "then": {"properties": {"window": {"type": "object"}}, "required": ["window"]},
}


class JobSpec(SpecModel):
    """One job: which documents go to which provider, and where the results go."""

    model_config = ConfigDict(json_schema_extra=_WINDOW_FOR_DEADLINE)

    api_version: ApiVersion = Field(alias="apiVersion", description="the version of this format")
    name: Name = Field(description="the job's name, unique in the project; what jobs extend has none")
    extends: Extends = Field(
        default=[],
        description="files with parts of jobs, which this one has unless it says otherwise itself; later ones win over earlier ones",
    )
    matrix: Axes = Field(
        default={},
        description="values by name: every combination of them is a job, in which `{{ matrix.NAME }}` stands for the value",
    )
    source: Source = Field(
        description="where the documents are: files or objects in a bucket by patterns, links, ids at the vendor, or texts"
    )
    provider: Name = Field(default=DEFAULT_PROVIDER, json_schema_extra=_with_names)
    operation: Operation = Field(
        default=Operation.PARSE, description="what is done with a document, as far as the provider has it"
    )
    config: dict[str, Any] = Field(
        default={}, description="the provider's own options; changing them processes the documents again"
    )
    priority: Priority = Field(default=50, description="1 to 100; lower goes first in docbatch's own queue")
    timeout: Timeout = Field(
        default=TimeoutSpec(after="6h"),
        description="how long a submission may take before it is reported as stuck: a number and s, m, h or d; or what is done then as well",
    )
    retry: Retries = Field(
        default={},
        description="what is tried again by itself when it failed, by failure class, and how often; nothing that may be charged when left out",
    )
    on_removal: OnRemoval = Field(
        default="collect",
        description="what is done about work under way for documents that are no longer found: its results are collected, or the vendor is asked to stop it",
    )
    on_empty: OnEmpty = Field(
        default="ok",
        description="what a document is in which there is nothing to see: done, with a warning, or failed and not delivered",
    )
    on_partial: OnPartial = Field(
        default="report",
        description="what a document is that was read in part: delivered and reported, which makes the exit code 3; accepted;"
        " tried again; or failed and not delivered",
    )
    window: WindowSpec | None = Field(
        default=None, description="the hours in which documents are sent; at any hour when left out"
    )
    deadline: Duration | None = Field(
        default=None,
        description="how long a document waits for the window at most, from the first apply that has it; then it is sent outside of it",
    )
    limits: Limits = Field(
        default=[],
        description="what may be spent on this job, beside what docbatch.yaml allows the connection and the project",
    )
    passwords: PasswordReference | None = Field(
        default=None,
        description="where passwords of documents are found, one a line; read when something is sent, and kept nowhere",
    )
    sink: Sinks = Field(
        default=[], description="where results go; needed here or in `defaults` of docbatch.yaml"
    )
    manifest: bool | PathTemplate = Field(
        default=False,
        description="whether a file lists what became of each document, to be committed and checked by `docbatch verify`:"
        " `true` writes `out/<job>/manifest.json`, a template another .json file of the project",
    )
    labels: dict[Label, LabelValue] = Field(
        default={},
        max_length=50,
        description="your own words about the job, for templates and reports",
        json_schema_extra={"additionalProperties": False},
    )


KINDS.watch(partial(JobSpec.model_rebuild, force=True))
sources.KINDS.watch(partial(JobSpec.model_rebuild, force=True))
