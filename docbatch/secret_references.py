"""References to what is never written into a spec itself: keys, secrets, passwords."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from docbatch.fields import SpecModel, no_shell_variable

_REFERENCES = ("env", "file", "command")

Text = Annotated[str, Field(min_length=1, max_length=1000)]


class EnvReference(SpecModel):
    """A value in an environment variable."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)", max_length=200)] = Field(
        description="name of an environment variable"
    )


class FileReference(SpecModel):
    """A value in a file of its own."""

    file: Annotated[Text, AfterValidator(no_shell_variable)] = Field(
        description="path of a file, relative to the project root; space around the value is cut off"
    )


class CommandReference(SpecModel):
    """A value that a command prints."""

    command: Annotated[list[Text], Field(min_length=1, max_length=100)] = Field(
        description="a program and its arguments; run only by commands that need the value"
    )


def _kind(value: Any) -> str | None:
    return next((kind for kind in _REFERENCES if isinstance(value, dict) and kind in value), None)


def _kind_or_text(value: Any) -> str | None:
    return "text" if isinstance(value, str) else _kind(value)


def _variable_or_text(value: Any) -> str | None:
    return "text" if isinstance(value, str) else "env" if isinstance(value, dict) and "env" in value else None


_Env = Annotated[EnvReference, Tag("env")]
_File = Annotated[FileReference, Tag("file")]
_Command = Annotated[CommandReference, Tag("command")]

Reference = EnvReference | FileReference | CommandReference
KeyReference = Annotated[
    _Env | _File | _Command,
    Discriminator(_kind, custom_error_type="key_reference", custom_error_message="a key must be a reference"),
]
TextOrReference = Annotated[
    _Env | _File | _Command | Annotated[Text, Tag("text")],
    Discriminator(
        _kind_or_text, custom_error_type="reference", custom_error_message="text or a reference is needed"
    ),
]


TextOrVariable = Annotated[
    _Env | Annotated[Text, Tag("text")],
    Discriminator(
        _variable_or_text, custom_error_type="reference", custom_error_message="text or a reference is needed"
    ),
]


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


_Secrets = Annotated[list[KeyReference], Field(min_length=1, max_length=4)]
Secrets = Annotated[_Secrets, BeforeValidator(_as_list, json_schema_input_type=KeyReference | _Secrets)]

PasswordReference = Annotated[
    _File | _Command,
    Discriminator(
        _kind, custom_error_type="key_reference", custom_error_message="passwords must be a reference"
    ),
]
"""Where passwords are found, one a line: in a file, or printed by a command."""
