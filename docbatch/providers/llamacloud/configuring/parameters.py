"""The options of Parse v2 as the service names them; what is left out is the service's own default."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from docbatch.fields import UNSET, when, within
from docbatch.providers.llamacloud.configuring.option_model import Options
from docbatch.providers.llamacloud.configuring.output_options import OutputOptions

Ratio = Annotated[float, Field(ge=0, le=1)]
Tier = Literal["fast", "cost_effective", "agentic", "agentic_plus"]
Pages = Annotated[str, Field(pattern=r"^\d+(-\d+)?(,\d+(-\d+)?)*$", max_length=10_000)]
Chart = Literal["efficient", "agentic", "agentic_plus"]


class PageRanges(Options):
    max_pages: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="how many pages are read at most, from the first"
    )
    target_pages: Pages | None = Field(
        default=None, description="pages from 1, such as 1,3,5-8; wins over max_pages"
    )


class CropBox(Options):
    """Lines that bound what is read, as shares of a page's height from the top and of its width from the left."""

    top: Ratio | None = Field(
        default=None, description="what is above this line is left out; 0 is the top edge"
    )
    bottom: Ratio | None = Field(
        default=None, description="what is below this line is left out; 1 is the bottom edge"
    )
    left: Ratio | None = Field(
        default=None, description="what is left of this line is left out; 0 is the left edge"
    )
    right: Ratio | None = Field(
        default=None, description="what is right of this line is left out; 1 is the right edge"
    )


class AgenticOptions(Options):
    custom_prompt: str | None = Field(
        default=None, description="instructions to the model; not on the tier fast"
    )


class HtmlInput(Options):
    make_all_elements_visible: bool | None = Field(
        default=None, description="show what the page's styles hide"
    )
    remove_fixed_elements: bool | None = Field(
        default=None, description="drop elements with a fixed position"
    )
    remove_navigation_elements: bool | None = Field(
        default=None, description="drop menus and navigation bars"
    )


class ImageInput(Options):
    camera_photo_correction: bool | None = Field(
        default=None, description="crop, straighten and even out photographs of documents"
    )


class PdfInput(Options):
    pass


class PresentationInput(Options):
    include_hidden_slides: bool | None = Field(default=None, description="read hidden slides too")
    out_of_bounds_content: bool | None = Field(
        default=None, description="read what lies outside the visible slide"
    )
    skip_embedded_data: bool | None = Field(default=None, description="leave out the data behind charts")


class SpreadsheetInput(Options):
    detect_sub_tables_in_sheets: bool | None = Field(
        default=None, description="find several tables in one sheet"
    )
    force_formula_computation_in_sheets: bool | None = Field(
        default=None, description="give values of formulas, not their text"
    )
    include_hidden_sheets: bool | None = Field(default=None, description="read hidden sheets too")


class InputOptions(Options):
    html: HtmlInput | None = Field(default=None, description="web pages")
    image: ImageInput | None = Field(default=None, description="pictures")
    pdf: PdfInput | None = Field(default=None, description="PDF; it has no options so far")
    presentation: PresentationInput | None = Field(default=None, description="slides")
    spreadsheet: SpreadsheetInput | None = Field(default=None, description="spreadsheets")


class CostOptimizer(Options):
    enable: bool | None = Field(
        default=None, description="simpler pages cheaper; on the two agentic tiers only"
    )


class Ignore(Options):
    ignore_diagonal_text: bool | None = Field(default=None, description="leave out slanted text")
    ignore_hidden_text: bool | None = Field(default=None, description="leave out invisible text")
    ignore_text_in_image: bool | None = Field(default=None, description="leave out text in pictures")


class OcrParameters(Options):
    languages: list[Annotated[str, Field(pattern=r"^[a-z]{2,3}(_[a-z]+)?$")]] | None = Field(
        default=None, description="languages to recognize, the main one first"
    )


