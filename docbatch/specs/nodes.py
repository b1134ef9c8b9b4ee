"""What was read from a YAML document, with the place of every key and value, and of it all."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from docbatch.core.errors import Problem
from docbatch.naming.closest import short

type_names: Mapping[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "nothing",
    tuple: "a list",
    dict: "a mapping",
}

Scalar = str | int | float | bool | None
Json = Scalar | list["Json"] | dict[str, "Json"]
Step = str | int
Path = tuple[Step, ...]

_WORD = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Mark:
    """A position; line and column count from 1. `file` is what messages call the file: a job may be made of several."""

    line: int
    column: int
    file: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value and where it stands. `text` is a scalar as it was written; `keys` are the places of a mapping's keys."""

    mark: Mark
    content: "Scalar | tuple[Node, ...] | dict[str, Node]"
    text: str = ""
    keys: Mapping[str, Mark] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return type_names[type(self.content)]

    def child(self, step: Step) -> "Node | None":
        if isinstance(self.content, dict) and isinstance(step, str):
            return self.content.get(step)
        if isinstance(self.content, tuple) and isinstance(step, int) and 0 <= step < len(self.content):
            return self.content[step]
        return None

    def at(self, path: Sequence[Step]) -> "Node | None":
        node: Node | None = self
        for step in path:
            node = node.child(step) if node else None
        return node

    def plain(self) -> Json:
        """The value alone, as JSON knows it."""
        if isinstance(self.content, dict):
            return {key: node.plain() for key, node in self.content.items()}
        if isinstance(self.content, tuple):
            return [node.plain() for node in self.content]
        return self.content


def show_path(path: Sequence[Step]) -> str:
    """Write a path as in `sink[0].path`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _WORD.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{step!r}]"
    return text


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a spec is written. `shown` is the file as messages name it.

    Parts of a job may stand in `fragments`, files as messages name them, and one text may be that of many jobs: then `cell`
    is the name of this one.
    """

    file: FilePath
    shown: str
    node: Node
    fragments: Collection[str] = ()
    cell: str = ""

    def problem(self, path: Path, message: str, hint: str | None = None) -> Problem:
        """Place a problem at the deepest part of the path that the file has."""
        node = self.node
        shown: list[Step] = []
        for step in path:
            child = node.child(step)
            # One pattern may be written without a list around it.
            if child is not None or isinstance(step, str):
                shown.append(step)
            node = child or node
        mark = node.mark
        return self.named(
            Problem(mark.file or self.shown, mark.line, mark.column, show_path(shown), message, hint)
        )

    def named(self, problem: Problem) -> Problem:
        """Return a problem with the job it is of, where its place does not say that."""
        if not self.cell and problem.file not in self.fragments:
            return problem
        named = self.node.child("name")
        name = short(self.cell or (named.text if named else ""))
        place = f"{self.shown}:{self.node.mark.line}"
        return replace(problem, job=f"{name} of {place}" if name else place)
