"""The normalised result: what every provider's answer is turned into, and what `format: json` writes.

Schema: schemas/result.schema.json. Lengths are PDF points, origin at the top left of the page.
Markdown of providers that do not give it is derived and may differ between versions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

BBox = tuple[float, float, float, float]


class ResultModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(ResultModel):
    """One table cell; row and column count from 0."""

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1
    bbox: BBox | None = None


Role = Literal["header", "footer", "page_number", "note", "comment", "speaker_notes", "form_field", "hidden"]


class Block(ResultModel):
    """A piece of a page, or of a document without pages, in reading order. `bbox` is x0, y0, x1, y1."""

    kind: Literal["heading", "text", "list", "table", "image", "code", "formula", "other"]
    text: str
    level: int | None = Field(default=None, description="heading level, from 1")
    cells: tuple[Cell, ...] = ()
    bbox: BBox | None = None
    confidence: float | None = Field(default=None, description="0 to 1")
    role: Role | None = Field(default=None, description="what it is where it is no part of the running text")


class Page(ResultModel):
    """One page, from 1. Formats without pages (text, HTML, e-mail) have none and fill the document's own blocks."""

    number: int
    text: str
    markdown: str | None = None
    width: float | None = None
    height: float | None = None
    blocks: tuple[Block, ...] = ()
    confidence: float | None = Field(
        default=None,
        description="0 to 1, of a page that was read as a picture: the mean of its lines, by length",
    )


class Attachment(ResultModel):
    """A file inside the document. `markdown` and `text` are None where it was not read."""

    name: str
    media_type: str | None = None
    size: int | None = Field(default=None, description="bytes")
    markdown: str | None = None
    text: str | None = None
    blocks: tuple[Block, ...] = ()
    attachments: tuple["Attachment", ...] = ()


class ShownPicture(ResultModel):
    """A picture that lies beside the file: the `place`th from 0 of the blocks of kind `image` on a page, from 1."""

    page: int
    place: int
    link: str = Field(description="where it lies, as a URL relative to the file; the Markdown has the same")
    width: int | None = Field(default=None, description="pixels")
    height: int | None = Field(default=None, description="pixels")


class DocumentInfo(ResultModel):
    path: str = Field(description="relative to source.root; bytes that are not UTF-8 are percent-escaped")
    sha256: str
    size: int
    media_type: str


class ProviderInfo(ResultModel):
    type: str
    operation: str
    engine: str | None = None
    remote_id: str | None = None


class Usage(ResultModel):
    pages: int | None = None
    credits: float | None = None


class Timing(ResultModel):
    seconds: float | None = Field(default=None, description="processing time as the provider reports it")


class Result(ResultModel):
    version: Literal["docbatch/result/v1"] = "docbatch/result/v1"
    outcome: Literal["succeeded", "partial"]
    document: DocumentInfo
    provider: ProviderInfo
    markdown: str
    text: str
    pages: tuple[Page, ...] = ()
    blocks: tuple[Block, ...] = Field(default=(), description="those of a document without pages")
    tables: tuple[Block, ...] = Field(default=(), description="tables that belong to no page")
    attachments: tuple[Attachment, ...] = Field(default=(), description="files inside the document")
    pictures: tuple[ShownPicture, ...] = Field(default=(), description="pictures that lie beside the file")
    metadata: dict[str, Any] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    usage: Usage = Usage()
    timing: Timing = Timing()
    raw: Any = Field(default=None, description="the vendor's answer; presigned URLs are cut to host and path")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture out of a document, as the vendor's answer holds it: the `place`th from 0 of the blocks of kind `image` on a page.

    `width` and `height` are pixels, where they are known.
    """

    page: int
    place: int
    media_type: str
    content: bytes
    width: int | None = None
    height: int | None = None


class Answer(Protocol):
    """A vendor's answer, read. What takes time is computed only when asked for.

    `is_partial` says that the document is not whole, `credits` what was charged for it, as far as the answer tells. It may
    offer `warnings`, those of its result as a sequence of texts, which are told at the end of a run and kept in the state,
    `pictures`, a sequence of `Picture`, and with these `illustrated`, see `offered_illustration`.
    """

    @property
    def is_partial(self) -> bool: ...
    @property
    def credits(self) -> float | None: ...
    def markdown(self) -> str: ...
    def text(self) -> str: ...
    def result(self, document: DocumentInfo) -> Result: ...


def offered_warnings(answer: Answer) -> Sequence[str]:
    """Return the warnings an answer offers, none where it offers none."""
    offered: Sequence[str] = getattr(answer, "warnings", ())
    return offered


def offered_illustration(answer: Answer, links: Mapping[tuple[int, int], str]) -> Answer | None:
    """Return an answer with Markdown that shows its pictures where they are in the document; None where it offers none.

    `links` gives the URL of each by its page and place: one that is not among them is not shown.
    """
    offered = getattr(answer, "illustrated", None)
    return None if offered is None else offered(links)


def offered_pictures(answer: Answer) -> Sequence[Picture]:
    """Return the pictures an answer offers, none where it offers none."""
    offered: Sequence[Picture] = getattr(answer, "pictures", ())
    return offered
