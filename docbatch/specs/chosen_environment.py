"""The environment that a command works in, and what of it came from outside of docbatch.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docbatch.specs.values import DeclaredProject


@dataclass(frozen=True, slots=True)
class Choice:
    """What is said where a project is opened: the `environment`, None for the project itself, and values of variables by name."""

    environment: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


NO_CHOICE = Choice()


@dataclass(frozen=True, slots=True)
class ChosenEnvironment:
    """An environment of a project; `name` is None for the project itself.

    `names` are those of all environments, `others` are the project in its other environments, and itself where it can be used without one, as docbatch.yaml says
    them. `outside` are values of variables that came from outside, `unset` variables that have none.
    """

    name: str | None = None
    others: "tuple[DeclaredProject, ...]" = field(default=(), compare=False, repr=False)
    names: tuple[str, ...] = ()
    outside: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()

    @property
    def choice(self) -> Choice:
        """What opens the project in this environment again."""
        return Choice(self.name, self.outside)

    @property
    def said(self) -> str:
        """Name it in a sentence."""
        return "the project itself" if self.name is None else f"environment {self.name}"
