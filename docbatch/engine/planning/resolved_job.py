"""A resolved job, as the engine runs it: its source, provider, recipe and sinks, with nothing left to look up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from docbatch.core.models import Operation, Recipe, Traits
from docbatch.sinks.base import Format, Sink
from docbatch.sources.base import Source


@dataclass(frozen=True, slots=True)
class ResolvedSink:
    """A sink of a job.

    `identity` changes when outputs would lie elsewhere or look different. `root` is absolute. `output` is set for sinks
    with one output per job; `whole` ones are written as a whole. `place` renders a document's output path:
    (path, digest, size) to a path below `root`; it raises ValueError when there is none that is safe. `moves` says that
    a list may change the place of a document that is as it was. `form` is set for sinks that write a file a document.
    """

    identity: str
    root: bytes
    output: bytes | None
    whole: bool
    place: Callable[[bytes, str, int], bytes]
    open: Callable[[], Sink]
    rewrite_missing: bool = True
    moves: bool = False
    form: Format | None = None


@dataclass(frozen=True, slots=True)
class ResolvedJob:
    """A job ready to be planned.

    `config` includes execution-only fields. `cautions` are sentences for whoever looks at the plan.
    """

    name: str
    connection: str
    operation: Operation
    traits: Traits
    recipe: Recipe
    recipe_key: str
    source: Source
    allow_empty: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 50
    timeout: float | None = None
    sinks: tuple[ResolvedSink, ...] = ()
    cautions: tuple[str, ...] = ()
