"""One file for the whole job: what a spec says of it. The file is written by `job_file`."""

from typing import ClassVar, Literal

from pydantic import Field

from docbatch.fields import OnMissing, PathTemplate
from docbatch.sinks.base import Sink
from docbatch.sinks.kind import Form, Opening, SinkKind, StoredSinkSpec
from docbatch.sinks.rows.options import FailureRowsSpec, RowSinkSpec
from docbatch.sinks.rows.row_form import RowForm


class JsonlSinkSpec(FailureRowsSpec, RowSinkSpec, StoredSinkSpec):
    """One file for the whole job, with JSON in each line: a normalised result, or a row, in path order."""

    suffix: ClassVar[str] = ".jsonl"

    type: Literal["jsonl"]
    path: PathTemplate = Field(description="template of the file's path; `doc` cannot be used in it")
    on_missing: OnMissing = Field(
        default="rewrite",
        description="what happens when the file is gone: write it again, or `ignore` it because someone consumed it",
    )

    @property
    def identity(self) -> str:
        return "\n"

    @property
    def form(self) -> Form | None:
        return None if self.are_declared else "line"

    def form_in(self, at: Opening) -> Form | RowForm | None:
        return self.rows_made_ahead(at, "json") if self.are_declared else self.form


def _open(at: Opening) -> Sink:
    from docbatch.sinks.job_file import JsonlSink  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.rows.facts import RowFacts  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.rows.row_maker import RowMaker  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.trash import Trash  # noqa: PLC0415 - only what is opened

    facts = RowFacts.of(at)
    maker = RowMaker.of(at) if at.options.are_declared else None
    if at.bucket is not None:
        from docbatch.sinks.objects.job_object import JobObject  # noqa: PLC0415 - only what is opened

        return JobObject(at.bucket, at.output, drafts=at.trash.parent, facts=facts, maker=maker)
    return JsonlSink(at.root, at.output, trash=Trash(at.trash), facts=facts, maker=maker)


KIND = SinkKind("jsonl", JsonlSinkSpec, _open, per_document=False, whole=True, rows=True)
