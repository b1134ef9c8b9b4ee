"""A plan as a text to be kept beside the specs: the same for the same specs and documents, on any machine and any day.

It holds what a change of a spec may change without anybody noticing: which documents are sent, to whom, how and for how
much, where each output goes, and in which form. Nothing of accounts, of times and of what is installed is in it.
"""

import os
from collections.abc import Iterator
from hashlib import sha256

from docbatch.core.changes import ChangeKind
from docbatch.core.keys import canonical
from docbatch.core.plan_formats.figures import figures, reasons
from docbatch.core.plan_formats.sentences import SIGNS, summary
from docbatch.core.report import ACTION_OF, PlanReport, plural, visible
from docbatch.engine.planning.differences_database import Change
from docbatch.engine.planning.plan import UNSEEN_PLACES, Plan
from docbatch.engine.planning.resolved_job import ResolvedJob, ResolvedSink
from docbatch.naming.declared_sinks import shown_sink
from docbatch.naming.pathtext import escape

MOST_NAMED = 1000
"""So many documents of a job are named; a digest tells whether the others are as they were."""


class PlanRecord:
    """The lines of a plan that was made without a state. `report` is of the same plan."""

    def __init__(self, plan: Plan, report: PlanReport) -> None:
        self._plan = plan
        self._report = report
        self._root = os.fsencode(plan.project) + b"/"
        self._first: dict[str, str] = {}

    def text(self) -> str:
        return "".join(f"{visible(line)}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        # What several jobs have is paid for by the one that comes first.
        order = {target.name: (target.priority, target.name) for target in self._plan.targets}
        for target in sorted(self._plan.targets, key=lambda each: order[each.name]):
            yield f"job {target.name}"
            yield from (f"  {line}" for line in self._head(target))
            yield from (f"  {line}" for line in self._documents(target))
            yield ""
        yield from (f"note: {note}" for note in self._plan.notes if note != UNSEEN_PLACES)
        yield summary(self._report)

    def _head(self, target: ResolvedJob) -> Iterator[str]:
        yield f"by {target.connection}: {target.operation.value}, config {canonical(target.recipe.config)}"
        yield f"priority {target.priority}"
        if target.window is not None:
            yield f"sends between {target.window.shown}"
        if target.labels:
            yield f"labels {', '.join(f'{name}={value}' for name, value in sorted(target.labels.items()))}"
        for sink in target.sinks:
            # Which versions make it is of the machine.
            declared = sink.identity.removesuffix(sink.versions.identity)
            failures = ", with rows for failures" if sink.takes_failures else ""
            yield f"into {sink.kind.name} {shown_sink(declared, str(self._plan.project))}{failures}"
        yield from figures(self._report, target.name)
        yield from reasons(self._report, target.name)
        whose = f"job '{target.name}': "
        yield from (f"caution: {each.removeprefix(whose)}" for each in target.cautions)

    def _documents(self, target: ResolvedJob) -> Iterator[str]:
        number, rest = 0, sha256()
        for change in self._plan.differences.changes(target.name):
            number += 1
            for line in self._document(target, change):
                if number <= MOST_NAMED:
                    yield line
                else:
                    rest.update(f"{line}\n".encode())
        if number > MOST_NAMED:
            yield f"and {plural(number - MOST_NAMED, 'more document')}, of the digest {rest.hexdigest()[:16]}"
        if not number:
            yield "no documents"

    def _document(self, target: ResolvedJob, change: Change) -> Iterator[str]:
        action = ACTION_OF[change.kind]
        path = escape(change.path)
        yield f"{SIGNS[action]} {action} {path}: {'; '.join(self._facts(target, change))}"
        outputs = self._plan.differences.outputs_of(target.name, change.path, change.path)
        places = {output.sink: output.output for output in outputs}
        for sink in target.sinks:
            if sink.identity in places and sink.root is not None and sink.kind.per_document:
                yield f"    {SIGNS['deliver']} {self._place(sink, places[sink.identity])}"

    def _facts(self, target: ResolvedJob, change: Change) -> Iterator[str]:
        if change.problem is not None:
            yield f"{change.problem.kind}, {change.problem.message}"
        if change.kind is not ChangeKind.SEND:
            return
        yield f"{change.media_type}, {plural(change.size, 'byte')}"
        extent = self._plan.differences.extent_of(change.key)
        if extent is not None:
            numbers = ((extent.pages, "page"), (extent.sheets, "sheet"), (extent.cells, "cell"))
            yield from (plural(number, noun) for number, noun in numbers if number is not None)
        name = f"{escape(change.path)} of job '{target.name}'"
        first = self._first.setdefault(change.key, name)
        if first != name:
            yield f"sent once with {first}"

    def _place(self, sink: ResolvedSink, output: bytes) -> str:
        """Name a document's output from the project's folder on."""
        assert sink.root is not None
        return escape((sink.root + b"/" + output).removeprefix(self._root))
