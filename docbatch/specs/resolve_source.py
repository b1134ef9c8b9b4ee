"""From a source as it is written to one as it is read: patterns judged, variables filled in, paths absolute."""

import os
from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.core.errors import Problem
from docbatch.core.models import Input
from docbatch.fields import SpecModel, misplaced_key, misplaced_url, substitute, unexpanded_pattern
from docbatch.naming.templates import TemplateError
from docbatch.providers import REGISTRY
from docbatch.sources import KINDS
from docbatch.sources.globs import MAX_PATTERNS, compile_patterns
from docbatch.sources.kind import SourceKind
from docbatch.sources.options import (
    ContainerOptions,
    FileIdsOptions,
    FolderOptions,
    LinksOptions,
    ListOptions,
    SelectionOptions,
    StoreOptions,
    TextsOptions,
)
from docbatch.sources.selecting.rules import SelectionRules
from docbatch.sources.walk import Reach
from docbatch.specs.columns import needed
from docbatch.specs.forbidden_places import forbidden
from docbatch.specs.job import JobSpec
from docbatch.specs.nodes import Origin, Step
from docbatch.specs.problems import near
from docbatch.specs.values import (
    INPUTS,
    Connection,
    DeclaredProject,
    JobSink,
    JobSource,
    StoreConnection,
)

if TYPE_CHECKING:
    from docbatch.specs.inputs import ListedSource

_NAMED = "metadata_from: of the source names a list that says it, metadata_path: a pattern with {name} in it"

Report = Callable[[tuple[Step, ...], str, str | None], None]
"""Takes what is wrong: where in the spec, what, and what to do."""
_Patterns = tuple[tuple[str, ...], tuple[str, ...]]
"""Of what is taken in, and of what is left out."""
_LISTED = (LinksOptions, ListOptions, FileIdsOptions, TextsOptions)


def absolute(project: DeclaredProject, path: tuple[Step, ...], text: str, report: Report) -> Path:
    """Return the absolute path that a text in a spec stands for."""
    found = Path(os.path.normpath(project.root / text))
    told = forbidden(project.root, text, found, is_written=path[-1] == "path")
    if told is not None:
        report(path, *told)
    return found


def opens_containers(options: SpecModel) -> bool:
    return isinstance(options, ContainerOptions) and options.containers == "open"


def _own_names(options: SpecModel) -> Collection[str]:
    """Return what documents of a source may say of themselves: mails do, where they are opened."""
    if not opens_containers(options):
        return ()
    from docbatch.containers.inside import FACTS  # noqa: PLC0415 - few jobs open containers

    return FACTS


