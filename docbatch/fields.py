"""The fields of what users write: the base of all option models, and the words and values they share."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, Union

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, TypeAdapter
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
PRICED_ITEM = r"^[a-z][a-z0-9_]*$(?!\n)"
DATE = r"^20[0-9]{2}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?$(?!\n)"
DURATION = r"^[1-9][0-9]{0,5}[smhd]$(?!\n)"

# What our own validators refuse in better words, said for those who judge by the JSON Schema alone.
_NO_CONTROL = r"[^\x00-\x1f\x7f]*$(?!\n)"
_NO_OTHER = r"(?!.*\{\{-?\s*(?:doc|job)\b)"
_NO_SHELL = r"(?!~)(?![\s\S]*\$(?:[A-Za-z_(]|\{[A-Za-z_]))"
_NO_SHELL_START = r"(?!~/|\$HOME(?![A-Za-z0-9_])|\$\{[A-Za-z_][A-Za-z0-9_]*\})"
_NO_URL = r"(?![A-Za-z][A-Za-z0-9+.-]*://)"
_NO_STEP = r"(?!/)(?!.*//)(?!(?:.*/)?\.\.?(?:/|$))"
ONE_LINE = f"^{_NO_CONTROL}"

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_VARIABLE = re.compile(r"\{\{-?\s*vars\.([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}")
_SHELL = re.compile(r"\$(?:\{[A-Za-z_][A-Za-z0-9_]*\}?|\(|[A-Za-z_][A-Za-z0-9_]*)")
_SHELL_START = re.compile(r"~/|\$HOME(?![A-Za-z0-9_])|\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
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


Schema = dict[str, Any]
UNSET: Schema = {"type": "null"}


def within(name: str, schema: Schema) -> Schema:
    """Return a JSON Schema's rule for one field, wherever it is set."""
    return {"properties": {name: schema}}


def when(name: str, values: Sequence[object], then: Schema, otherwise: Schema | None = None) -> Schema:
    """Return a JSON Schema's rule for where a field is set to one of some values, and for where it is not.

    Validators that compare fields say so to those who judge by the schema alone.
    """
    rule = {"if": {**within(name, {"enum": list(values)}), "required": [name]}, "then": then}
    return rule if otherwise is None else {**rule, "else": otherwise}


