"""The options of the local provider, as a job writes them under `config:`."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

EXECUTION_ONLY = frozenset({"timeout", "max_memory", "split_pages"})
"""They bound the work and say nothing about the result. Documents that are split have a recipe of their own; the others are read as ever."""

PART = "part"
"""What the config of a part of a document has beside a job's options: the first and the last page that are read."""

_UNITS = {"MB": 10**6, "GB": 10**9, "MiB": 1 << 20, "GiB": 1 << 30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(MB|GB|MiB|GiB)")
_LEAST_MEMORY = 64 * 10**6
LEAST_PAGES = 10
"""Of parts: each is read with a few pages around it."""

Language = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{1,30}$")]


def memory_bytes(text: str) -> int:
    """Return the bytes that a size such as `500MB` or `2GiB` means. Raises ValueError."""
    size = _SIZE.fullmatch(text)
    if size is None:
        raise ValueError("write a number and a unit: 500MB, 2GB, 512MiB or 1.5GiB")
    return int(float(size[1]) * _UNITS[size[2]])


class LocalConfig(BaseModel):
    """Options of the local provider."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    timeout: float = Field(
        default=300,
        gt=0,
        le=86_400,
        description="seconds a document may take, then it is failed; pages that had to be read as pictures by then are named as lost",
    )
    max_memory: str = Field(
        default="2GB",
        description="memory a document may take on top of what the engines themselves need",
        json_schema_extra={"pattern": f"^{_SIZE.pattern}$(?!\n)"},
    )
    ocr: Literal["auto", "off", "force"] = Field(
        default="auto",
        description="auto reads as pictures those pages that have to be, where this machine can; force reads every page so",
    )
    languages: list[Language] = Field(
        default=["eng"],
        min_length=1,
        max_length=16,
        description="languages on scanned pages and pictures, by Tesseract's codes",
    )

    running_lines: Literal["keep", "drop"] = Field(
        default="keep",
        description="what becomes of running heads, running feet and page numbers; kept ones are marked in blocks",
    )
    encoding: str | None = Field(
        default=None,
        description="how the characters of texts, HTML pages and CSV files are written, such as cp1252 or shift_jis; found out where it is not given",
    )

    split_pages: int | None = Field(
        default=None,
        ge=LEAST_PAGES,
        le=100_000,
        description="a PDF of more pages is read in parts of so many at most, several at a time; each may take timeout and max_memory",
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        from docbatch.media.charset_labels import codec  # noqa: PLC0415 - few jobs name a charset

        if value is not None and codec(value) is None:
            raise ValueError(
                "not the name of a charset; write utf-8, windows-1252, shift_jis or another that browsers or Python know"
            )
        return value

    @field_validator("max_memory")
    @classmethod
    def _enough_memory(cls, value: str) -> str:
        if memory_bytes(value) < _LEAST_MEMORY:
            raise ValueError("at least 64MB are needed")
        return value
