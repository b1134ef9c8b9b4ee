"""What a job may set under `config:`."""

from pydantic import Field

from docbatch.fields import SpecModel


class PigeonConfig(SpecModel):
    language: str | None = Field(default=None, description="the language of the documents, such as en")
