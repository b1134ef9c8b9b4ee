"""A job as the engine runs it: everything resolved, nothing left to look up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from docbatch.models import Operation, Recipe, Traits
from docbatch.sinks.base import Sink


@dataclass(frozen=True, slots=True)
class SinkTarget:
    """A sink of a job.

    `identity` changes when outputs would lie elsewhere or look different. `root` is absolute. `output` is set for sinks
    with one output per job; `whole` ones are written as a whole. `place` renders a document's output path:
    (path, digest, size) to a path below `root`; it raises ValueError when there is none that is safe.
    """

    identity: str
    root: bytes
    output: bytes | None
    whole: bool
    place: Callable[[bytes, str, int], bytes]
    open: Callable[[], Sink]
    rewrite_missing: bool = True


@dataclass(frozen=True, slots=True)
class Target:
    """A job ready to be planned. `root` is the absolute source root; `config` includes execution-only fields."""

    name: str
    connection: str
    operation: Operation
    traits: Traits
    recipe: Recipe
    recipe_key: str
    root: bytes
    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    allow_empty: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 50
    timeout: float | None = None
    sinks: tuple[SinkTarget, ...] = ()
