"""One table of a DuckDB database: what a spec says of it. The rows are written by the room `databases`."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from docbatch.fields import OnMissing, PathTemplate, refuse
from docbatch.sinks.base import Sink
from docbatch.sinks.kind import FAILURES, FileSinkSpec, Opening, SinkKind
from docbatch.sinks.rows.options import RowSinkSpec
from docbatch.sinks.rows.row_form import RowForm
from docbatch.sinks.sqlite import TABLE, not_ours


class DuckdbSinkSpec(RowSinkSpec, FileSinkSpec):
    """One table of a DuckDB database, with rows of each document; several jobs may share it. It takes the extra `duckdb`."""

    suffix: ClassVar[str] = ".duckdb"

    type: Literal["duckdb"]
    path: PathTemplate = Field(description="template of the database's path; `doc` cannot be used in it")
    table: Annotated[str, Field(pattern=TABLE, max_length=64), AfterValidator(not_ours)] = Field(
        default="documents", description="the table, created when it is not there"
    )
    on_missing: OnMissing = Field(
        default="rewrite",
        description="what happens when the database is gone: write it again, or `ignore` it because someone consumed it",
    )

    failures: bool = FAILURES

    @model_validator(mode="before")
    @classmethod
    def _on_a_disk(cls, written: object) -> object:
        if isinstance(written, dict) and "store" in written:
            refuse(
                "a database cannot lie in a store",
                "DuckDB writes to a disk: leave store out, or write files or jsonl",
            )
        return written

    @property
    def identity(self) -> str:
        return f"\n{self.table}"

    def form_in(self, at: Opening) -> RowForm:
        return self.rows_made_ahead(at)

    @property
    def takes_failures(self) -> bool:
        return self.failures

    @property
    def keeps_jobs_apart(self) -> bool:
        return True

    @property
    def part(self) -> str:
        return self.table.casefold()

    @property
    def shape(self) -> str:
        return self.form_of_rows


BESIDE = (b".wal",)
"""What DuckDB adds to the name of a database for the file that it makes beside it."""


def _open(at: Opening) -> Sink:
    from docbatch.sinks.databases.database_place import DatabasePlace  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.databases.database_sink import DatabaseSink  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.databases.duckdb_database import DuckdbFile  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.rows.row_maker import RowMaker  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.trash import Trash  # noqa: PLC0415 - only what is opened

    trash = Trash(at.trash)
    file = DuckdbFile(DatabasePlace(at.root, at.output, trash))
    return DatabaseSink(file, at.options.table, at.options, RowMaker.of(at), trash)


def _holds_more(path: Path) -> bool:
    from docbatch.sinks.databases.duckdb_database import holds_more  # noqa: PLC0415 - only what is opened

    return holds_more(path)


KIND = SinkKind(
    "duckdb",
    DuckdbSinkSpec,
    _open,
    per_document=False,
    beside=BESIDE,
    rows=True,
    extra=("duckdb", "duckdb"),
    together=True,
    holds_more=_holds_more,
)