class ProcessingOptions(Options):
    aggressive_table_extraction: bool | None = Field(
        default=None, description="look harder for tables, even without borders"
    )
    auto_mode_configuration: list[dict[str, Any]] | None = Field(
        default=None, description="rules that change options where a page meets a condition"
    )
    confidence_score_effort: Literal["high"] | None = Field(
        default=None, description="costs credits on each page"
    )
    cost_optimizer: CostOptimizer | None = Field(default=None, description="simpler pages cheaper")
    disable_heuristics: bool | None = Field(
        default=None, description="no special treatment of outlined and long tables"
    )
    forms: Literal["default", "enrich"] | None = Field(
        default=None,
        description="enrich costs credits on form pages; what it finds is fetched into raw of the format json",
    )
    ignore: Ignore | None = Field(default=None, description="text that is left out")
    ocr_parameters: OcrParameters | None = Field(
        default=None, description="how text in pictures is recognized"
    )
    specialized_chart_parsing: Chart | None = Field(
        default=None, description="read charts with a model of this kind"
    )


class Timeouts(Options):
    base_in_seconds: Annotated[int, Field(ge=1, le=7200)] | None = Field(
        default=None, description="seconds for every document"
    )
    extra_time_per_page_in_seconds: Annotated[int, Field(ge=1, le=300)] | None = Field(
        default=None, description="further seconds for each page"
    )


class JobFailureConditions(Options):
    allowed_page_failure_ratio: Ratio | None = Field(
        default=None,
        description="the share of pages that may fail before the document does; 0.05 when left out",
    )
    fail_on_buggy_font: bool | None = Field(default=None, description="fail where a font may garble text")
    fail_on_image_extraction_error: bool | None = Field(
        default=None, description="fail where a picture cannot be taken out"
    )
    fail_on_image_ocr_error: bool | None = Field(
        default=None, description="fail where a picture cannot be recognized"
    )
    fail_on_markdown_reconstruction_error: bool | None = Field(
        default=None, description="fail where a page cannot be written as Markdown"
    )


class ProcessingControl(Options):
    timeouts: Timeouts | None = Field(default=None, description="how long a document may take")
    job_failure_conditions: JobFailureConditions | None = Field(
        default=None, description="when a document counts as failed"
    )


class ParseParameters(Options):
    """How documents are parsed."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                when(
                    "tier",
                    ["fast"],
                    {
                        "properties": {
                            "agentic_options": UNSET,
                            "processing_options": within("forms", {"not": {"const": "enrich"}}),
                        }
                    },
                    otherwise=within("fast_options", UNSET),
                ),
                when(
                    "tier",
                    ["agentic", "agentic_plus"],
                    {},
                    otherwise=within("processing_options", within("cost_optimizer", UNSET)),
                ),
            ]
        }
    )

    tier: Tier = Field(description="what a page costs and how well it is read")
    version: str = Field(
        default="latest",
        min_length=1,
        description="a dated version of the tier; latest is resolved once per job",
    )
    page_ranges: PageRanges | None = Field(default=None, description="which pages are read")
    crop_box: CropBox | None = Field(default=None, description="which part of each page is read")
    agentic_options: AgenticOptions | None = Field(
        default=None, description="instructions to the model; not on the tier fast"
    )
    fast_options: dict[str, Any] | None = Field(
        default=None, max_length=0, description="empty; on the tier fast only"
    )
    input_options: InputOptions | None = Field(default=None, description="how each kind of document is read")
    output_options: OutputOptions | None = Field(default=None, description="what results contain")
    processing_options: ProcessingOptions | None = Field(default=None, description="how pages are worked on")
    processing_control: ProcessingControl | None = Field(
        default=None, description="time limits, and what counts as failed"
    )
    disable_cache: bool | None = Field(
        default=None, description="parse again what was parsed within 48 hours"
    )

    @model_validator(mode="after")
    def _fits_the_tier(self) -> Self:
        if self.tier == "fast" and self.agentic_options is not None:
            raise ValueError("agentic_options are not available on the tier fast")
        if self.tier != "fast" and self.fast_options is not None:
            raise ValueError("fast_options belong to the tier fast")
        processing = self.processing_options
        if processing and processing.cost_optimizer and self.tier not in {"agentic", "agentic_plus"}:
            raise ValueError("cost_optimizer needs the tier agentic or agentic_plus")
        if processing and processing.forms == "enrich" and self.tier == "fast":
            raise ValueError("forms: enrich is not available on the tier fast")
        return self
