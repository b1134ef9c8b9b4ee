"""Jobs as the engine reads them: defaults merged, variables filled in, paths absolute."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docbatch.core.demands import Demands
from docbatch.core.keys import identity_config
from docbatch.core.limits import Limit
from docbatch.core.models import Input, Operation
from docbatch.core.retry_policy import FailingRules
from docbatch.core.spending_guards import Guards
from docbatch.core.windows import SendingWindow
from docbatch.fields import SpecModel
from docbatch.naming.expressions import Context
from docbatch.naming.references import Listed
from docbatch.naming.state_folders import state_folder
from docbatch.naming.templates import Template, below
from docbatch.providers import DEFAULT_PROVIDER
from docbatch.secret_references import CommandReference, EnvReference, FileReference, Reference
from docbatch.sinks.kind import SinkKind, SinkSpec
from docbatch.sources.allowance import Allowance
from docbatch.sources.selecting.rules import SelectionRules
from docbatch.sources.walk import Reach
from docbatch.specs.checkout import Checkout
from docbatch.specs.chosen_environment import ChosenEnvironment
from docbatch.specs.nodes import Origin
from docbatch.specs.notify import Subscriber
from docbatch.specs.project import Defaults, PollRule, Rates, RecoveryRule

if TYPE_CHECKING:
    from docbatch.core.prices import PriceList
    from docbatch.prices.lines import OwnLine
    from docbatch.specs.stores import FolderStoreSpec, RemoteStoreSpec

INPUTS = "inputs"
"""The folder in the state folder that mirrors what jobs list."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An account at a provider. `declared` is false for those that no docbatch.yaml mentions.

    Of an `untrusted` project no variable is read that is not meant for any project.
    """

    name: str
    type: str
    base_url: str | None = None
    api_key: Reference | None = None
    webhook_secret: tuple[Reference, ...] = ()
    workspace: Reference | str | None = None
    poll: PollRule | None = None
    recovery: RecoveryRule = field(default_factory=RecoveryRule)
    rates: Rates = field(default_factory=Rates)
    workers: int | None = None
    on: str | None = None
    address: EnvReference | str | None = None
    api_version: str | None = None
    allow_host: bool = False
    unreachable_after: float | None = None
    limits: tuple[Limit, ...] = ()
    declared: bool = False
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class StoreConnection:
    """A bucket or container as docbatch.yaml declares it. What its credentials refer to is relative to the project's root.

    Of an `untrusted` project none is ever reached.
    """

    name: str
    declared: "RemoteStoreSpec | FolderStoreSpec"
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class StateInStore:
    """Where in a store the state lies: `prefix` ends with "/", and `key` is where that of its encryption is found, if it has one."""

    store: StoreConnection
    prefix: str
    key: Reference | None = None


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """A folder of keys in a store that is no folder of this machine.

    `identity` tells the store from every other; the `prefix` has no "/" at its ends and is empty for all keys. Nothing is
    asked of an `unreached` one. Of a `linked` one the provider fetches the objects by links. Of a `tagged` one tags are asked for.
    """

    store: str
    identity: str
    prefix: str
    unreached: bool = False
    linked: bool = False
    tagged: bool = False

    @property
    def place(self) -> bytes:
        """What the places of all that lies in it begin with, without a "/" at the end."""
        return "/".join(filter(None, (self.identity, self.prefix))).encode()


@dataclass(frozen=True, slots=True)
class JobListing:
    """What a source lists, in path order, and as what. `private` allows links to this machine and private networks.

    Of an `unread` list nothing is known: it comes by standard input, which was left alone.
    """

    kind: Input
    documents: tuple[Listed, ...]
    private: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True)
class JobSource:
    """`root` is absolute; patterns are relative to it. A `listing` is mirrored at `root`.

    `options` are those of another kind of source; then `root` is the project's, and there are no patterns. `reach` and
    `allowance` bound what is looked at below the root. With `opens_containers` what lies in containers are documents. `selection`
    says which of the documents are taken, and more of them.
    With a `folder` the documents are objects, and patterns are relative to that. `lists` are files that say which documents there are, or more of them.
    """

    root: Path
    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    allow_empty: bool = False
    hidden: bool = False
    listing: JobListing | None = field(default=None, compare=False)
    kind: str = "folder"
    options: SpecModel | None = field(default=None, compare=False)
    reach: Reach | None = field(default=None, compare=False)
    allowance: Allowance | None = field(default=None, compare=False)
    opens_containers: bool = False
    selection: SelectionRules | None = field(default=None, compare=False)
    folder: StoreFolder | None = None
    lists: tuple[Path, ...] = field(default=(), compare=False)

    @property
    def place(self) -> bytes:
        """What the places of documents begin with, as outputs are compared with them; without a "/" at the end."""
        if self.folder is not None:
            return self.folder.place
        return os.fsencode(os.path.realpath(self.root)).rstrip(b"/")

    @property
    def written(self) -> tuple[str, ...]:
        """All patterns, as they are written."""
        return (*self.include, *self.exclude)


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a sink's files lie.

    `root` is absolute, and nothing is written outside it. `template` gives the path below it; only `doc` is left open.
    """

    root: Path
    template: Template

    @property
    def path(self) -> Path | None:
        """The one file that all documents have, None where each has its own."""
        return None if self.template.lookups else self.root / self.template.literal_root

    @property
    def identity(self) -> str:
        return f"{self.root}\n{self.template.identity}"

    def output(self, doc: Mapping[str, object]) -> bytes:
        """Return a document's output below `root`, see `templates.doc_fields`. Raises TemplateError."""
        return below(self.template.render({"doc": doc}))


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where in a store a sink's objects lie.

    `store` is what docbatch.yaml calls it, `bucket` the text that tells it from every other. Nothing is written outside
    `folder`, a key without "/" at its end, empty for all of the bucket. `template` gives the path below it.
    """

    store: str
    bucket: str
    folder: str
    template: Template

    @property
    def root(self) -> str:
        """The folder as one text, see `naming.store_places`."""
        return f"{self.bucket}/{self.folder}".rstrip("/")

    @property
    def path(self) -> str | None:
        """The one object that all documents have, None where each has its own."""
        return None if self.template.lookups else f"{self.root}/{self.template.literal_root}"

    @property
    def identity(self) -> str:
        return f"{self.root}\n{self.template.identity}"

    def output(self, doc: Mapping[str, object]) -> bytes:
        """Return a document's output below `root`, as `FilePlace` does."""
        return below(self.template.render({"doc": doc}))


