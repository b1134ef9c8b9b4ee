"""The job spec, as users write it."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from docbatch.core.models import Operation
from docbatch.fields import (
    ApiVersion,
    Duration,
    Format,
    Label,
    Name,
    OnMissing,
    PathTemplate,
    Priority,
    SpecModel,
    refuse,
)
from docbatch.providers import DEFAULT_PROVIDER, REGISTRY
from docbatch.sources.options import FileIdsOptions, FolderOptions, LinksOptions, ListOptions, TextsOptions

TABLE = r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)"
_FREE_TABLE = TABLE.replace("^", "^(?![Ss][Qq][Ll][Ii][Tt][Ee]_)", 1)


def _not_reserved(table: str) -> str:
    if table.lower().startswith("sqlite_"):
        refuse("a table's name cannot begin with sqlite_", "SQLite keeps these names for itself")
    return table


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


class FilesSinkSpec(SpecModel):
    """One file for each document."""

    type: Literal["files"]
    path: PathTemplate = Field(
        description="template of the output's path, such as `out/{{ job.name }}/{{ doc.path }}.md`; "
        "nothing is written outside its literal beginning"
    )
    format: Format = Field(
        default="markdown",
        description="what is written: the document as `markdown` or `text`, or the whole normalised result as `json`",
    )
    on_missing: OnMissing = Field(
        default="rewrite",
        description="what happens when an output is gone: write it again, or `ignore` it because someone consumed it",
    )


class JsonlSinkSpec(SpecModel):
    """One file for the whole job, with one normalised result as JSON in each line, in path order."""

    type: Literal["jsonl"]
    path: PathTemplate = Field(description="template of the file's path; `doc` cannot be used in it")
    on_missing: OnMissing = Field(
        default="rewrite",
        description="what happens when the file is gone: write it again, or `ignore` it because someone consumed it",
    )


class SqliteSinkSpec(SpecModel):
    """One table for the whole job, with one row for each document."""

    type: Literal["sqlite"]
    path: PathTemplate = Field(description="template of the database's path; `doc` cannot be used in it")
    table: Annotated[
        str,
        Field(pattern=TABLE, max_length=64, json_schema_extra={"pattern": _FREE_TABLE}),
        AfterValidator(_not_reserved),
    ] = Field(default="documents", description="the table, created when it is not there")
    on_missing: OnMissing = Field(
        default="rewrite",
        description="what happens when the database is gone: write it again, or `ignore` it because someone consumed it",
    )


Sink = Annotated[FilesSinkSpec | JsonlSinkSpec | SqliteSinkSpec, Discriminator("type")]
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
