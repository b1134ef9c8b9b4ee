"""What a job writes under `config:` for LlamaCloud: a saved configuration by its id, or parameters docbatch saves."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from docbatch.core.models import Operation
from docbatch.fields import UNSET, when, within
from docbatch.providers.llamacloud.configuring.option_model import Options
from docbatch.providers.llamacloud.configuring.parameters import Pages, ParseParameters, Tier
from docbatch.providers.llamacloud.configuring.versions import LATEST, pinned

MOST_SCHEMA_TEXT = 120_000

# What is removed afterwards, and who is told meanwhile, says nothing about results.
EXECUTION_ONLY = frozenset({"cleanup", "webhook_configuration_ids", "split_pages"})
"""Documents that are split have a recipe of their own; the others are read as ever."""
LEAST_PAGES = 10

ConfigurationId = Annotated[str, Field(pattern=r"^cfg-[A-Za-z0-9_-]{1,200}$")]

WebhookIds = Annotated[
    list[Annotated[str, Field(pattern=r"^whc-[A-Za-z0-9_-]{1,200}$")]], Field(min_length=1, max_length=4)
]


class ExtractParameters(Options):
    """What is extracted from documents, and how."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                when("tier", ["turbo"], {"properties": {"parse_tier": UNSET, "parse_config_id": UNSET}}),
                when(
                    "tier",
                    ["agentic_plus"],
                    {},
                    otherwise=within("spreadsheet_mode", {"not": {"const": True}}),
                ),
            ]
        }
    )

    data_schema: dict[str, Any] = Field(min_length=1, description="JSON Schema of the data wanted")
    tier: Literal["cost_effective", "agentic", "agentic_plus", "turbo"] | None = Field(
        default=None, description="what a page costs and how well data is found"
    )
    version: str | None = Field(default=None, min_length=1, description="a version of the tier, or latest")
    parse_tier: Tier | None = Field(default=None, description="the tier of the parse beneath, charged on top")
    parse_config_id: str | None = Field(
        default=None, min_length=1, description="a saved configuration for the parse beneath"
    )
    cite_sources: bool | None = Field(
        default=None, description="say where in the document each value was found"
    )
    advanced_citations: bool | None = Field(
        default=None, description="more exact places of what is cited; slower"
    )
    confidence_scores: bool | None = Field(default=None, description="say how certain each value is")
    system_prompt: str | None = Field(default=None, description="instructions to the model")
    target_pages: Pages | None = Field(default=None, description="pages from 1, such as 1,3,5-8")
    max_pages: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="how many pages are read at most"
    )
    disable_cache: bool | None = Field(default=None, description="neither use nor keep cached results")
    spreadsheet_mode: bool | None = Field(
        default=None, description="read cells of spreadsheets directly; on the tier agentic_plus only"
    )
    sheet_names: list[str] | None = Field(
        default=None, description="exact names of the sheets to read; for spreadsheet_mode"
    )
    extraction_target: Literal["per_doc", "per_page", "per_table_row"] | None = Field(
        default=None, description="one result for each of these; deprecated by the service"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.tier == "turbo" and (self.parse_tier or self.parse_config_id):
            raise ValueError("the tier turbo takes neither parse_tier nor parse_config_id")
        if self.spreadsheet_mode and self.tier != "agentic_plus":
            raise ValueError("spreadsheet_mode needs the tier agentic_plus")
        if len(str(self.data_schema)) > MOST_SCHEMA_TEXT:
            raise ValueError(f"data_schema is longer than {MOST_SCHEMA_TEXT:,} characters")
        return self


_ONE_OF_TWO: dict[str, Any] = {
    "oneOf": [
        {**within("configuration_id", {"type": "string"}), "required": ["configuration_id"]},
        {**within("parameters", {"type": "object"}), "required": ["parameters"]},
    ]
}


class _Config(Options):
    model_config = ConfigDict(json_schema_extra=_ONE_OF_TWO)

    configuration_id: ConfigurationId | None = Field(
        default=None,
        description="a saved configuration of the account, or a preset of the service such as cfg-PARSE_AGENTIC",
    )
    cleanup: bool = Field(
        default=True, description="whether directories made at the service are removed once results are safe"
    )
    webhook_configuration_ids: WebhookIds | None = Field(
        default=None,
        description="webhook configurations of the account that are told about the job's batches, for `docbatch listen`",
    )


def _one_of_two(configuration: object, parameters: object) -> None:
    if (configuration is None) == (parameters is None):
        raise ValueError("write either configuration_id or parameters")


def _split(parameters: ParseParameters | None) -> None:
    if parameters is None:
        raise ValueError("split_pages needs parameters: a saved configuration reads the pages it names")
    if parameters.page_ranges is not None:
        raise ValueError("a document that is split is read to its end: remove split_pages, or page_ranges")


class LlamaParseConfig(_Config):
    """Options of LlamaCloud's parse."""

    model_config = ConfigDict(
        json_schema_extra={
            **_ONE_OF_TWO,
            "if": {**within("split_pages", {"type": "integer"}), "required": ["split_pages"]},
            "then": {"required": ["parameters"], **within("parameters", within("page_ranges", UNSET))},
        }
    )

    parameters: ParseParameters | None = Field(
        default=None, description="saved at the service under a name made of their content"
    )
    split_pages: Annotated[int, Field(ge=LEAST_PAGES, le=10_000)] | None = Field(
        default=None,
        description="a PDF of more pages is sent in parts of so many at most, each paid by itself; needs parameters",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _one_of_two(self.configuration_id, self.parameters)
        if self.split_pages is not None:
            _split(self.parameters)
        return self


class LlamaExtractConfig(_Config):
    """Options of LlamaCloud's extract."""

    parameters: ExtractParameters | None = Field(
        default=None, description="saved at the service under a name made of their content"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _one_of_two(self.configuration_id, self.parameters)
        return self


CONFIGS: Mapping[Operation, type[LlamaParseConfig | LlamaExtractConfig]] = {
    Operation.PARSE: LlamaParseConfig,
    Operation.EXTRACT: LlamaExtractConfig,
}


def saved_parameters(
    operation: Operation, config: Mapping[str, Any], pins: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return what is to be saved at the service; None where the config names a configuration of the account's own."""
    parameters = config.get("parameters")
    if parameters is None:
        return None
    wanted = {name: value for name, value in parameters.items() if value is not None}
    if operation is Operation.PARSE:
        wanted.setdefault("version", LATEST)
    return pinned(wanted, pins)
