"""What a job may write under `source:`, by the kind of source."""

from typing import Annotated, Literal

from pydantic import Field

from docbatch.fields import Exclusions, FileId, Folder, Link, Name, Patterns, Prefix, SpecModel, TextName
from docbatch.sources.kind import SourceKind

ALLOW_EMPTY = Field(default=False, description="whether no document at all is all right")
ALLOW_PRIVATE = Field(
    default=False,
    description="whether links may lead to this machine and to private networks, and to this machine by plain http",
)


class FolderOptions(SpecModel):
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


class StoreOptions(SpecModel):
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
    hand_over: Literal["bytes", "link"] = Field(
        default="bytes",
        description="what the provider is given: the object's `bytes`, or a `link` by which it fetches the object's version "
        "itself; links are for a provider that follows them and for a bucket of S3 or a relative that keeps versions",
    )
    allow_private: bool = Field(
        default=False,
        description="whether links may be handed over to a store on this machine or in a private network, because the provider is there too",
    )


class LinksOptions(SpecModel):
    """Documents that are links; `doc.path` is host and path of each."""

    urls: Annotated[list[Link], Field(min_length=1, max_length=10_000)] = Field(
        description="links to documents: https, without user and password"
    )
    allow_private: bool = ALLOW_PRIVATE


class ListOptions(SpecModel):
    """Documents that are links in a file, with columns of your own beside them."""

    urls_from: Folder = Field(
        description="a list of links: `.txt` with one a line, `.csv` with a header or `.jsonl`, with the column `url`, "
        "`name` for what `doc.path` is to be, and any others as `doc.metadata.COLUMN`"
    )
    allow_private: bool = ALLOW_PRIVATE
    allow_empty: bool = ALLOW_EMPTY


class FileIdsOptions(SpecModel):
    """Documents that the vendor has already; `doc.path` is the id of each."""

    file_ids: Annotated[list[FileId], Field(min_length=1, max_length=10_000)] = Field(
        description="the vendor's ids of files uploaded earlier"
    )


class TextsOptions(SpecModel):
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
