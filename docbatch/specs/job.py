"""The job spec, as users write it."""

from functools import partial
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from docbatch.core.models import Operation
from docbatch.fields import (
    ApiVersion,
    Duration,
    Exclusions,
    FileId,
    Folder,
    Label,
    LateUnion,
    Link,
    Name,
    Patterns,
    Priority,
    SpecModel,
    TextName,
)
from docbatch.sinks import KINDS
from docbatch.sinks.kind import SinkSpec

ALLOW_EMPTY = Field(default=False, description="whether no document at all is all right")
ALLOW_PRIVATE = Field(
    default=False,
    description="whether links may lead to this machine and to private networks, and to this machine by plain http",
)


class FolderSource(SpecModel):
    """Documents that are files in a folder."""

    root: Folder = Field(
        default=".",
        description="folder that patterns and `doc.path` are relative to; itself relative to the project root, or absolute",
    )
    include: Patterns = Field(
        description="patterns of the documents' paths below `root`: `*`, `?`, `[…]`, `{a,b}` and `**` for any number of folders"
    )
    exclude: Exclusions = Field(default=[], description="patterns of paths that are left out")
    allow_empty: bool = Field(default=False, description="whether no matching file at all is all right")
    hidden: bool = Field(
        default=False, description="whether `*`, `?` and `**` match names that begin with a dot"
    )


class LinksSource(SpecModel):
    """Documents that are links; `doc.path` is host and path of each."""

    urls: Annotated[list[Link], Field(min_length=1, max_length=10_000)] = Field(
        description="links to documents: https, without user and password"
    )
    allow_private: bool = ALLOW_PRIVATE


class ListSource(SpecModel):
    """Documents that are links in a file, with columns of your own beside them."""

    urls_from: Folder = Field(
        description="a list of links: `.txt` with one a line, `.csv` with a header or `.jsonl`, with the column `url`, "
        "`name` for what `doc.path` is to be, and any others as `doc.metadata.COLUMN`"
    )
    allow_private: bool = ALLOW_PRIVATE
    allow_empty: bool = ALLOW_EMPTY


class FileIdsSource(SpecModel):
    """Documents that the vendor has already; `doc.path` is the id of each."""

    file_ids: Annotated[list[FileId], Field(min_length=1, max_length=10_000)] = Field(
        description="the vendor's ids of files uploaded earlier"
    )


class TextsSource(SpecModel):
    """Documents that are written here; `doc.path` is the name of each."""

    texts: dict[TextName, Annotated[str, Field(min_length=1)]] = Field(
        min_length=1, max_length=10_000, description="names, each with its text"
    )


SOURCES: tuple[type[SpecModel], ...] = (FolderSource, LinksSource, ListSource, FileIdsSource, TextsSource)
_LISTS = ("urls", "urls_from", "file_ids", "texts")


def _source_kind(value: Any) -> str:
    """Return the key that says what kind of source this is; patterns where there is none."""
    return next((kind for kind in _LISTS if isinstance(value, dict) and kind in value), "include")


Source = Annotated[
    Annotated[FolderSource, Tag("include")]
    | Annotated[LinksSource, Tag("urls")]
    | Annotated[ListSource, Tag("urls_from")]
    | Annotated[FileIdsSource, Tag("file_ids")]
    | Annotated[TextsSource, Tag("texts")],
    Discriminator(_source_kind),
]


def _sink_models() -> list[type[SinkSpec]]:
    return [kind.options for kind in KINDS.all()]


Sink = Annotated[SinkSpec, LateUnion(_sink_models)]
Sinks = Annotated[list[Sink], Field(min_length=1, max_length=20)]


class JobSpec(SpecModel):
    """One job: which documents go to which provider, and where the results go."""

    api_version: ApiVersion = Field(alias="apiVersion", description="the version of this format")
    name: Name = Field(description="the job's name, unique in the project")
    source: Source = Field(
        description="where the documents are: files by patterns, links, ids at the vendor, or texts"
    )
    provider: Name = Field(
        default="local",
        description="a connection: local, extend, llamacloud, extractpage, or one that docbatch.yaml names",
    )
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
