"""One table of a DuckDB database: what a spec says of it. The rows are written by the room `databases`."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from docbatch.sinks.base import Sink
from docbatch.sinks.databases.options import TABLE, DatabaseSinkSpec, not_ours
from docbatch.sinks.kind import Opening, SinkKind
from docbatch.sinks.rows.row_form import RowForm


class DuckdbSinkSpec(DatabaseSinkSpec):
    """One table of a DuckDB database, with rows of each document; several jobs may share it. It takes the extra `duckdb`."""

    suffix: ClassVar[str] = ".duckdb"
    title: ClassVar[str] = "DuckDB"

    type: Literal["duckdb"]
    table: Annotated[str, Field(pattern=TABLE, max_length=64), AfterValidator(not_ours)] = Field(
        default="documents", description="the table, created when it is not there"
    )

    def form_in(self, at: Opening) -> RowForm:
        return self.rows_made_ahead(at)


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


def _holds_more(path: Path, jobs: Collection[str]) -> bool:
    from docbatch.sinks.databases.duckdb_database import holds_more  # noqa: PLC0415 - only what is opened

    return holds_more(path, jobs)


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
