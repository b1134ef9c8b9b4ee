"""The options of Extend as a job writes them under `config:`, under the vendor's own names.

What is valid here is also what the vendor accepts: names and values are checked strictly on both sides. The options are
sent as they were written; nothing is filled in.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from docbatch.core.models import Operation
from docbatch.fields import UNSET, when, within
from docbatch.providers.extend.configuring.advanced_options import LAST_PAGE, AdvancedOptions
from docbatch.providers.extend.configuring.option_model import Options, refuse

# It orders work at the vendor and says nothing about results, so it is no part of an item's identity.
EXECUTION_ONLY = frozenset({"priority", "split_pages"})
"""Documents that are split have a recipe of their own; the others are read as ever."""

LEAST_PAGES = 10

Instructions = Annotated[str, Field(min_length=1, max_length=20_000)]
VendorPriority = Annotated[int, Field(ge=1, le=100)]


class ChunkSize(Options):
    """How long chunks are, in characters."""

    min_characters: int | None = Field(default=None, ge=0, description="characters of a chunk at least")
    max_characters: int | None = Field(default=None, ge=1, description="characters of a chunk at most")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        least, most = self.min_characters, self.max_characters
        if least is not None and most is not None and least > most:
            raise refuse(
                f"minCharacters ({least}) is more than maxCharacters ({most})", "swap them, or drop one"
            )
        return self


class Chunking(Options):
    """How the document is cut into chunks."""

    type: Literal["page", "document", "section"] | None = Field(
        default=None,
        description="one chunk a page, one in all, or one a section; section needs target: markdown",
    )
    options: ChunkSize | None = Field(default=None, description="how long chunks are")


class Agentic(Options):
    """Correction by a model; charged for each page where it takes place."""

    enabled: bool | None = Field(default=None, description="whether a model corrects what was read")
    custom_instructions: Instructions | None = Field(default=None, description="what the model is told")


class Figures(Options):
    enabled: bool | None = Field(default=None, description="whether figures are found and described")
    figure_image_clipping_enabled: bool | None = Field(
        default=None, description="whether figures are cut out as pictures; true when left out"
    )
    advanced_chart_extraction_enabled: bool | None = Field(
        default=None, description="whether the values of charts are read"
    )
    custom_instructions: Instructions | None = Field(
        default=None, description="what the model that describes figures is told"
    )


class Tables(Options):
    target_format: Literal["markdown", "html"] | None = Field(
        default=None, description="how tables are written; html when left out"
    )
    table_header_continuation_enabled: bool | None = Field(
        default=None, description="whether a header is repeated where a table goes on on the next page"
    )
    cell_blocks_enabled: bool | None = Field(
        default=None, description="whether each cell is a block of its own"
    )
    agentic: Agentic | None = Field(default=None, description="correction of tables by a model")


class Texts(Options):
    signature_detection_enabled: bool | None = Field(default=None, description="whether signatures are found")
    agentic: Agentic | None = Field(default=None, description="correction of text by a model")


class KeyValues(Options):
    blank_field_formatting_enabled: bool | None = Field(
        default=None, description="whether empty fields of forms are shown as such"
    )


class Barcodes(Options):
    image_clipping_enabled: bool | None = Field(
        default=None, description="whether barcodes are cut out as pictures"
    )
    reading_enabled: bool | None = Field(default=None, description="whether barcodes are decoded")


class Formulas(Options):
    enabled: bool | None = Field(default=None, description="whether formulas are written as LaTeX")


class BlockOptions(Options):
    """What is done with each kind of block."""

    figures: Figures | None = Field(default=None, description="pictures, charts, diagrams")
    tables: Tables | None = Field(default=None, description="tables")
    text: Texts | None = Field(default=None, description="running text")
    key_value: KeyValues | None = Field(default=None, description="fields of forms")
    barcodes: Barcodes | None = Field(default=None, description="barcodes and QR codes")
    formulas: Formulas | None = Field(default=None, description="formulas")


class ParseConfig(Options):
    """Options of parsing at Extend. What is left out is decided by the vendor, and may change with its engine."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                when(
                    "target",
                    ["spatial"],
                    within("chunkingStrategy", within("type", {"enum": [None, "page"]})),
                    otherwise=within("advancedOptions", within("verticalGroupingThreshold", UNSET)),
                ),
                {
                    "if": {**within("split_pages", {"type": "integer"}), "required": ["split_pages"]},
                    "then": within("advancedOptions", within("pageRanges", {"maxItems": 0})),
                },
                when(
                    "engine",
                    ["parse_light"],
                    within("advancedOptions", within("formattingDetection", {"maxItems": 0})),
                ),
            ]
        }
    )

    target: Literal["markdown", "spatial"] | None = Field(
        default=None, description="markdown, or text laid out as on the page"
    )
    chunking_strategy: Chunking | None = Field(
        default=None, description="how the document is cut into chunks"
    )
    engine: Literal["parse_performance", "parse_light", "parse_auto"] | None = Field(
        default=None, description="the engine; parse_performance when left out. They differ in price"
    )
    engine_version: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="such as 2.0.0; latest when left out, which moves by itself"
    )
    block_options: BlockOptions | None = Field(
        default=None, description="what is done with each kind of block"
    )
    advanced_options: AdvancedOptions | None = Field(
        default=None, description="page selection, spreadsheets and other details"
    )
    priority: VendorPriority | None = Field(
        default=None,
        description="the vendor's own order, 1 to 100, lower first; it may cost a surcharge, the job's priority does not",
    )

    split_pages: int | None = Field(
        default=None,
        alias="split_pages",
        ge=LEAST_PAGES,
        le=LAST_PAGE,
        description="a PDF of more pages is sent in parts of so many at most, each paid by itself",
    )

    @model_validator(mode="after")
    def _splits_all(self) -> Self:
        if self.split_pages is not None and self.advanced_options and self.advanced_options.page_ranges:
            raise refuse(
                "a document that is split is read to its end",
                "remove split_pages, or advancedOptions.pageRanges",
            )
        return self

    @model_validator(mode="after")
    def _fits_target(self) -> Self:
        chunks = self.chunking_strategy.type if self.chunking_strategy else None
        advanced = self.advanced_options or AdvancedOptions()
        if self.target == "spatial" and chunks not in (None, "page"):
            raise refuse(
                f"target spatial cannot be cut into chunks by {chunks}",
                "use chunkingStrategy: {type: page}, or target: markdown",
            )
        if self.target != "spatial" and advanced.vertical_grouping_threshold is not None:
            raise refuse(
                "verticalGroupingThreshold is for target spatial only", "remove it, or set target: spatial"
            )
        if advanced.formatting_detection and self.engine == "parse_light":
            raise refuse(
                "parse_light detects no formatting", "remove formattingDetection, or choose parse_performance"
            )
        return self


