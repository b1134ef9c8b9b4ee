"""From what a source lists to documents, as far as the job's operation takes them."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from docbatch.core.errors import Problem, SpecError
from docbatch.core.models import Input
from docbatch.naming.pathtext import escape
from docbatch.naming.references import Listed
from docbatch.sources.options import FileIdsOptions, LinksOptions, ListOptions, TextsOptions
from docbatch.sources.selecting.rules import SelectionRules
from docbatch.specs.columns import needed
from docbatch.specs.listing import links, names
from docbatch.specs.lists import ListEntry, read_list
from docbatch.specs.nodes import Origin
from docbatch.specs.problems import near
from docbatch.specs.project_file import show_file
from docbatch.specs.standard_input import SHOWN, STANDARD_INPUT, read_standard_input
from docbatch.specs.values import DeclaredProject, JobListing, JobSink

ListedSource = LinksOptions | ListOptions | FileIdsOptions | TextsOptions
_WORDS = {Input.URL: "links", Input.FILE_ID: "ids of files", Input.TEXT: "texts"}


def kind_of(source: ListedSource) -> tuple[str, Input]:
    """Return the key that a source lists its documents under, and what they are."""
    match source:
        case LinksOptions():
            return "urls", Input.URL
        case ListOptions():
            return "urls_from", Input.URL
        case FileIdsOptions():
            return "file_ids", Input.FILE_ID
    return "texts", Input.TEXT


def untaken(provider: str, operation: str, kind: Input, taken: Collection[Input]) -> tuple[str, str]:
    """Say that an operation does not take what a source lists, and what it takes."""
    words = [_WORDS[each] for each in _WORDS if each is Input.URL or each in taken]
    return f"{provider} takes no {_WORDS[kind]} for {operation}", f"it takes files, {' and '.join(words)}"


class Inputs:
    """Reads one source. What is wrong with it is added to `problems`; `list_file` is where `urls_from` leads.

    The file is one that the `project` may name; messages do so from the folder it was looked for from.
    """

    def __init__(
        self,
        source: ListedSource,
        origin: Origin,
        problems: list[Problem],
        list_file: Path | None,
        project: DeclaredProject,
    ) -> None:
        self._source = source
        self._origin = origin
        self._problems = problems
        self._list_file = list_file
        self._is_piped = isinstance(source, ListOptions) and source.urls_from == STANDARD_INPUT
        self._reads_input = project.reads_input
        self._here = project.here
        self._checkout = project.checkout
        self.key, self.kind = kind_of(source)
        self._entries: Sequence[ListEntry] = ()

    def listing(self) -> JobListing:
        """Return the documents, without those that have a problem."""
        source = self._source
        if self._is_piped and not self._reads_input:
            return JobListing(self.kind, (), unread=True)
        self._entries = self._read()
        if isinstance(source, LinksOptions | ListOptions):
            documents = links(self._entries, self._report, private=source.allow_private)
            return JobListing(self.kind, documents, source.allow_private)
        return JobListing(self.kind, names(self._entries, self._report))

    def check_metadata(
        self,
        sinks: Sequence[JobSink],
        rules: SelectionRules,
        listed: Sequence[Listed],
        report: Callable[[int, str, str | None], None],
    ) -> None:
        """Refuse paths with a column that some document lacks; `report` takes problems of a sink."""
        known = {name for entry in self._entries for name in entry.metadata} | rules.names
        for index, sink in enumerate(sinks):
            for column in needed(sink):
                if self._entries and column not in known:
                    hint = (
                        near(column, sorted(known), "there are")
                        if known
                        else "a list in a file can have columns"
                    )
                    report(index, f"no document has doc.metadata.{column}", hint)
                elif column not in rules.names:
                    self._check_column(column)
                else:
                    self._check_documents(column, rules, listed)

    def _check_column(self, column: str) -> None:
        for entry in self._entries:
            if column not in entry.metadata:
                hint = f"fill it, or write doc.metadata.{column} | default('none') in the sink's path"
                self._report(entry, f"the column '{column}' is empty here, and a sink's path needs it", hint)

    def _check_documents(self, column: str, rules: SelectionRules, listed: Sequence[Listed]) -> None:
        """Do the same where rules may fill what the list leaves empty."""
        for each in listed:
            if column not in rules.metadata(each.path, each.metadata):
                told = (
                    f"nothing says doc.metadata.{column} of {escape(each.path)}, and a sink's path needs it"
                )
                hint = f"say it, or write doc.metadata.{column} | default('none') in the sink's path"
                self._problems.append(self._origin.problem(("source", self.key), told, hint))

    def _read(self) -> Sequence[ListEntry]:
        match self._source:
            case LinksOptions(urls=urls):
                return [ListEntry(url, ("source", "urls", index)) for index, url in enumerate(urls)]
            case FileIdsOptions(file_ids=ids):
                first = {each: index for index, each in reversed(list(enumerate(ids)))}
                return [ListEntry(each, ("source", "file_ids", index), each) for each, index in first.items()]
            case TextsOptions(texts=texts):
                return [ListEntry(text, ("source", "texts", name), name) for name, text in texts.items()]
        return self._from_file()

    def _from_file(self) -> Sequence[ListEntry]:
        try:
            if self._is_piped:
                return read_standard_input()
            if self._list_file is None:
                return ()
            return read_list(self._list_file, show_file(self._list_file, self._here), self._checkout)
        except SpecError as error:
            self._problems.extend(error.problems)
            return ()

    def _report(self, entry: ListEntry, message: str, hint: str | None) -> None:
        if isinstance(entry.place, tuple):
            self._problems.append(self._origin.problem(entry.place, message, hint))
        else:
            file = SHOWN if self._list_file is None else show_file(self._list_file, self._here)
            self._problems.append(Problem(file, entry.place, None, "", message, hint))
