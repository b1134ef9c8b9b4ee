"""The fields of what users write: the base of all option models, and the words and values they share."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, Union

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field
from pydantic_core import PydanticCustomError

from docbatch.naming.templates import TemplateError, compile_template

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

# Python's $ also matches before a final line break; the look-ahead says the same to every judge of the schema.
NAME = r"^[a-z0-9][a-z0-9_-]*$(?!\n)"
WORD = r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)"
LABEL = r"^[A-Za-z0-9][A-Za-z0-9_./-]*$(?!\n)"
FILE_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$(?!\n)"
DURATION = r"^[1-9][0-9]{0,5}[smhd]$(?!\n)"

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_VARIABLE = re.compile(r"\{\{-?\s*vars\.([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}")
_EXPRESSION = re.compile(r"\{\{-?\s*(doc|job|vars)\b")


class SpecModel(BaseModel):
    # A model is built when something is first judged by it: start-up is felt at every command.
    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        regex_engine="python-re",
        hide_input_in_errors=True,
        defer_build=True,
    )


class LateUnion:
    """Stands in an annotation for one of several models, told apart by their `type`, that are named when first needed.

    A model that holds one is built again with `model_rebuild(force=True)` when there are others.
    """

    def __init__(self, members: Callable[[], Sequence[type[BaseModel]]]) -> None:
        self._members = members

    @property
    def annotation(self) -> Any:
        return Annotated[Union[tuple(self._members())], Discriminator("type")]  # noqa: UP007 - of what is known late

    def __get_pydantic_core_schema__(self, _source: Any, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        return handler.generate_schema(self.annotation)


def refuse(message: str, hint: str | None = None) -> NoReturn:
    """Fail the validation of a value with our own words."""
    raise PydanticCustomError("docbatch", "{message}", {"message": message, "hint": hint})


def seconds(duration: str) -> float:
    """Return the seconds of a duration such as `90s`, `30m`, `6h` or `2d`."""
    return float(int(duration[:-1]) * _SECONDS[duration[-1]])


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replace every `{{ vars.x }}` of a path or pattern. Raises TemplateError for an unknown variable."""
    return _VARIABLE.sub(lambda match: compile_template(match[0]).render({"vars": variables}), text)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _only_variables(text: str) -> str:
    if found := _EXPRESSION.search(_VARIABLE.sub("", text)):
        refuse(
            f"an expression with {found[1]} cannot stand here", "only {{ vars.NAME }} can, without filters"
        )
    return text


def one_line(text: str) -> str:
    """Refuse control characters; line breaks are some."""
    if control := re.search(r"[\x00-\x1f\x7f]", text):
        refuse(f"the text contains the control character U+{ord(control[0]):04X}", "write it in one line")
    return text


def _template(text: str) -> str:
    try:
        compile_template(text)
    except TemplateError as error:
        refuse(str(error), error.hint)
    return text


def _no_home(text: str) -> str:
    if text.startswith("~"):
        refuse("~ is not expanded", "write a path relative to the project root, or an absolute one")
    return text


Format = Literal["markdown", "text", "json"]
OnMissing = Literal["rewrite", "ignore"]
ApiVersion = Literal["docbatch/v1"]
Name = Annotated[str, Field(pattern=NAME, max_length=64)]
Word = Annotated[str, Field(pattern=WORD, max_length=64)]
Label = Annotated[str, Field(pattern=LABEL, max_length=64)]
Duration = Annotated[str, Field(pattern=DURATION)]
Priority = Annotated[int, Field(ge=1, le=100)]

_Text = Annotated[str, Field(min_length=1, max_length=1000)]
_Plain = Annotated[_Text, AfterValidator(one_line), AfterValidator(_only_variables)]
Folder = Annotated[_Plain, AfterValidator(_no_home)]
PathTemplate = Annotated[_Text, AfterValidator(_template), AfterValidator(_no_home)]

Link = Annotated[str, Field(min_length=1, max_length=4000)]
FileId = Annotated[str, Field(pattern=FILE_ID)]
TextName = Annotated[str, Field(min_length=1, max_length=200)]

_Some = Annotated[list[_Plain], Field(min_length=1, max_length=1000)]
_Any = Annotated[list[_Plain], Field(max_length=1000)]
Patterns = Annotated[_Some, BeforeValidator(_as_list, json_schema_input_type=_Text | _Some)]
Exclusions = Annotated[_Any, BeforeValidator(_as_list, json_schema_input_type=_Text | _Any)]
