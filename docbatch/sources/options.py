"""What a job may write under `source:`, by the kind of source."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from docbatch.fields import (
    Exclusions,
    FileId,
    Folder,
    Link,
    Name,
    Patterns,
    Prefix,
    SpecModel,
    TextName,
    one_line,
    refuse,
)
from docbatch.sources.kind import SourceKind
from docbatch.sources.sampling import SampleSize
from docbatch.sources.where import WhereOptions


def _metadata_path(text: str) -> str:
    from docbatch.sources.path_parts import compile_path_parts  # noqa: PLC0415 - few jobs name parts of paths

    try:
        compile_path_parts(text)
    except ValueError as error:
        message, _, hint = str(error).partition("; ")
        refuse(message, hint or None)
    return text


MetadataPath = Annotated[
    str, Field(min_length=1, max_length=1000), AfterValidator(one_line), AfterValidator(_metadata_path)
]
ALLOW_EMPTY = Field(default=False, description="whether no document at all is all right")
ALLOW_PRIVATE = Field(
    default=False,
    description="whether links may lead to this machine and to private networks, and to this machine by plain http",
)


class ContainerOptions(SpecModel):
    """What is done with archives and mails, by any source whose documents are files."""

    containers: Literal["whole", "open"] = Field(
        default="whole",
        description="`open` makes documents of what lies in archives, mails and PDF files, such as `all.zip!a/b.pdf`",
    )


class SelectionOptions(SpecModel):
    """What is known of a source's documents beside their bytes, and which of them are taken: the same for every kind."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """What a kind says of itself comes first, in messages and in the reference."""
        shared = {*SelectionOptions.model_fields, *ContainerOptions.model_fields}
        cls.__pydantic_fields__ = dict(
            sorted(cls.__pydantic_fields__.items(), key=lambda field: field[0] in shared)
        )

    metadata_from: Folder | None = Field(
        default=None,
        description="a list, `.csv` with a header or `.jsonl`, with the column `path` for a document or a pattern of documents, "
        "and any others as `doc.metadata.COLUMN`",
    )
    metadata_path: MetadataPath | None = Field(
        default=None,
        description="a pattern of documents' paths of which the parts in braces are `doc.metadata.NAME`, as in `{year}/{customer}/**`",
    )
    where: WhereOptions | None = Field(
        default=None, description="which documents are taken; the others count as not there"
    )
    sample: SampleSize | None = Field(
        default=None,
        description="take so many of the documents only, or such a share of them: the same ones every time, as in 200 or 5%",
    )


class FolderOptions(ContainerOptions, SelectionOptions):
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
    follow_links: bool = Field(
        default=False,
        description="whether links that lead out of `root` are followed; those within it always are",
    )


class StoreOptions(ContainerOptions, SelectionOptions):
    """Documents that are objects in a bucket or container; `doc.path` is what their keys are behind `prefix`."""

    store: Name = Field(description="the store's name under `stores` in docbatch.yaml")
    prefix: Prefix = Field(
        default="",
        description="folder of keys that patterns and `doc.path` are relative to, such as `in/`; the whole bucket when left out",
    )
    include: Patterns = Field(
        description="patterns of the objects' keys behind `prefix`: `*`, `?`, `[…]`, `{a,b}` and `**` for any number of folders"
    )
    exclude: Exclusions = Field(default=[], description="patterns of keys that are left out")
    allow_empty: bool = ALLOW_EMPTY
    hidden: bool = Field(
        default=False, description="whether `*`, `?` and `**` match names that begin with a dot"
    )
    tags: bool = Field(
        default=False,
        description="whether the objects' tags are `doc.metadata.NAME` beside their user metadata; they take one request more "
        "for each new or changed object, and are had of a bucket of S3 or a relative alone",
    )
    hand_over: Literal["bytes", "link"] = Field(
        default="bytes",
        description="what the provider is given: the object's `bytes`, or a `link` by which it fetches the object's version "
        "itself; links are for a provider that follows them and for a bucket of S3 or a relative that keeps versions",
    )
    allow_private: bool = Field(
        default=False,
        description="whether links may be handed over to a store on this machine or in a private network, because the provider is there too",
    )


class LinksOptions(ContainerOptions, SelectionOptions):
    """Documents that are links; `doc.path` is host and path of each."""

    urls: Annotated[list[Link], Field(min_length=1, max_length=10_000)] = Field(
        description="links to documents: https, without user and password"
    )
    allow_private: bool = ALLOW_PRIVATE


class ListOptions(ContainerOptions, SelectionOptions):
    """Documents that are links in a file, with columns of your own beside them."""

    urls_from: Folder = Field(
        description="a list of links: `.txt` with one a line, `.csv` with a header or `.jsonl`, with the column `url`, "
        "`name` for what `doc.path` is to be, and any others as `doc.metadata.COLUMN`; `-` is standard input"
    )
    allow_private: bool = ALLOW_PRIVATE
    allow_empty: bool = ALLOW_EMPTY


class FileIdsOptions(SelectionOptions):
    """Documents that the vendor has already; `doc.path` is the id of each."""

    file_ids: Annotated[list[FileId], Field(min_length=1, max_length=10_000)] = Field(
        description="the vendor's ids of files uploaded earlier"
    )


class TextsOptions(SelectionOptions):
    """Documents that are written here; `doc.path` is the name of each."""

    texts: dict[TextName, Annotated[str, Field(min_length=1)]] = Field(
        min_length=1, max_length=10_000, description="names, each with its text"
    )


FOLDER = SourceKind("folder", FolderOptions, key="include")
STORE = SourceKind("store", StoreOptions, key="store")
LINKS = SourceKind("links", LinksOptions, key="urls")
LIST = SourceKind("list", ListOptions, key="urls_from")
FILE_IDS = SourceKind("file_ids", FileIdsOptions, key="file_ids")
TEXTS = SourceKind("texts", TextsOptions, key="texts")
