"""What all options of Extend have in common: they are judged strictly, and bear the vendor's own names."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Options(BaseModel):
    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", alias_generator=to_camel, hide_input_in_errors=True
    )


def refuse(message: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("docbatch", "{message}", {"message": message, "hint": hint})
