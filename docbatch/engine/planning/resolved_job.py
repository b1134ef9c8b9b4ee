"""A resolved job, as the engine runs it: its source, provider, recipe and sinks, with nothing left to look up."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from docbatch.core.models import Operation, Recipe, Traits
from docbatch.naming.links import digest
from docbatch.sinks.base import Format, Sink


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

    def only(self, paths: Collection[bytes]) -> "Listing":
        """Return the list with these documents alone."""
        written = {path: content for path, content in self.written.items() if path in paths}
        return replace(
            self, written=written, links={path: link for path, link in self.links.items() if path in paths}
        )


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
