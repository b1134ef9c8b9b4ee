"""Which pages Extend reads, and other details of parsing."""

from typing import Literal, Self

from pydantic import Field, model_validator

from docbatch.providers.extend.configuring.option_model import Options, refuse

LAST_PAGE = 750


class PageRange(Options):
    """Pages from 1, both ends included."""

    start: int = Field(ge=1, le=LAST_PAGE, description="the first page")
    end: int = Field(ge=1, le=LAST_PAGE, description="the last page")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start > self.end:
            raise refuse(f"the pages end ({self.end}) before they start ({self.start})", "swap start and end")
        return self


class ReturnOcr(Options):
    """Every word or line with its place; makes results large."""

    words: bool | None = Field(default=None, description="every word with its place")
    lines: bool | None = Field(default=None, description="every line with its place")


class FormattingDetection(Options):
    type: Literal["change_tracking"] = Field(description="what is marked: tracked changes")


class AdvancedOptions(Options):
    """Page selection, spreadsheets and other details."""

    page_rotation_enabled: bool | None = Field(default=None, description="whether pages are turned upright")
    page_ranges: list[PageRange] | None = Field(
        default=None, description="the pages that are read; only these are charged. All when left out"
    )
    excel_parsing_mode: Literal["basic", "advanced"] | None = Field(
        default=None, description="how spreadsheets are read; advanced is charged by cells"
    )
    excel_skip_hidden_content: bool | None = Field(
        default=None, description="whether hidden rows, columns and sheets are left out"
    )
    excel_use_raw_cell_values: bool | None = Field(
        default=None, description="whether values are given as stored, not as shown"
    )
    excel_skip_calculation: bool | None = Field(
        default=None, description="whether formulas stay uncalculated"
    )
    excel_include_cell_metadata: bool | None = Field(
        default=None, description="whether cells bear their addresses"
    )
    excel_include_cell_formatting: bool | None = Field(
        default=None, description="whether cells bear their formatting"
    )
    vertical_grouping_threshold: float | None = Field(
        default=None, ge=0.1, le=5.0, description="how far lines are drawn together; target: spatial only"
    )
    return_ocr: ReturnOcr | None = Field(default=None, description="words and lines with their places")
    always_convert_to_pdf: bool | None = Field(
        default=None, description="whether every document is converted to PDF first"
    )
    enrichment_format: Literal["xml", "bracket"] | None = Field(
        default=None, description="how added descriptions are marked in the text"
    )
    image_conversion_quality: Literal["high", "medium", "low"] | None = Field(
        default=None, description="the quality of pages as pictures"
    )
    formatting_detection: list[FormattingDetection] | None = Field(
        default=None, description="formatting that is kept; needs the engine parse_performance"
    )
