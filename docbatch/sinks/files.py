"""One file for each document: what a spec says of it. The files are written by `document_files`."""

from typing import ClassVar, Literal

from pydantic import Field

from docbatch.fields import Format, PathTemplate
from docbatch.sinks.base import Sink
from docbatch.sinks.kind import Opening, SinkKind, StoredSinkSpec
from docbatch.sinks.picture_modes import AS_GIVEN, PICTURED, PictureMode, folder_for


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

    pictures: PictureMode = Field(
        default="beside",
        description="what becomes of pictures that the provider gave: files `beside` the output, which links to them, `embedded` in it, "
        "or `none`; formats `text` and `csv` show none",
    )

    @property
    def identity(self) -> str:
        is_usual = self.pictures == "beside" or self.format not in PICTURED
        return f"{self.format}\n" if is_usual else f"{self.format}\npictures {self.pictures}\n"

    @property
    def form(self) -> Format:
        return self.format

    def pictures_at(self, output: bytes) -> str | None:
        return folder_for(output, self.pictures) if self.format in PICTURED else AS_GIVEN


def _open(at: Opening) -> Sink:
    if at.bucket is not None:
        from docbatch.sinks.objects.document_objects import DocumentObjects  # noqa: PLC0415 - only what is opened

        return DocumentObjects(at.bucket, form=at.options.form, pictures_at=at.options.pictures_at)
    from docbatch.sinks.document_files import FilesSink  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.trash import Trash  # noqa: PLC0415 - only what is opened

    return FilesSink(at.root, form=at.options.form, trash=Trash(at.trash), pictures_at=at.options.pictures_at)


KIND = SinkKind("files", FilesSinkSpec, _open, per_document=True)
