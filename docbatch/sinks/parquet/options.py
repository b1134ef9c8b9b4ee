"""A data set for a job: what a spec says of it. Its parts are written by `data_set`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from docbatch.fields import OnMissing, PathTemplate
from docbatch.sinks.base import Sink
from docbatch.sinks.kind import Bucket, Opening, SinkKind, StoredSinkSpec
from docbatch.sinks.parquet.part_names import MANIFEST, part_name
from docbatch.sinks.rows.options import RowSinkSpec, SharedRowsSpec
from docbatch.sinks.rows.row_form import RowForm

if TYPE_CHECKING:
    from docbatch.sinks.row_place import RowPlace

MOST_PARTS = 4096


class ParquetSinkSpec(SharedRowsSpec, RowSinkSpec, StoredSinkSpec):
    """A folder of Parquet files, a data set: each document's rows lie in one of its parts; several jobs may share it."""

    suffix: ClassVar[str] = ""

    type: Literal["parquet"]
    path: PathTemplate = Field(description="template of the folder's path; `doc` cannot be used in it")
    parts: Annotated[int, Field(ge=1, le=MOST_PARTS)] | None = Field(
        default=None,
        description="how many files the rows are spread over; chosen by the size of the first run when left out. Another number is another data set, beside the one there is",
    )
    on_missing: OnMissing = Field(
        default="rewrite",
        description="what happens when the folder is gone: write it again, or `ignore` it because someone consumed it",
    )

    @property
    def identity(self) -> str:
        return "\n" if self.parts is None else f"\n{self.parts} parts"

    def form_in(self, at: Opening) -> RowForm:
        return self.rows_made_ahead(at)

    @property
    def shape(self) -> str:
        named = None if self.columns is None else {name: each.type for name, each in self.columns.items()}
        return repr((self.rows, named, self.parts))


def _open(at: Opening) -> Sink:
    from docbatch.sinks.parquet.data_set import ParquetSink  # noqa: PLC0415 - a library of its own

    return ParquetSink.of(at)


def _files(root: Path, stamp: str) -> Iterator[tuple[bytes, str, int | None, str | None]]:
    from docbatch.sinks.parquet.files_as_left import files_as_left  # noqa: PLC0415 - only what is looked at

    return files_as_left(root, stamp)


def _folder(stamp: str) -> bytes:
    from docbatch.sinks.parquet.files_as_left import folder_of  # noqa: PLC0415 - only what is looked at

    return folder_of(stamp)


def _objects(bucket: Bucket, stamp: str) -> Iterator[tuple[bytes, str, int | None, str | None]]:
    from docbatch.sinks.parquet.files_as_left import objects_as_left  # noqa: PLC0415 - only what is looked at

    return objects_as_left(bucket, stamp)


def _row_place(at: Opening, identity: str, stamp: str | None) -> "RowPlace | None":  # noqa: ARG001 - the stamp says where
    from docbatch.sinks.parquet.data_set_rows import DataSetRows  # noqa: PLC0415 - a library of its own

    return None if stamp is None else DataSetRows.of(at, stamp)


KIND = SinkKind(
    "parquet",
    ParquetSinkSpec,
    _open,
    per_document=False,
    rows=True,
    together=True,
    within=(part_name(0, 1).encode(), MANIFEST.encode()),
    files=_files,
    folder=_folder,
    objects=_objects,
    row_place=_row_place,
    extra=("parquet", "pyarrow"),
)
