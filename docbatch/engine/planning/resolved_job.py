"""A resolved job, as the engine runs it: its source, provider, recipe and sinks, with nothing left to look up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from docbatch.core.demands import Demands
from docbatch.core.limits import Limit
from docbatch.core.models import Operation, Recipe, Traits
from docbatch.core.retry_policy import FailingRules, RetryPolicy
from docbatch.core.windows import SendingWindow
from docbatch.engine.planning.sink_versions import SinkVersions
from docbatch.naming.store_places import in_store
from docbatch.sinks.base import Sink
from docbatch.sinks.kind import Form, SinkKind
from docbatch.sinks.paths import folded
from docbatch.sinks.picture_modes import AS_GIVEN
from docbatch.sinks.rows.row_form import RowForm
from docbatch.sources.base import Source
from docbatch.specs.values import PasswordPlace

if TYPE_CHECKING:
    from docbatch.core.tariffs import Tariff
    from docbatch.engine.planning.items.job_split import JobSplit


@dataclass(frozen=True, slots=True)
class ResolvedSink:
    """A sink of a job.

    `identity` changes when outputs would lie elsewhere or look different. `place` says where a document's output belongs:
    (path, digest, size) to a path below `root`; it raises ValueError when there is none that is safe. `root` is an absolute
    path or a place in a store, None for a kind without a place in the file system: there the document's own path says it. `output` is set for kinds
    with one output for the job, and is that output's path below `root`, empty where there is no root. `moves` says that
    a list may change the place of a document that is as it was. `form` is set where outputs can be made ahead, and `pictures_at` says what
    becomes of pictures then, see `SinkSpec`. Documents that failed
    are written as well where it `takes_failures`. `versions` say what made what it holds, and what is installed.
    """

    kind: SinkKind
    identity: str
    root: bytes | None
    output: bytes | None
    place: Callable[[bytes, str, int], bytes]
    open: Callable[[], Sink]
    rewrite_missing: bool = True
    moves: bool = False
    form: Form | RowForm | None = None
    takes_failures: bool = False
    versions: SinkVersions = field(default_factory=SinkVersions)
    pictures_at: Callable[[bytes], str | None] = lambda _output: AS_GIVEN

    def open_to_write(self) -> Sink:
        """Open the sink. Raises SinkError where what is installed may not write it."""
        if self.kind.whole:
            self.versions.require_kept()
        return self.open()

    @property
    def is_in_store(self) -> bool:
        return self.root is not None and in_store(self.root)

    def collision_key(self, output: bytes) -> int | None:
        """Return what is equal for outputs that one file system may keep as one file, None for what is no file of its own."""
        if self.root is None or not self.kind.per_document:
            return None
        return folded(self.root + b"/" + output)


@dataclass(frozen=True, slots=True)
class ResolvedJob:
    """A job ready to be planned.

    `standing` are the keys of recipes that differ from the job's in versions alone, the newest first: documents that were
    read under one of them stay as they are. `oldest_key` is that of the oldest, None where it is the job's own.
    `config` includes execution-only fields. `cautions` are sentences for whoever looks at the plan. `passwords` says where
    those of its documents are found. `demands` says which results are good enough. `limits` hold for what is sent of it; work
    that costs nothing has none. `tariff` says what a document is charged for, once that is asked; None where nobody knows.
    `deadline` is for how many seconds a document waits for the `window` at most. `declared_account` stands for the account as
    the project file has it, without what variables say. `manifest` is the absolute path of the file that lists what became of
    its documents, None where it has none. `failing` says what is done about what failed, takes too long or is gone,
    `split` how larger documents are read in parts, None where none is.
    """

    name: str
    connection: str
    operation: Operation
    traits: Traits
    recipe: Recipe
    recipe_key: str
    source: Source
    standing: tuple[str, ...] = ()
    oldest_key: str | None = None
    allow_empty: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 50
    timeout: float | None = None
    sinks: tuple[ResolvedSink, ...] = ()
    cautions: tuple[str, ...] = ()
    demands: Demands = field(default_factory=Demands)
    passwords: PasswordPlace | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    window: SendingWindow | None = None
    deadline: float | None = None
    declared_account: str = ""
    tariff: "Callable[[], Tariff] | None" = None
    manifest: bytes | None = None
    failing: FailingRules = field(default_factory=FailingRules)
    split: "JobSplit | None" = None

    def made_now(self, before: Recipe) -> Recipe:
        """Return how documents are processed today that were processed otherwise `before`."""
        split = self.split
        return split.recipe if split is not None and split.takes_over(before) else self.recipe

    def recipe_of(self, key: str, media_type: str, digest: str) -> Recipe:
        """Return how a document is processed today that has this key."""
        split = self.split
        is_split = split is not None and split.is_of(key, media_type, digest)
        return split.recipe if split is not None and is_split else self.recipe

    @property
    def kept_versions(self) -> Mapping[str, str]:
        """The versions it keeps to of what moves by itself, at its provider and in its sinks."""
        of_sinks = {name: kept for sink in self.sinks for name, kept in sink.versions.kept.items()}
        return {**self.recipe.pins, **of_sinks}

    @property
    def retry(self) -> RetryPolicy:
        """What is tried again by itself once it failed."""
        return self.failing.retry
