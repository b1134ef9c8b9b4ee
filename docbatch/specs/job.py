"""The job spec, as users write it."""

from functools import partial
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from docbatch.core.models import Operation
from docbatch.fields import ApiVersion, Duration, Label, LateUnion, Name, Priority, SpecModel
from docbatch.providers import DEFAULT_PROVIDER, REGISTRY
from docbatch.sinks import KINDS
from docbatch.sinks.kind import SinkSpec
from docbatch.sources.options import FileIdsOptions, FolderOptions, LinksOptions, ListOptions, TextsOptions

SOURCES: tuple[type[SpecModel], ...] = (
    FolderOptions,
    LinksOptions,
    ListOptions,
    FileIdsOptions,
    TextsOptions,
)
_LISTS = ("urls", "urls_from", "file_ids", "texts")


def _source_kind(value: Any) -> str:
    """Return the key that says what kind of source this is; patterns where there is none."""
    return next((kind for kind in _LISTS if isinstance(value, dict) and kind in value), "include")


Source = Annotated[
    Annotated[FolderOptions, Tag("include")]
    | Annotated[LinksOptions, Tag("urls")]
    | Annotated[ListOptions, Tag("urls_from")]
    | Annotated[FileIdsOptions, Tag("file_ids")]
    | Annotated[TextsOptions, Tag("texts")],
    Discriminator(_source_kind),
]


def _sink_models() -> list[type[SinkSpec]]:
    return [kind.options for kind in KINDS.kinds()]


Sink = Annotated[SinkSpec, LateUnion(_sink_models)]
Sinks = Annotated[list[Sink], Field(min_length=1, max_length=20)]


def _with_names(schema: dict[str, Any]) -> None:
    names = ", ".join(REGISTRY.names())
    schema["description"] = f"a connection: {names}, or one that docbatch.yaml names"


class JobSpec(SpecModel):
    """One job: which documents go to which provider, and where the results go."""

    api_version: ApiVersion = Field(alias="apiVersion", description="the version of this format")
    name: Name = Field(description="the job's name, unique in the project")
    source: Source = Field(
        description="where the documents are: files by patterns, links, ids at the vendor, or texts"
    )
    provider: Name = Field(default=DEFAULT_PROVIDER, json_schema_extra=_with_names)
    operation: Operation = Field(
        default=Operation.PARSE, description="what is done with a document, as far as the provider has it"
    )
    config: dict[str, Any] = Field(
        default={}, description="the provider's own options; changing them processes the documents again"
    )
    priority: Priority = Field(default=50, description="1 to 100; lower goes first in docbatch's own queue")
    timeout: Duration = Field(
        default="6h",
        description="how long a submission may take before it is reported as stuck: a number and s, m, h or d",
    )
    sink: Sinks = Field(
        default=[], description="where results go; needed here or in `defaults` of docbatch.yaml"
    )
    labels: dict[Label, str] = Field(
        default={},
        max_length=50,
        description="your own words about the job, for templates and reports",
        json_schema_extra={"additionalProperties": False},
    )


KINDS.watch(partial(JobSpec.model_rebuild, force=True))
