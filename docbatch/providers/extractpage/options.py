"""The options of extract.page, as a job writes them under `config:`."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


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

    @model_validator(mode="before")
    @classmethod
    def _reads_whole_documents(cls, given: Any) -> Any:
        if isinstance(given, dict) and "split_pages" in given:
            raise ValueError(
                "extract.page reads no ranges of pages, so that no document can be split; remove split_pages"
            )
        return given
