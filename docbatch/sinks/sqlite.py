"""One table for a job: what a spec says of it. Rows that are declared are written by the room `databases`, others by `sqlite_rows`."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from docbatch.fields import refuse
from docbatch.sinks.base import Sink
from docbatch.sinks.databases.options import TABLE, DatabaseSinkSpec, not_ours
from docbatch.sinks.kind import Opening, SinkKind
from docbatch.sinks.rows.row_form import RowForm

_FREE_TABLE = TABLE.replace("^", "^(?![Ss][Qq][Ll][Ii][Tt][Ee]_)", 1)


def _not_reserved(table: str) -> str:
    if table.lower().startswith("sqlite_"):
        refuse("a table's name cannot begin with sqlite_", "SQLite keeps these names for itself")
    return table


class SqliteSinkSpec(DatabaseSinkSpec):
    """One table, with rows of each document; several jobs may share it."""

    suffix: ClassVar[str] = ".db"
    title: ClassVar[str] = "SQLite"

    type: Literal["sqlite"]
    table: Annotated[
        str,
        Field(pattern=TABLE, max_length=64, json_schema_extra={"pattern": _FREE_TABLE}),
        AfterValidator(_not_reserved),
        AfterValidator(not_ours),
    ] = Field(default="documents", description="the table, created when it is not there")

    def form_in(self, at: Opening) -> RowForm | None:
        return self.rows_made_ahead(at) if self.are_declared else None


BESIDE = (b"-journal", b"-wal", b"-shm")
"""What SQLite adds to the name of a database for the files that it makes beside it."""


def _open(at: Opening) -> Sink:
    return _declared(at) if at.options.are_declared else _undeclared(at)


def _declared(at: Opening) -> Sink:
    from docbatch.sinks.databases.database_place import DatabasePlace  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.databases.database_sink import DatabaseSink  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.databases.sqlite_database import SqliteFile  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.rows.row_maker import RowMaker  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.trash import Trash  # noqa: PLC0415 - only what is opened

    trash = Trash(at.trash)
    file = SqliteFile(DatabasePlace(at.root, at.output, trash))
    return DatabaseSink(file, at.options.table, at.options, RowMaker.of(at), trash)


def _undeclared(at: Opening) -> Sink:
    from docbatch.sinks.rows.facts import RowFacts  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.sqlite_rows import SqliteSink  # noqa: PLC0415 - judging specs needs no SQLite
    from docbatch.sinks.trash import Trash  # noqa: PLC0415 - only what is opened

    return SqliteSink(
        at.root, at.output, table=at.options.table, trash=Trash(at.trash), facts=RowFacts.of(at)
    )


def _holds_more(path: Path, jobs: Collection[str]) -> bool:
    from docbatch.sinks.databases.sqlite_database import holds_more  # noqa: PLC0415 - judging specs needs no SQLite

    return holds_more(path, jobs)


KIND = SinkKind(
    "sqlite", SqliteSinkSpec, _open, per_document=False, beside=BESIDE, rows=True, holds_more=_holds_more
)