@dataclass(frozen=True, slots=True)
class JobSink:
    """A place for results. `place` is None for a kind that has none in the file system.

    `context` is what its templates name that is the same for all documents: `job` and `vars`.
    """

    kind: SinkKind
    options: SinkSpec
    place: FilePlace | StorePlace | None = None
    context: Context = field(default_factory=dict, compare=False)

    @property
    def identity(self) -> str:
        """Text that differs when outputs of the same documents would differ in place or form."""
        place = "" if self.place is None else f"{self.place.identity}\n"
        return f"{self.kind.name}\n{place}{self.options.identity_in(self.context)}"

    @property
    def where(self) -> tuple[str, ...]:
        """What two sinks have in common that write to the same place, unless they write to parts of it."""
        if self.place is None:
            return (self.kind.name,)
        path = self.place.path
        return (self.place.identity,) if path is None else ("", str(path))

    def is_apart(self, other: "JobSink") -> bool:
        """Tell whether two sinks of one place write to parts of it that are their own."""
        part = self.options.part
        return self.kind is other.kind and (part is None or part != other.options.part)


@dataclass(frozen=True, slots=True)
class PasswordPlace:
    """Where a job's passwords are found; files and commands are relative to the project's `root`."""

    reference: FileReference | CommandReference
    root: Path


@dataclass(frozen=True, slots=True)
class Job:
    """`timeout` and `deadline` are in seconds; `config` is what the user set, and `execution_only` names what of it no key contains.

    `cautions` are sentences about what is allowed and may surprise. `limits` are all that hold for it: its own, its
    connection's and the project's. `manifest` is the absolute path of the file that lists what became of its documents.
    """

    name: str
    source: JobSource
    connection: Connection
    operation: Operation
    sinks: tuple[JobSink, ...]
    config: Mapping[str, Any]
    execution_only: frozenset[str]
    priority: int
    timeout: float
    labels: Mapping[str, str]
    origin: Origin = field(compare=False, repr=False)
    cautions: tuple[str, ...] = ()
    demands: Demands = field(default_factory=Demands)
    passwords: PasswordPlace | None = None
    limits: tuple[Limit, ...] = ()
    window: SendingWindow | None = None
    deadline: float | None = None
    manifest: Path | None = None
    failing: FailingRules = field(default_factory=FailingRules)

    @property
    def identity_config(self) -> Mapping[str, object]:
        return identity_config(self.config, self.execution_only)


@dataclass(frozen=True, slots=True)
class DeclaredProject:
    """`root` is absolute. `id` and `origin` are None without a docbatch.yaml: then nothing can be sent to a service.

    `here` is the absolute folder it was looked for from: paths that are named are relative to it, and so are those in
    messages. `untrusted` says that nobody vouches for the project: nothing but its own files is looked at. `own_prices` are its own
    lines of prices, as they are written. `connection_limits` are those of the connections that docbatch.yaml names.
    `subscribers` are told of runs, `stores` are by name. Lists on standard input are read where it says so: commands that ask
    for no document leave them. It is what docbatch.yaml says for the `environment`, which has an id and a state of its own.
    `state_store` is where the state lies, None for the state folder.
    """

    root: Path
    here: Path
    id: str | None
    connections: Mapping[str, Connection]
    variables: Mapping[str, str]
    defaults: Defaults
    origin: Origin | None = field(default=None, compare=False, repr=False)
    untrusted: bool = False
    limits: tuple[Limit, ...] = ()
    own_prices: "tuple[OwnLine, ...]" = ()
    guards: Guards = field(default_factory=Guards)
    connection_limits: tuple[Limit, ...] = ()
    subscribers: tuple[Subscriber, ...] = ()
    stores: "Mapping[str, StoreConnection]" = field(default_factory=dict)
    reads_input: bool = False
    environment: ChosenEnvironment = field(default_factory=ChosenEnvironment)
    state_store: StateInStore | None = None

    @property
    def state_folder(self) -> Path:
        return state_folder(self.root, self.environment.name)

    @property
    def checkout(self) -> Checkout:
        return Checkout(self.root, self.untrusted)

    @property
    def prices(self) -> "PriceList":
        """What providers charge, as the project's own lines say or else the profile. It is put together when it is asked for."""
        from docbatch.specs.pricing import project_prices  # noqa: PLC0415 - most commands ask for no price

        return project_prices(self.own_prices, self.origin)

    @property
    def mark(self) -> str:
        """What the marks of all work begin with."""
        return self.id or DEFAULT_PROVIDER
