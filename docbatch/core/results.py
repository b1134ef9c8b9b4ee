"""The normalised result: what every provider's answer is turned into, and what `format: json` writes.

Schema: schemas/result.schema.json. Lengths are PDF points, origin at the top left of the page.
Markdown of providers that do not give it is derived and may differ between versions.
"""

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


class Block(ResultModel):
    """A piece of a page in reading order. `bbox` is x0, y0, x1, y1."""

    kind: Literal["heading", "text", "list", "table", "image", "code", "formula", "other"]
    text: str
    level: int | None = Field(default=None, description="heading level, from 1")
    cells: tuple[Cell, ...] = ()
    bbox: BBox | None = None
    confidence: float | None = Field(default=None, description="0 to 1")


class Page(ResultModel):
    """One page, from 1. Formats without pages (text, HTML, e-mail) have none and fill the document's text only."""

    number: int
    text: str
    markdown: str | None = None
    width: float | None = None
    height: float | None = None
    blocks: tuple[Block, ...] = ()


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
    tables: tuple[Block, ...] = Field(default=(), description="tables that belong to no page")
    metadata: dict[str, Any] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    usage: Usage = Usage()
    timing: Timing = Timing()
    raw: Any = Field(default=None, description="the vendor's answer; presigned URLs are cut to host and path")


class Answer(Protocol):
    """A vendor's answer, read. What takes time is computed only when asked for.

    `is_partial` says that the document is not whole, `credits` what was charged for it, as far as the answer tells.
    """

    @property
    def is_partial(self) -> bool: ...
    @property
    def credits(self) -> float | None: ...
    def markdown(self) -> str: ...
    def text(self) -> str: ...
    def result(self, document: DocumentInfo) -> Result: ...
