"""From what a source says of its documents to rules: lists are read, patterns judged."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from docbatch.core.errors import Problem, SpecError
from docbatch.core.models import Input
from docbatch.sources.globs import MAX_PATTERNS
from docbatch.sources.options import FileIdsOptions, SelectionOptions, TextsOptions
from docbatch.sources.path_parts import compile_path_parts
from docbatch.sources.sampling import Sample
from docbatch.sources.selecting.conditions import Conditions
from docbatch.sources.selecting.metadata_rows import MetadataRow, MetadataRows, document_path, refuse_pattern
from docbatch.sources.selecting.rules import SelectionRules
from docbatch.sources.where import WhereOptions
from docbatch.specs.lists import ListEntry, read_metadata
from docbatch.specs.nodes import Origin
from docbatch.specs.project_file import show_file
from docbatch.specs.values import DeclaredProject

_UNTOLD = {
    Input.FILE_ID: (
        ("size", "pages", "modified", "type"),
        "of a file at the vendor nothing is known but its id",
    ),
    Input.TEXT: (("modified",), "nothing says when a text in a spec changed"),
}


class SelectionReader:
    """Reads what one source says of its documents. What is wrong is added to `problems`; `find` returns the file that a field names."""

    def __init__(
        self,
        source: SelectionOptions,
        project: DeclaredProject,
        origin: Origin,
        problems: list[Problem],
        find: Callable[[str, str], Path | None],
    ) -> None:
        self._source = source
        self._project = project
        self._origin = origin
        self._problems = problems
        self._find = find

    def rules(self) -> SelectionRules:
        """Return the rules, without those that have a problem."""
        source = self._source
        if source.where is not None:
            self._refuse_untold(source.where)
        return SelectionRules(
            rows=None if source.metadata_from is None else self._rows(source.metadata_from),
            parts=None if source.metadata_path is None else compile_path_parts(source.metadata_path),
            conditions=None if source.where is None else Conditions.of(source.where),
            sample=None if source.sample is None else Sample.of(source.sample),
        )

    def _refuse_untold(self, where: WhereOptions) -> None:
        """Refuse to ask of documents what nobody will ever know of them."""
        match self._source:
            case FileIdsOptions():
                names, told = _UNTOLD[Input.FILE_ID]
            case TextsOptions():
                names, told = _UNTOLD[Input.TEXT]
            case _:
                return
        for name in names:
            if getattr(where, name) is not None:
                problem = self._origin.problem(("source", "where", name), told, f"leave where.{name} out")
                self._problems.append(problem)

    def _rows(self, written: str) -> MetadataRows | None:
        file = self._find("metadata_from", written)
        if file is None:
            return None
        shown = show_file(file, self._project.here)
        try:
            entries = read_metadata(file, shown, self._project.checkout)
        except SpecError as error:
            self._problems.extend(error.problems)
            return None
        problems = list(_faults(entries, shown))
        self._problems.extend(problems)
        rows = [MetadataRow(each.value, each.metadata, _line(each)) for each in entries]
        return None if problems else MetadataRows(rows, shown, self._project.untrusted)


def _line(entry: ListEntry) -> int:
    assert isinstance(entry.place, int)
    return entry.place


def _faults(entries: Sequence[ListEntry], file: str) -> Iterable[Problem]:
    first: dict[bytes, int] = {}
    room = MAX_PATTERNS
    for entry in entries:
        row = MetadataRow(entry.value, entry.metadata, _line(entry))
        other = first.setdefault(document_path(row.path), row.line)
        if other != row.line:
            told = f"the path '{row.path}' is that of line {other} as well"
            yield Problem(file, row.line, None, "", told, "say all of a document in one line")
        if fault := _path_fault(row.path):
            yield Problem(file, row.line, None, "", *fault)
        elif row.is_pattern:
            try:
                room -= refuse_pattern(row, room)
            except ValueError as error:
                message, _, hint = str(error).partition("; ")
                yield Problem(file, row.line, None, "", message, hint or None)
                if room <= 0:
                    return


def _path_fault(path: str) -> tuple[str, str] | None:
    if path.startswith("/"):
        return "the path is absolute", "paths are those of doc.path, which begin at source.root"
    if ".." in path.split("/"):
        return "the path leaves its folder with ..", "paths are those of doc.path, which begin at source.root"
    return None
