"""What users write of who is told of a run, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from docbatch.core.notifications import Occasion
from docbatch.fields import SpecModel, refuse
from docbatch.secret_references import KeyReference, Reference

if TYPE_CHECKING:
    from docbatch.specs.project import ProjectSpec

Argument = Annotated[str, Field(min_length=1, max_length=1000)]
ONE_OF = "name one of webhook and command"


class NotifySpec(SpecModel):
    """Who is told once a run has ended: a webhook that takes what Slack's take, or a command that reads JSON."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["webhook"]}, {"required": ["command"]}]}
    )

    on: Annotated[list[Occasion], Field(min_length=1, max_length=3)] = Field(
        description="`finished`: a run that did anything, was interrupted, or met an error; `failures`: documents failed in it, or it met an error; `budget`: a limit kept documents from being sent"
    )
    webhook: KeyReference | None = Field(
        default=None,
        description="where the URL is found, never the URL itself; https, or http on this machine",
    )
    command: Annotated[list[Argument], Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="a program and its arguments, started in the project's folder, with JSON on its standard input",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.webhook is None) == (self.command is None):
            refuse("somebody is told by a webhook or by a command", ONE_OF)
        return self


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who is told of what: by a webhook whose URL is found by a reference, or by a command. `place` is where that is written."""

    on: frozenset[Occasion]
    webhook: Reference | None
    command: tuple[str, ...]
    place: str


def subscribers_of(spec: "ProjectSpec", shown: str) -> Sequence[Subscriber]:
    return tuple(
        Subscriber(frozenset(each.on), each.webhook, tuple(each.command or ()), f"{shown}: notify[{number}]")
        for number, each in enumerate(spec.notify)
    )
