"""From a job as it is written to a job as it is run."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from docbatch.core.demands import Demands
from docbatch.core.errors import Problem, UsageError
from docbatch.core.limits import Limit
from docbatch.core.models import Input
from docbatch.fields import seconds
from docbatch.naming.expressions import Context
from docbatch.naming.templates import TemplateError, compile_template
from docbatch.providers import REGISTRY
from docbatch.secret_references import FileReference
from docbatch.sinks import KINDS
from docbatch.sinks.kind import FileSinkSpec, SinkKind, SinkSpec
from docbatch.specs.cautions import cautions
from docbatch.specs.job import JobSpec
from docbatch.specs.job_rules import rules_of, timeout_of
from docbatch.specs.limits import limits_of
from docbatch.specs.manifest_place import manifest_place
from docbatch.specs.nodes import Origin, Step
from docbatch.specs.output_paths import check_use
from docbatch.specs.plugins import sink_fault
from docbatch.specs.problems import near
from docbatch.specs.resolve_source import SourceResolver, absolute
from docbatch.specs.store_place import UnknownStore, store_place
from docbatch.specs.values import (
    Connection,
    DeclaredProject,
    FilePlace,
    Job,
    JobSink,
    JobSource,
    PasswordPlace,
    StorePlace,
)
from docbatch.specs.window import NO_WINDOW

HANDED_ON = frozenset({Input.URL, Input.FILE_ID})
"""Documents of lists whose bytes a vendor has or fetches itself."""


def resolve(spec: JobSpec, project: DeclaredProject, origin: Origin) -> tuple[Job | None, Sequence[Problem]]:
    """Return the job, or the problems that keep it from being one."""
    resolver = _Resolver(spec, project, origin)
    job = resolver.job()
    return (None if resolver.problems else job), resolver.problems


def _is_handed_on(source: JobSource, taken: Collection[Input]) -> bool:
    if source.folder is not None:
        return source.folder.linked
    return source.listing is not None and source.listing.kind in HANDED_ON.intersection(taken)


class _Resolver:
    def __init__(self, spec: JobSpec, project: DeclaredProject, origin: Origin) -> None:
        self.problems: list[Problem] = []
        self._spec = spec
        self._project = project
        self._origin = origin
        self._defaults = project.defaults.model_dump(include={"provider", "priority", "timeout"})

    def job(self) -> Job | None:
        connection = self._connection()
        sinks = self._sinks()
        resolver = SourceResolver(self._spec, self._project, self._origin, self.problems)
        source = resolver.source(connection, sinks)
        if connection is None or source is None:
            return None
        contract = (kind := REGISTRY.kind(connection.type)).config(self._spec.operation)
        return Job(
            name=self._spec.name,
            source=replace(source, lists=tuple(resolver.lists)),
            connection=connection,
            operation=self._spec.operation,
            sinks=sinks,
            config=self._spec.config,
            execution_only=contract.execution_only,
            priority=int(self._own_or_default("priority")),
            timeout=timeout_of(self._spec, self._defaults),
            failing=rules_of(self._spec),
            labels=self._spec.labels,
            cautions=tuple(cautions(self._spec, kind, contract, source)),
            demands=Demands(self._spec.on_empty, self._spec.on_partial),
            origin=self._origin,
            passwords=self._passwords(connection, source),
            window=None if self._spec.window is None else self._spec.window.window,
            deadline=self._deadline(),
            limits=(*self._limits(), *connection.limits, *self._project.limits),
            manifest=self._manifest(),
        )

    def _deadline(self) -> float | None:
        if self._spec.deadline is not None and self._spec.window is None:
            self._report(("deadline",), *NO_WINDOW)
        return None if self._spec.deadline is None else seconds(self._spec.deadline)

    def _manifest(self) -> Path | None:
        try:
            return manifest_place(self._spec.manifest, self._project, self._context())
        except TemplateError as error:
            self._report(("manifest",), str(error), error.hint)
            return None

    def _limits(self) -> tuple[Limit, ...]:
        node = self._origin.node.child("limits")
        return limits_of(self._spec.limits, node, self._origin.shown, job=self._spec.name)

    def _passwords(self, connection: Connection, source: JobSource) -> PasswordPlace | None:
        reference, operation = self._spec.passwords, self._spec.operation
        if reference is None:
            return None
        checkout = self._project.checkout
        if isinstance(reference, FileReference) and checkout.is_foreign(checkout.file(reference.file)):
            self._report(("passwords",), "this lies outside of the project", "name a file of the project")
        kind = REGISTRY.kind(connection.type)
        if not kind.takes_passwords(operation):
            self._report(
                ("passwords",),
                f"{kind.name} takes no passwords",
                "leave it out, and send documents that need none; local opens PDF files with them",
            )
        elif _is_handed_on(source, kind.inputs(operation)):
            self._report(
                ("passwords",),
                "passwords go along with documents that are uploaded, and this job's are not",
                "leave it out, or name files",
            )
        return None if checkout.untrusted else PasswordPlace(reference, self._project.root)

    def _own_or_default(self, name: str) -> str | int:
        is_own = name in self._spec.model_fields_set
        return cast("str | int", (self._spec.__dict__ if is_own else self._defaults)[name])

    def _report(
        self, path: tuple[Step, ...], message: str, hint: str | None, origin: Origin | None = None
    ) -> None:
        self.problems.append((origin or self._origin).problem(path, message, hint))

    def _connection(self) -> Connection | None:
        name = str(self._own_or_default("provider"))
        connection = self._project.connections.get(name)
        if connection is None:
            hint = near(name, self._project.connections, "known are")
            self._report(("provider",), f"there is no connection {name}", hint)
            return None
        return connection if self._can_do(connection) else None

    def _can_do(self, connection: Connection) -> bool:
        if error := REGISTRY.fault(connection.type):
            self._report(("provider",), error.message, error.hint)
            return False
        kind, operation = REGISTRY.kind(connection.type), self._spec.operation
        if operation not in kind.operations:
            self._report(
                ("operation",), f"{kind.name} cannot {operation}", f"it can {', '.join(kind.operations)}"
            )
            return False
        if kind.service is not None and self._project.id is None:
            hint = "run docbatch init in the project's root: every piece of work at a vendor is marked with the id"
            self._report(("provider",), f"{connection.name} needs a docbatch.yaml with a project id", hint)
            return False
        return True

    def _sinks(self) -> tuple[JobSink, ...]:
        own = bool(self._spec.sink)
        written = self._spec.sink or self._project.defaults.sink
        above: tuple[Step, ...] = ("sink",) if own else ("defaults", "sink")
        origin = self._origin if own else self._project.origin
        if not written:
            self._report(
                (), "sink is missing", "say where results go, here or under defaults: in docbatch.yaml"
            )
        sinks = [self._sink(sink, (*above, index), origin) for index, sink in enumerate(written)]
        kept = [sink for sink in sinks if sink is not None]
        self._distinct(kept, above, origin)
        return tuple(kept)

    def _distinct(self, sinks: Sequence[JobSink], above: tuple[Step, ...], origin: Origin | None) -> None:
        for index, sink in enumerate(sinks):
            for first, other in enumerate(sinks[:index]):
                same = sink.where == other.where and not sink.is_apart(other)
                if same or sink.identity == other.identity:
                    placed = sink.place is not None
                    self._report(
                        (*above, index, "path") if placed else (*above, index),
                        f"this sink writes to the same place as sink {first + 1}",
                        "give it a path of its own"
                        if placed
                        else "give each a place of its own by its options",
                        origin,
                    )

    def _sink(self, written: SinkSpec, path: tuple[Step, ...], origin: Origin | None) -> JobSink | None:
        kind = KINDS.kind(written.type)
        if fault := sink_fault(written) or _lack(kind):
            self._report((*path, "type"), fault.message, fault.hint, origin)
            return None
        context = {"job": self._context(), "vars": self._project.variables}
        if not self._are_named(written, context, path, origin):
            return None
        if not isinstance(written, FileSinkSpec):
            return JobSink(kind, written, context=context)
        try:
            return JobSink(kind, written, self._placed(kind, written, (*path, "path"), origin), context)
        except UnknownStore as error:
            self._report((*path, "store"), str(error), error.hint, origin)
            return None
        except TemplateError as error:
            self._report((*path, "path"), str(error), error.hint, origin)
            return None

    def _are_named(
        self, written: SinkSpec, context: Context, path: tuple[Step, ...], origin: Origin | None
    ) -> bool:
        """Report what templates beside the path name and is not there."""
        try:
            written.identity_in(context)
        except TemplateError as error:
            self._report((*path, "columns"), str(error), error.hint, origin)
            return False
        return True

    def _placed(
        self, kind: SinkKind, written: FileSinkSpec, path: tuple[Step, ...], origin: Origin | None
    ) -> FilePlace | StorePlace:
        self._stay_inside(written.path)
        template = compile_template(written.path).bind({"vars": self._project.variables})
        folder, slash, _ = template.literal_root.rpartition("/")
        bound = template.without_prefix(len(folder + slash)).bind({"job": self._context()})
        check_use(kind, written, bound, self._spec)
        beginning = folder + slash
        stored = store_place(self._project, written, kind, folder or beginning, bound)
        if isinstance(stored, StorePlace):
            return stored
        text = beginning or "." if stored is None else stored
        root = absolute(self._project, path, text, partial(self._report, origin=origin))
        if root == Path(root.anchor):
            raise TemplateError(
                "nothing bounds where this writes", hint="begin the path with a folder, such as out/"
            )
        return FilePlace(root, bound)

    def _stay_inside(self, path: str) -> None:
        if self._project.environment.outside:
            from docbatch.specs.variables import require_inside  # noqa: PLC0415 - few values come from outside

            require_inside(self._project, path)

    def _context(self) -> dict[str, object]:
        return {
            "name": self._spec.name,
            "labels": self._spec.labels,
            "provider": self._own_or_default("provider"),
            "operation": self._spec.operation.value,
        }


def _lack(kind: SinkKind) -> UsageError | None:
    """Return why a kind of sink cannot be used here: what an extra installs is not there."""
    if kind.extra is None or find_spec(kind.extra[1]) is not None:
        return None
    return UsageError(
        f"sinks of type {kind.name} cannot be used without the extra '{kind.extra[0]}'",
        hint=f"pip install 'docbatch[{kind.extra[0]}]', then run the same command again",
    )
