"""What a kind of sink declares of itself before one is opened: light to import, so that judging specs loads no sink."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from pydantic import Field

from docbatch.core.errors import SinkError, SinkRefused
from docbatch.fields import Format, Name, OnMissing, PathTemplate, SpecModel
from docbatch.naming.expressions import Context
from docbatch.secret_references import Reference
from docbatch.sinks.picture_modes import AS_GIVEN

if TYPE_CHECKING:
    from docbatch.sinks.base import Sink
    from docbatch.sinks.row_place import RowPlace
    from docbatch.sinks.rows.row_form import RowForm
    from docbatch.stores.object_store import ObjectStore

CONTRACT = 0
"""The version of what a sink promises and is promised: `base.py` and this file. A plug-in states the one it was built for.

While it is 0 it may change with any release; what is added has a default.
"""


Form = Format | Literal["line"]
"""What an output holds: a document in a format, or the whole normalised result as one line of JSON."""


class SinkSpec(SpecModel):
    """A sink as a job declares it: the base of every kind's options. A kind gives `type` its name as the only value."""

    type: str

    @property
    def identity(self) -> str:
        """Text that differs when outputs of the same documents would differ in place or form. It is kept in the state.

        A kind whose options say anything else, or hold a secret, must leave that out.
        """
        return self._options_but("type")

    def identity_in(self, context: Context) -> str:  # noqa: ARG002 - only what has templates beside its path does
        """Return the identity where options have templates that name the `job` or `vars`. Raises TemplateError."""
        return self.identity

    @property
    def versions(self) -> Mapping[str, str]:
        """What of this installation decides what outputs look like, and moves by itself: names and versions, for a plan.

        They are kept with the sink, and what it holds stays until its job is upgraded. Raises UsageError for what is not installed.
        """
        return {}

    @property
    def part(self) -> str | None:
        """Text that is equal for sinks that would write over each other; None where no two jobs' sinks ever would."""
        return self.identity

    @property
    def form(self) -> Form | None:
        """What the content of an output is where that can be made elsewhere, ahead of the sink; None where it cannot."""
        return None

    def form_in(self, at: "Opening") -> "Form | RowForm | None":  # noqa: ARG002 - only what has rows of a job does
        """Return the form, where it depends on what the sink is opened with."""
        return self.form

    def pictures_at(self, output: bytes) -> str | None:  # noqa: ARG002 - only what refers to pictures does
        """Return the folder beside an output that its pictures are to lie in, as text, where its content is made elsewhere.

        It is AS_GIVEN where nothing is to lie there and Markdown is as the answer has it; other words for no folder are in `picture_modes`.
        """
        return AS_GIVEN

    @property
    def rewrites_missing(self) -> bool:
        """Whether an output that is gone is written again."""
        return True

    @property
    def takes_failures(self) -> bool:
        """Whether it is handed documents that failed as well, as deliveries with a `failure`.

        Only where there is one output for the job, or where the sink has no place in the file system and answers `verify` as well.
        """
        return False

    @property
    def keeps_jobs_apart(self) -> bool:
        """Whether several jobs may write to the same part of its output: each has what is its own there."""
        return False

    @property
    def shape(self) -> str | None:
        """Text that has to be equal for jobs that share one output, such as its columns; None where nothing has to."""
        return None

    def _options_but(self, *names: str) -> str:
        return json.dumps(
            self.model_dump(mode="json", exclude=set(names), exclude_defaults=True), sort_keys=True
        )


class FileSinkSpec(SinkSpec):
    """A sink with a place in the file system: a template gives the paths of its outputs.

    `suffix` is what a path usually ends with, for hints.
    """

    suffix: ClassVar[str] = ""

    path: PathTemplate = Field(description="template of the output's path")
    on_missing: OnMissing = Field(
        default="rewrite",
        description="what happens when an output is gone: write it again, or `ignore` it because someone consumed it",
    )

    @property
    def identity(self) -> str:
        """Text that differs when the same documents' outputs would differ in form: their place is compared beside it."""
        return self._options_but("type", "path", "on_missing")

    @property
    def part(self) -> str | None:
        """Text that is equal for two sinks that write the same part of one file; empty for the whole file."""
        return ""

    @property
    def rewrites_missing(self) -> bool:
        return self.on_missing == "rewrite"


class StoredSinkSpec(FileSinkSpec):
    """A sink of files that may lie in a store as well. Where it does, its place begins with the store's."""

    store: Name | None = Field(
        default=None,
        description="the store of docbatch.yaml that outputs are written to, `path` being a key in it; files on this disk when left out",
    )


def _no_columns(_path: bytes) -> Mapping[str, str]:
    return {}


