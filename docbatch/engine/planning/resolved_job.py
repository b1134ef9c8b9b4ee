"""A resolved job, as the engine runs it: its source, provider, recipe and sinks, with nothing left to look up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from docbatch.core.models import Operation, Recipe, Traits
from docbatch.fields import Format
from docbatch.naming.links import digest
from docbatch.sinks.base import Sink
from docbatch.sinks.kind import SinkKind
from docbatch.sinks.paths import folded


@dataclass(frozen=True, slots=True)
class ResolvedSink:
    """A sink of a job.

    `identity` changes when outputs would lie elsewhere or look different. `place` says where a document's output belongs:
    (path, digest, size) to a path below `root`; it raises ValueError when there is none that is safe. `root` is absolute,
    None for a kind without a place in the file system: there the document's own path says it. `output` is set for kinds
    with one output for the job, and is that output's path below `root`, empty where there is no root. `moves` says that
    a list may change the place of a document that is as it was. `form` is set where outputs can be made ahead.
    """

    kind: SinkKind
    identity: str
    root: bytes | None
    output: bytes | None
    place: Callable[[bytes, str, int], bytes]
    open: Callable[[], Sink]
    rewrite_missing: bool = True
    moves: bool = False
    form: Format | None = None

    def collision_key(self, output: bytes) -> int | None:
        """Return what is equal for outputs that one file system may keep as one file, None for what is no file of its own."""
        if self.root is None or not self.kind.per_document:
            return None
        return folded(self.root + b"/" + output)


@dataclass(frozen=True, slots=True)
class Link:
    """`followed` links are fetched by the provider, the others by docbatch. The URL may be a credential."""

    url: str = field(repr=False)
    followed: bool

    @property
    def identity(self) -> str:
        """What tells the mirror's file of this link from that of another, or of the same kept otherwise."""
        return f"{'reference' if self.followed else 'bytes'} {digest(self.url)}"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list names, by document path in path order.

    `written` is what the mirror holds as it stands: texts, and references to what the provider has. `types` are the
    media types that are said by the list and not read from the bytes. `private` allows links to private addresses.
    """

    written: Mapping[bytes, bytes] = field(default_factory=dict)
    links: Mapping[bytes, Link] = field(default_factory=dict)
    types: Mapping[bytes, str] = field(default_factory=dict)
    private: bool = False

    def __contains__(self, path: bytes) -> bool:
        return path in self.written or path in self.links


@dataclass(frozen=True, slots=True)
class ResolvedJob:
    """A job ready to be planned.

    `root` is the absolute source root: for a `listing` the folder that mirrors it. `config` includes execution-only
    fields. `cautions` are sentences for whoever looks at the plan.
    """

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
    sinks: tuple[ResolvedSink, ...] = ()
    listing: Listing | None = None
    cautions: tuple[str, ...] = ()

    def read_as(self, path: bytes, media_type: str) -> str:
        """Return what a document counts as whose bytes look like a media type."""
        return media_type if self.listing is None else self.listing.types.get(path, media_type)
