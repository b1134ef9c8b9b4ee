"""What a source says under `where:`: which of the documents that it has are taken."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from docbatch.fields import Schema, SpecModel, one_line, refuse
from docbatch.naming.closest import closest

SIZE = r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,3})? ?(B|kB|KB|MB|GB|TB)$(?!\n)"
MEDIA_TYPE = r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/(\*|[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*)$(?!\n)"
MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$(?!\n)"
)
MOST_BYTES = 10**18
MOST_PAGES = 10**9
MOST_VALUES = 1000
_UNITS: Mapping[str, int] = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def _size(value: object) -> object:
    hint = "write a number of bytes, or one with a unit, as in 50MB"
    if isinstance(value, bool) or not isinstance(value, int | str):
        refuse("a size is a number and a unit", hint)
    if isinstance(value, str) and not re.match(SIZE, value):
        refuse("a size is a number and a unit: B, kB, MB, GB or TB", hint)
    if isinstance(value, int) and not 0 <= value <= MOST_BYTES:
        refuse(f"a size is 0 to {MOST_BYTES:,} bytes", hint)
    return value


def size_in_bytes(written: int | str) -> int:
    """Return the bytes of a size such as 50MB; a kB is a thousand bytes, as in all that docbatch prints."""
    if isinstance(written, int):
        return written
    found = re.match(SIZE, written)
    assert found is not None
    unit = _UNITS[found[3]]
    whole, fraction = int(found[1]), (found[2] or ".0")[1:]
    return whole * unit + int(fraction) * unit // int(10 ** len(fraction))


def _moment(text: str) -> str:
    hint = 'write it in quotes as in "2026-01-31", "2026-01-31T06:00" or "2026-01-31T06:00+02:00"'
    if not re.match(MOMENT, text):
        refuse("a date is a day, or a day and a time", hint)
    try:
        moment(text)
    except (ValueError, OverflowError):
        refuse("there is no such day or time", hint)
    return text


def moment(text: str) -> float:
    """Return a date in seconds since the epoch; a day is its beginning, and what names no time zone is UTC."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _type(text: str) -> str:
    from docbatch.media.names import known_names, media_type_of  # noqa: PLC0415 - few jobs select

    if "/" in text:
        if not re.match(MEDIA_TYPE, text):
            refuse("this is no media type", "write as in application/pdf or image/*")
    elif not media_type_of(text):
        near = closest(text.lower().removeprefix("."), known_names())
        hint = (
            f"did you mean {near}?"
            if near
            else "write a media type for what has no short name, as in text/x-log"
        )
        refuse(f"no type of documents is called '{text}'", hint)
    return text


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _number_as_text(value: object) -> object:
    """Whole numbers are what they are written as; what else a list may hold is text there as well."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _either(item: Any) -> Any:
    some = Annotated[list[item], Field(min_length=1, max_length=MOST_VALUES)]
    return Annotated[some, BeforeValidator(_as_list, json_schema_input_type=item | some)]


def _ordered(low: float | None, high: float | None, names: tuple[str, str]) -> None:
    if low is not None and high is not None and low > high:
        refuse(f"{names[0]} lies behind {names[1]}", "no document could be both")


_AtLeastOne: Schema = {"minProperties": 1}
Size = Annotated[
    int | str,
    BeforeValidator(
        _size,
        json_schema_input_type=Annotated[int, Field(ge=0, le=MOST_BYTES)]
        | Annotated[str, Field(pattern=SIZE)],
    ),
]
Moment = Annotated[str, AfterValidator(_moment), Field(json_schema_extra={"pattern": MOMENT})]
DocumentType = Annotated[
    str, Field(min_length=1, max_length=200), AfterValidator(one_line), AfterValidator(_type)
]
MetadataValue = Annotated[
    str,
    Field(min_length=1, max_length=10_000),
    BeforeValidator(_number_as_text, json_schema_input_type=Annotated[str, Field(min_length=1)] | int),
]


class SizeRange(SpecModel):
    """Sizes of documents that are taken, both ends among them."""

    model_config = ConfigDict(json_schema_extra=_AtLeastOne)

    min: Size | None = Field(default=None, description="the least size, in bytes or as in `10kB`")
    max: Size | None = Field(default=None, description="the largest size, in bytes or as in `50MB`")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min is None and self.max is None:
            refuse("neither min nor max is said", "write as in size: {max: 50MB}")
        low, high = (None if each is None else size_in_bytes(each) for each in (self.min, self.max))
        _ordered(low, high, ("min", "max"))
        return self


class NumberOfPages(SpecModel):
    """Numbers of pages or slides of documents that are taken, both ends among them."""

    model_config = ConfigDict(json_schema_extra=_AtLeastOne)

    min: Annotated[int, Field(ge=0, le=MOST_PAGES)] | None = Field(
        default=None, description="the least number of pages"
    )
    max: Annotated[int, Field(ge=0, le=MOST_PAGES)] | None = Field(
        default=None, description="the largest number of pages"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min is None and self.max is None:
            refuse("neither min nor max is said", "write as in pages: {max: 500}")
        _ordered(self.min, self.max, ("min", "max"))
        return self


class ModifiedRange(SpecModel):
    """When documents that are taken were changed last; a date is the beginning of its day, and UTC unless it says a time zone."""

    model_config = ConfigDict(json_schema_extra=_AtLeastOne)

    after: Moment | None = Field(default=None, description='at this moment or later, as in `"2026-01-31"`')
    before: Moment | None = Field(default=None, description="earlier than this moment")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.after is None and self.before is None:
            refuse("neither after nor before is said", 'write as in modified: {after: "2026-01-31"}')
        low, high = (None if each is None else moment(each) for each in (self.after, self.before))
        _ordered(low, high, ("after", "before"))
        return self


class WhereOptions(SpecModel):
    """Which of a source's documents are taken: those of which all of this is so. The others count as not there."""

    model_config = ConfigDict(json_schema_extra=_AtLeastOne)

    size: SizeRange | None = Field(default=None, description="how large a document is")
    pages: NumberOfPages | None = Field(
        default=None,
        description="how many pages or slides it has; what cannot be counted is taken, with a warning",
    )
    modified: ModifiedRange | None = Field(default=None, description="when it was changed last")
    type: _either(DocumentType) | None = Field(  # type: ignore[valid-type]
        default=None,
        description="what it is by its bytes: short names such as `pdf` or `docx`, media types, or as in `image/*`",
    )
    metadata: dict[Annotated[str, Field(min_length=1, max_length=200)], _either(MetadataValue)] = Field(  # type: ignore[valid-type]
        default={},
        max_length=100,
        description="what `doc.metadata` says of it: names, each with a value or a list of values",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not any((self.size, self.pages, self.modified, self.type, self.metadata)):
            refuse("nothing is said of the documents", "write as in where: {size: {max: 50MB}}")
        return self