def _no_secret(_reference: Reference) -> str:
    raise SinkRefused("secrets of sinks are not read here", hint="open the sink by a job of a project")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where in a store a sink writes: below `folder`, a key without "/" at its end, empty for all of it.

    `open` gives the store; it raises SinkError where that cannot be reached from here.
    """

    open: "Callable[[], ObjectStore]"
    folder: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What a sink is opened with.

    `options` is an instance of the kind's own model. What stood in an output's place is moved to the folder `trash`.
    Nothing is written outside `root`, and `output` is the path below it of the one file for the job, empty where each
    document has its own. For sinks without a place in the file system `root` is the project's root, which paths in
    options are relative to. `labels` are the job's, and `columns` returns what else a list says of a document, given its path.
    `context` is what templates name that is the same for all documents: `job` and `vars`.
    With a `bucket` nothing is written outside of that instead; kinds whose options are no StoredSinkSpec have none.
    `secret` returns what a reference in the options stands for. It is called once something is asked of where outputs go, never when a
    sink is opened, and raises SinkRefused where it cannot be told here. `project` is the id of docbatch.yaml, empty where it has none:
    jobs of other projects may have the same name, and lie in the same place on a server.
    """

    job: str
    options: Any
    root: Path
    output: bytes
    trash: Path
    labels: Mapping[str, str] = field(default_factory=dict)
    columns: Callable[[bytes], Mapping[str, str]] = _no_columns
    context: Context = field(default_factory=dict)
    bucket: Bucket | None = None
    secret: Callable[[Reference], str] = _no_secret
    project: str = ""


@dataclass(frozen=True, slots=True)
class SinkKind:
    """A type of sink; the engine knows nothing else about it.

    `open` opens one and writes nothing. `per_document` says that every document has an output, and a stamp, of its own;
    otherwise there is one for the job. A `whole` sink is handed all documents of its job in path order whenever anything
    changed, others are handed what is due. `beside` are the endings of files that a sink makes for a time beside its one output.
    One that takes things `together` is handed all that is due at once, as a stream, once its job is quiet: where writing a few documents is
    as much work as writing many; its receipts are recorded as they come. Where the one output for the job is a folder of files, `within` names
    some of these; `files` yields (path below the root, stamp, size, SHA-256) of each from the root and the output's stamp, `folder` tells
    from the stamp where below the root they lie.
    The outputs of one that `is_served` are kept by a server: a plan that cannot look there says so and takes them for what they were,
    and a run goes on with everything else.
    With `rows` its outputs say the job, its labels and columns of lists, and are written again, free of charge, where these change.
    `extra` says what it needs beside docbatch, as the name of the extra and of a module in it.
    `row_place` opens what it keeps rows in, to be looked at and cleared apart from runs: given an opening with the options of some sink
    of this kind that is declared, and the identity and stamp of the one that is meant; None where these options do not lead there.
    Of a folder of files in a store `objects` yields what `files` does, from where it lies and the output's stamp; it raises StoreFault.
    Where others may keep what is theirs in its one output, users or other projects, `holds_more` says of one whether they do, given the jobs that
    are ours; it raises SinkError.
    A plug-in's `contract` is the `CONTRACT` it was built for, as a number;
    docbatch's own need none. Raises SinkError for a declaration that contradicts itself.
    """

    name: str
    options: type[SinkSpec]
    open: "Callable[[Opening], Sink]"
    per_document: bool
    whole: bool = False
    contract: int | None = None
    beside: tuple[bytes, ...] = ()
    rows: bool = False
    together: bool = False
    within: tuple[bytes, ...] = ()
    files: "Callable[[Path, str], Iterable[tuple[bytes, str, int | None, str | None]]] | None" = None
    folder: "Callable[[str], bytes] | None" = None
    extra: tuple[str, str] | None = None
    holds_more: "Callable[[Path, Collection[str]], bool] | None" = None
    is_served: bool = False
    row_place: "Callable[[Opening, str, str | None], RowPlace | None] | None" = None
    objects: "Callable[[Bucket, str], Iterable[tuple[bytes, str, int | None, str | None]]] | None" = None

    def __post_init__(self) -> None:
        if self.together and (self.whole or self.per_document):
            raise SinkError(
                f"the sink kind {self.name} declares itself together and whole, or an output for each document",
                hint="what is handed over together are the due documents of one output that keeps many",
            )
        if self.whole and self.per_document:
            raise SinkError(
                f"the sink kind {self.name} declares itself whole and an output for each document",
                hint="a sink that is handed its whole job has one output for it",
            )
        declared = self.options.model_fields["type"].annotation
        if get_args(declared) != (self.name,):
            raise SinkError(
                f"the options of the sink kind {self.name} are of another type",
                hint=f'declare them with type: Literal["{self.name}"]',
            )

    @property
    def has_files(self) -> bool:
        """Whether it has a place in the file system."""
        return issubclass(self.options, FileSinkSpec)