class LateUnion:
    """Stands in an annotation for one of several models that are named when first needed, told apart by their `type`.

    With `tell`, which returns a tag for a value, members are annotated with a `Tag`. A model that holds such a union is
    built again with `model_rebuild(force=True)` when there are others.
    """

    def __init__(
        self, members: Callable[[], Sequence[Any]], tell: Callable[[Any], str] | None = None
    ) -> None:
        self._members = members
        self._discriminator = Discriminator("type" if tell is None else tell)

    @property
    def annotation(self) -> Any:
        return Annotated[Union[tuple(self._members())], self._discriminator]  # noqa: UP007 - of what is known late

    def __get_pydantic_core_schema__(self, _source: Any, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        return handler.generate_schema(self.annotation)


class _OtherMember(SpecModel):
    type: Literal["\0"]


def check_member(options: type[SpecModel]) -> str:
    """Return the JSON Schema of a model in a union that is told apart by `type`, as text.

    Raises whatever pydantic does for a model that cannot stand there.
    """
    options.model_rebuild(force=True)
    either: Any = Annotated[Union[_OtherMember, options], Discriminator("type")]  # noqa: UP007 - known late
    return json.dumps(TypeAdapter(either).json_schema())


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


def unexpanded(text: str) -> tuple[str, str] | None:
    """Say what of a path a shell would fill in and nobody does here, and what to write instead."""
    if text.startswith("~"):
        return "~ is not expanded", "write a path relative to the project root, or an absolute one"
    if found := _SHELL.search(text):
        return (
            f"{found[0]} is not expanded",
            "write the path itself, or {{ vars.NAME }} for what docbatch.yaml says under vars:",
        )
    return None


def misplaced_url(text: str) -> tuple[str, str] | None:
    """Say that a URL stands where a path is expected, and what to write instead; of it no more than the scheme is shown."""
    if found := _URL.match(text):
        return (
            f"{found[0]}… is a URL, and a path is expected",
            "name the bucket under stores: in docbatch.yaml, and here store: with that name; links go under urls:",
        )
    return None


def no_shell(text: str) -> str:
    """Refuse a path with something that a shell would fill in, and a URL."""
    if told := unexpanded(text) or misplaced_url(text):
        refuse(*told)
    return text


def no_shell_variable(text: str) -> str:
    """Do the same where `~` stands for the home folder."""
    return text if text.startswith("~") else no_shell(text)


def unexpanded_pattern(text: str) -> tuple[str, str] | None:
    """Do the same for a pattern, where a dollar sign is one of a name as a rule."""
    if not _SHELL_START.match(text):
        return None
    told = unexpanded(text)
    return told and (told[0], "patterns are relative to source.root; set that to the folder that is meant")


def _plain_pattern(text: str) -> str:
    if told := unexpanded_pattern(text) or misplaced_url(text):
        refuse(*told)
    return text


def misplaced_key(text: str) -> tuple[str, str] | None:
    """Say why a text cannot be what keys of objects begin with, and what to write instead."""
    if told := misplaced_url(text):
        return told
    if text.startswith("/"):
        return "keys of objects do not begin with /", "leave the first / out"
    if not {".", "..", ""}.isdisjoint(text.removesuffix("/").split("/") if text else ()):
        return "empty steps, . and .. cannot stand in keys that docbatch reads", "write it as in in/2026/"
    return None


def _plain_prefix(text: str) -> str:
    if told := misplaced_key(text):
        refuse(*told)
    return text


def _also(pattern: str) -> Any:
    return Field(json_schema_extra={"pattern": pattern})


Format = Literal["markdown", "text", "json", "csv", "html", "docling-json"]
OnMissing = Literal["rewrite", "ignore"]
ApiVersion = Literal["docbatch/v1"]
Name = Annotated[str, Field(pattern=NAME, max_length=64)]
Word = Annotated[str, Field(pattern=WORD, max_length=64)]
Label = Annotated[str, Field(pattern=LABEL, max_length=64)]
LabelValue = Annotated[str, Field(max_length=1000)]
Duration = Annotated[str, Field(pattern=DURATION)]
Priority = Annotated[int, Field(ge=1, le=100)]

_Text = Annotated[str, Field(min_length=1, max_length=1000)]
_Plain = Annotated[_Text, AfterValidator(one_line), AfterValidator(_only_variables)]
Folder = Annotated[_Plain, AfterValidator(no_shell), _also(rf"^{_NO_SHELL}{_NO_URL}{_NO_OTHER}{_NO_CONTROL}")]
PathTemplate = Annotated[
    _Text, AfterValidator(_template), AfterValidator(no_shell), _also(rf"^{_NO_SHELL}{_NO_URL}")
]

Prefix = Annotated[
    str,
    Field(max_length=1000),
    AfterValidator(one_line),
    AfterValidator(_only_variables),
    AfterValidator(_plain_prefix),
    _also(rf"^{_NO_STEP}{_NO_URL}{_NO_OTHER}{_NO_CONTROL}"),
]

Link = Annotated[str, Field(min_length=1, max_length=4000)]
FileId = Annotated[str, Field(pattern=FILE_ID)]
TextName = Annotated[str, Field(min_length=1, max_length=200)]

# A pattern that is absolute, or begins with !, is refused once variables are filled in.
_Pattern = Annotated[
    _Plain,
    AfterValidator(_plain_pattern),
    _also(rf"^(?![!/]){_NO_SHELL_START}{_NO_URL}{_NO_OTHER}{_NO_CONTROL}"),
]
_Some = Annotated[list[_Pattern], Field(min_length=1, max_length=1000)]
_Any = Annotated[list[_Pattern], Field(max_length=1000)]
Patterns = Annotated[_Some, BeforeValidator(_as_list, json_schema_input_type=_Pattern | _Some)]
Exclusions = Annotated[_Any, BeforeValidator(_as_list, json_schema_input_type=_Pattern | _Any)]
