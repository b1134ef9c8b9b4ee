"""What a job writes under `config:` for LlamaCloud: a saved configuration by its id, or parameters docbatch saves."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from docbatch.core.models import Operation
from docbatch.providers.llamacloud.parameters import ExtractParameters, Options, ParseParameters

# What is removed afterwards, and who is told meanwhile, says nothing about results.
EXECUTION_ONLY = frozenset({"cleanup", "webhook_configuration_ids"})

ConfigurationId = Annotated[str, Field(pattern=r"^cfg-[A-Za-z0-9_-]{1,200}$")]

WebhookIds = Annotated[
    list[Annotated[str, Field(pattern=r"^whc-[A-Za-z0-9_-]{1,200}$")]], Field(min_length=1, max_length=4)
]


class _Config(Options):
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


class LlamaParseConfig(_Config):
    """Options of LlamaCloud's parse."""

    parameters: ParseParameters | None = Field(
        default=None, description="saved at the service under a name made of their content"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _one_of_two(self.configuration_id, self.parameters)
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
        wanted.setdefault("version", "latest")
    if wanted.get("version") == "latest" and "version" in pins:
        wanted["version"] = pins["version"]
    return wanted