class Processor(Options):
    """A processor saved at Extend."""

    id: str = Field(
        pattern=r"^[a-z]+_[A-Za-z0-9_-]+$", max_length=100, description="the processor's id in the dashboard"
    )
    version: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None,
        description='a published version such as "1.0", latest, or draft; latest when left out, resolved once for the job',
    )
    override: dict[str, Any] | None = Field(
        default=None,
        description="settings of the processor that are different here, under the vendor's names",
    )


class _ProcessorConfig(Options):
    processor: Processor = Field(description="the saved processor that does the work")
    priority: VendorPriority | None = Field(
        default=None,
        description="the vendor's own order, 1 to 100, lower first; it may cost a surcharge, the job's priority does not",
    )


_KINDS = {"ex": "extractor", "cl": "classifier", "cls": "classifier", "spl": "splitter", "sp": "splitter"}


def _of_kind(wanted: str) -> ConfigDict:
    others = "|".join(prefix for prefix, kind in _KINDS.items() if kind != wanted)
    return ConfigDict(
        json_schema_extra={
            "allOf": [within("processor", within("id", {"not": {"pattern": f"^(?:{others})_"}}))]
        }
    )


def _check_kind(processor: Processor, wanted: str) -> Processor:
    kind = _KINDS.get(processor.id.partition("_")[0], wanted)
    if kind != wanted:
        article = "an" if kind == "extractor" else "a"
        raise refuse(
            f"{processor.id} is {article} {kind}, and {wanted} is needed", "choose one in the dashboard"
        )
    return processor


class ExtractConfig(_ProcessorConfig):
    """Options of extracting at Extend."""

    model_config = _of_kind("extractor")

    @field_validator("processor")
    @classmethod
    def _kind(cls, processor: Processor) -> Processor:
        return _check_kind(processor, "extractor")


class ClassifyConfig(_ProcessorConfig):
    """Options of classifying at Extend."""

    model_config = _of_kind("classifier")

    @field_validator("processor")
    @classmethod
    def _kind(cls, processor: Processor) -> Processor:
        return _check_kind(processor, "classifier")


class SplitConfig(_ProcessorConfig):
    """Options of splitting at Extend."""

    model_config = _of_kind("splitter")

    @field_validator("processor")
    @classmethod
    def _kind(cls, processor: Processor) -> Processor:
        return _check_kind(processor, "splitter")


CONFIGS: Mapping[Operation, type[Options]] = {
    Operation.PARSE: ParseConfig,
    Operation.EXTRACT: ExtractConfig,
    Operation.CLASSIFY: ClassifyConfig,
    Operation.SPLIT: SplitConfig,
}
