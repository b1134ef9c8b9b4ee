"""One file for each document: what a spec says of it. The files are written by `document_files`."""

from typing import ClassVar, Literal

from pydantic import Field

from docbatch.fields import Format, PathTemplate
from docbatch.sinks.base import Sink
from docbatch.sinks.kind import Opening, SinkKind, StoredSinkSpec


class FilesSinkSpec(StoredSinkSpec):
    """One file for each document."""

    suffix: ClassVar[str] = ".md"

    type: Literal["files"]
    path: PathTemplate = Field(
        description="template of the output's path, such as `out/{{ job.name }}/{{ doc.path }}.md`; "
        "nothing is written outside its literal beginning"
    )
    format: Format = Field(
        default="markdown",
        description="what is written: the document as `markdown`, `text` or a page of `html`, its tables as `csv`, the whole "
        "normalised result as `json`, or a DoclingDocument as `docling-json`",
    )

    @property
    def identity(self) -> str:
        return f"{self.format}\n"

    @property
    def form(self) -> Format:
        return self.format


def _open(at: Opening) -> Sink:
    if at.bucket is not None:
        from docbatch.sinks.objects.document_objects import DocumentObjects  # noqa: PLC0415 - only what is opened

        return DocumentObjects(at.bucket, form=at.options.format)
    from docbatch.sinks.document_files import FilesSink  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.trash import Trash  # noqa: PLC0415 - only what is opened

    return FilesSink(at.root, form=at.options.format, trash=Trash(at.trash))


KIND = SinkKind("files", FilesSinkSpec, _open, per_document=True)
