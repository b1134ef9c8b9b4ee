"""What results of Parse v2 contain. Files beside the result that no sink writes are refused: they would be charged for nothing."""

from typing import Literal, NoReturn

from pydantic import ConfigDict, Field, field_validator

from docbatch.fields import Schema, refuse, within
from docbatch.providers.llamacloud.configuring.option_model import Options

NOT_TRUE: Schema = {"not": {"const": True}}


class MarkdownTables(Options):
    compact_markdown_tables: bool | None = Field(default=None, description="no padding in cells")
    markdown_table_multiline_separator: str | None = Field(
        default=None, description="what joins the lines of a cell, such as <br>"
    )
    merge_continued_tables: bool | None = Field(
        default=None, description="join a table that goes on over several pages"
    )
    output_tables_as_markdown: bool | None = Field(
        default=None, description="tables as Markdown instead of HTML"
    )


class MarkdownOutput(Options):
    annotate_line_numbers: bool | None = Field(
        default=None, description="find line numbers printed in the margin"
    )
    annotate_links: bool | None = Field(default=None, description="keep the targets of links")
    annotate_revisions: bool | None = Field(default=None, description="give tracked changes and comments")
    inline_images: bool | None = Field(default=None, description="put pictures into the Markdown itself")
    tables: MarkdownTables | None = Field(default=None, description="how tables are written")


class SpatialText(Options):
    do_not_unroll_columns: bool | None = Field(default=None, description="leave columns side by side")
    preserve_layout_alignment_across_pages: bool | None = Field(
        default=None, description="align columns alike on all pages"
    )
    preserve_very_small_text: bool | None = Field(default=None, description="keep very small text")


def _refuse_file(option: str, what: str, instead: str) -> NoReturn:
    refuse(
        f"{option} would be charged for {what} that docbatch does not fetch",
        f"remove it; {instead}",
    )


class TablesAsSpreadsheet(Options):
    model_config = ConfigDict(json_schema_extra={"allOf": [within("enable", NOT_TRUE)]})

    enable: bool | None = Field(
        default=None, description="a spreadsheet of the tables; refused if true: it is not fetched"
    )
    guess_sheet_name: bool | None = Field(
        default=None, description="name sheets after what is around the tables; of no use without enable"
    )

    @field_validator("enable")
    @classmethod
    def _not_made(cls, enable: bool | None) -> bool | None:
        if enable:
            _refuse_file(
                "enable", "a spreadsheet", "tables and their cells are in every result of the format json"
            )
        return enable


class OutputOptions(Options):
    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [within("images_to_save", {"maxItems": 0}), within("save_output_pdf", NOT_TRUE)]
        }
    )

    markdown: MarkdownOutput | None = Field(default=None, description="how Markdown is written")
    spatial_text: SpatialText | None = Field(default=None, description="how text is laid out")
    tables_as_spreadsheet: TablesAsSpreadsheet | None = Field(
        default=None, description="tables as a spreadsheet"
    )
    images_to_save: list[Literal["embedded", "layout", "screenshot"]] | None = Field(
        default=None, description="kinds of pictures that are kept; none can be: they are not fetched"
    )
    additional_outputs: list[Literal["stripped_md", "concatenated_stripped_txt", "word_bbox"]] | None = Field(
        default=None, description="further forms of the result, fetched into raw of the format json"
    )
    granular_bboxes: list[Literal["cell", "line", "word"]] | None = Field(
        default=None,
        description="what is given with its place, finer than blocks; fetched into raw of the format json",
    )
    extract_printed_page_number: bool | None = Field(default=None, description="give page numbers as printed")
    save_output_pdf: bool | None = Field(
        default=None, description="the document as PDF; refused if true: it is not fetched"
    )
    watermark_handling: Literal["move_to_end", "move_to_start", "remove"] | None = Field(
        default=None, description="where text of watermarks goes"
    )

    @field_validator("images_to_save")
    @classmethod
    def _no_pictures(cls, kinds: list[str] | None) -> list[str] | None:
        if kinds:
            _refuse_file(
                "images_to_save",
                "pictures",
                "markdown: {inline_images: true} puts pictures into the Markdown",
            )
        return kinds

    @field_validator("save_output_pdf")
    @classmethod
    def _no_pdf(cls, save: bool | None) -> bool | None:
        if save:
            _refuse_file("save_output_pdf", "a PDF", "the document itself is in your source")
        return save