class SourceResolver:
    """Reads where one job's documents come from. What keeps it from being read is added to `problems`, files that it names to `lists`."""

    def __init__(
        self, spec: JobSpec, project: DeclaredProject, origin: Origin, problems: list[Problem]
    ) -> None:
        self._problems = problems
        self._spec = spec
        self._project = project
        self._origin = origin
        self.lists: list[Path] = []

    def _report(self, path: tuple[Step, ...], message: str, hint: str | None) -> None:
        self._problems.append(self._origin.problem(path, message, hint))

    def _absolute(self, path: tuple[Step, ...], text: str) -> Path:
        return absolute(self._project, path, text, self._report)

    def source(self, connection: Connection | None, sinks: Sequence[JobSink]) -> JobSource | None:
        """Return the source, None where it has a problem. Without a `connection` it is read as far as that goes."""
        source = self._spec.source
        kind = next(kind for kind in KINDS.kinds() if kind.written is type(source))
        said = kind.selection(source)
        rules = self._rules(said)
        if said.metadata_from is not None and rules.rows is None:
            # What a list would have said is not missed as well: that the list is wrong is told already.
            sinks, rules = (), replace(rules, conditions=None)
        if isinstance(source, _LISTED):
            return self._listed(source, connection, sinks, rules)
        if isinstance(source, FolderOptions) or (
            isinstance(source, StoreOptions) and self._is_folder(source.store)
        ):
            self._check_names(sinks, rules, _own_names(source))
        match source:
            case FolderOptions():
                found = self._folder(source)
            case StoreOptions():
                found = self._store(source, connection)
            case _:
                found = self._other(source, kind)
        return found if found is None or not rules else replace(found, selection=rules)

    def _rules(self, said: SelectionOptions) -> SelectionRules:
        if all(getattr(said, name) is None for name in SelectionOptions.model_fields):
            return SelectionRules()
        from docbatch.specs.selection import SelectionReader  # noqa: PLC0415 - few jobs select

        return SelectionReader(said, self._project, self._origin, self._problems, self._file).rules()

    def _is_folder(self, name: str) -> bool:
        """Say whether a store is a folder; of objects in others their writers may say anything."""
        from docbatch.specs.stores import FolderStoreSpec  # noqa: PLC0415 - few jobs have stores

        store = self._project.stores.get(name)
        return store is not None and isinstance(store.declared, FolderStoreSpec)

    def _check_names(self, sinks: Sequence[JobSink], rules: SelectionRules, own: Collection[str]) -> None:
        """Files say nothing of themselves, mails only their `own`: what else is asked has to come from a list or from paths."""
        names = rules.names.union(own)
        self._check_where(rules, names)
        for index, sink in enumerate(sinks):
            for column in needed(sink):
                if column not in names:
                    told, hint = f"no document has doc.metadata.{column}", _NAMED
                    if names:
                        hint = near(column, sorted(names), "there are")
                    self._report(("sink", index, "path"), told, hint)

    def _other(self, options: SpecModel, kind: SourceKind) -> JobSource:
        """A kind that is told by its type opens from its options as they are."""
        if self._project.untrusted:
            told = "what a plug-in would look at cannot be bounded"
            self._report(
                ("source", "type"), told, "a repository that is not trusted names its own documents only"
            )
        allow_empty = bool(getattr(options, "allow_empty", False))
        return JobSource(
            self._project.root,
            (),
            (),
            allow_empty,
            kind=kind.name,
            options=kind.own(options),
            opens_containers=opens_containers(options),
        )

    def _check_where(self, rules: SelectionRules, known: AbstractSet[str]) -> None:
        for name in () if rules.conditions is None else rules.conditions.metadata:
            if name not in known:
                hint = near(name, sorted(known), "there are") if known else _NAMED
                told = f"no document has doc.metadata.{name}"
                self._report(("source", "where", "metadata", name), told, hint)

    def _folder(self, written: FolderOptions) -> JobSource | None:
        root = self._substituted(("source", "root"), written.root)
        patterns = self._both_patterns(written)
        if root is None or patterns is None:
            return None
        folder = self._absolute(("source", "root"), root)
        return self._files(folder, written, patterns, "root", follow=written.follow_links)

    def _files(
        self,
        folder: Path,
        written: FolderOptions | StoreOptions,
        patterns: _Patterns,
        key: str,
        *,
        follow: bool = False,
    ) -> JobSource | None:
        checkout = self._project.checkout
        if fault := checkout.root_fault(folder):
            self._report(("source", key), *fault)
            return None
        links = checkout.links_within(folder, follow=follow)
        reach = Reach(links, mounts=not checkout.untrusted)
        return JobSource(
            folder,
            *patterns,
            written.allow_empty,
            written.hidden,
            reach=reach,
            opens_containers=opens_containers(written),
        )

    def _store(self, written: StoreOptions, connection: Connection | None) -> JobSource | None:
        store = self._project.stores.get(written.store)
        prefix = self._substituted(("source", "prefix"), written.prefix)
        if prefix is not None and (told := misplaced_key(prefix)):
            self._report(("source", "prefix"), *told)
            prefix = None
        patterns = self._both_patterns(written)
        from docbatch.specs.store_source import store_faults  # noqa: PLC0415 - few jobs have stores

        for field, message, hint in store_faults(
            written, self._project.stores, connection, self._spec.operation
        ):
            self._report(("source", field), message, hint)
        if store is None or prefix is None or patterns is None:
            return None
        return self._stored(store, prefix.rstrip("/"), written, patterns)

    def _stored(
        self, store: StoreConnection, prefix: str, written: StoreOptions, patterns: _Patterns
    ) -> JobSource | None:
        from docbatch.specs.store_source import store_folder  # noqa: PLC0415 - the same
        from docbatch.specs.stores import FolderStoreSpec  # noqa: PLC0415 - the same

        spec = store.declared
        if isinstance(spec, FolderStoreSpec):
            folder = self._absolute(("source", "store"), os.path.join(spec.path, prefix))  # noqa: PTH118 - a text
            return self._files(folder, written, patterns, "store")
        return JobSource(
            self._project.root,
            *patterns,
            written.allow_empty,
            written.hidden,
            kind="store",
            folder=store_folder(store, spec, prefix, written),
            opens_containers=opens_containers(written),
        )

    def _listed(
        self,
        source: "ListedSource",
        connection: Connection | None,
        sinks: Sequence[JobSink],
        rules: SelectionRules,
    ) -> JobSource | None:
        from docbatch.specs.inputs import Inputs, untaken  # noqa: PLC0415 - few jobs list their documents

        inputs = Inputs(source, self._origin, self._problems, self._list_file(source), self._project)
        if connection is not None and inputs.kind is not Input.URL:
            taken = REGISTRY.kind(connection.type).inputs(self._spec.operation)
            if inputs.kind not in taken:
                told = untaken(connection.type, self._spec.operation, inputs.kind, taken)
                self._report(("source", inputs.key), *told)
        listing = inputs.listing()
        if not listing.unread:
            own = {name for each in listing.documents for name in each.metadata}
            own.update(_own_names(source))
            self._check_where(rules, rules.names | own)
        inputs.check_metadata(
            () if opens_containers(source) else sinks,
            rules,
            listing.documents,
            lambda index, *told: self._report(("sink", index, "path"), *told),
        )
        mirror = self._project.state_folder / INPUTS / self._spec.name
        allow_empty = isinstance(source, ListOptions) and source.allow_empty
        return JobSource(
            mirror,
            ("**",),
            (),
            allow_empty,
            hidden=True,
            listing=listing,
            opens_containers=opens_containers(source),
            selection=rules or None,
        )

    def _list_file(self, source: "ListedSource") -> Path | None:
        if not isinstance(source, ListOptions):
            return None
        from docbatch.specs.standard_input import STANDARD_INPUT  # noqa: PLC0415 - the same

        if source.urls_from != STANDARD_INPUT:
            return self._file("urls_from", source.urls_from)
        if self._project.untrusted:
            told = "what is piped in is no part of the project"
            self._report(
                ("source", "urls_from"), told, "a repository that is not trusted names its own files only"
            )
        return None

    def _file(self, field: str, written: str) -> Path | None:
        path: tuple[Step, ...] = ("source", field)
        text = self._substituted(path, written)
        if text is None:
            return None
        self.lists.append(self._absolute(path, text))
        return self.lists[-1]

    def _both_patterns(self, written: FolderOptions | StoreOptions) -> _Patterns | None:
        include = self._patterns("include", written.include)
        exclude = self._patterns("exclude", written.exclude)
        if include is None or exclude is None:
            return None
        self._check_patterns("include", include)
        self._check_patterns("exclude", exclude)
        return include, exclude

    def _patterns(self, name: str, written: Sequence[str]) -> tuple[str, ...] | None:
        filled = [self._substituted(("source", name, index), text) for index, text in enumerate(written)]
        return None if None in filled else tuple(text for text in filled if text is not None)

    def _check_patterns(self, name: str, patterns: Sequence[str]) -> None:
        together = 0
        for index, pattern in enumerate(patterns):
            together += self._check_pattern(("source", name, index), pattern)
            if together > MAX_PATTERNS:
                message = f"the patterns expand to more than {MAX_PATTERNS:,} together"
                self._report(("source", name, index), message, "use * or fewer braces")
                return

    def _check_pattern(self, path: tuple[Step, ...], pattern: str) -> int:
        """Return how many patterns it is, its braces spread out."""
        if pattern.startswith("!"):
            self._report(path, f"{pattern!r} begins with !", "write what is left out under exclude:")
        if told := unexpanded_pattern(pattern) or misplaced_url(pattern):
            self._report(path, *told)
        try:
            return len(compile_patterns([pattern], hidden=False))
        except ValueError as error:
            message, _, hint = str(error).partition("; ")
            self._report(path, message, hint or None)
        return 1

    def _substituted(self, path: tuple[Step, ...], text: str) -> str | None:
        try:
            return substitute(text, self._project.variables)
        except TemplateError as error:
            self._report(path, str(error), error.hint)
            return None
