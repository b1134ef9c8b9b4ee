"""What was read from a YAML document, with the place of every key and value."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    """A position in a file; line and column count from 1."""

    line: int
    column: int


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
