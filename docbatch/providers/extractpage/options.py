"""The options of extract.page, as a job writes them under `config:`."""

from pydantic import BaseModel, ConfigDict, Field


class ExtractPageConfig(BaseModel):
    """Options of extract.page. What is left out is the service's own choice."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    engine: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="the service's engine by name; it publishes no list, and chooses one when this is left out",
    )
    extract_text: bool = Field(default=True, description="false leaves text out of the results")
    extract_images: bool = Field(default=True, description="false leaves figures out of the results")
