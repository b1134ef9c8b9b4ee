"""One table for a job, with a row for each document: what a spec says of it. The rows are written by `sqlite_rows`."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from docbatch.fields import OnMissing, PathTemplate, refuse
from docbatch.sinks.base import Sink
from docbatch.sinks.kind import FAILURES, FileSinkSpec, Opening, SinkKind

TABLE = r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)"
_FREE_TABLE = TABLE.replace("^", "^(?![Ss][Qq][Ll][Ii][Tt][Ee]_)", 1)


def _not_reserved(table: str) -> str:
    if table.lower().startswith("sqlite_"):
        refuse("a table's name cannot begin with sqlite_", "SQLite keeps these names for itself")
    return table


class SqliteSinkSpec(FileSinkSpec):
    """One table, with one row for each document; several jobs may share it."""

    suffix: ClassVar[str] = ".db"

    type: Literal["sqlite"]
    path: PathTemplate = Field(description="template of the database's path; `doc` cannot be used in it")
    table: Annotated[
        str,
        Field(pattern=TABLE, max_length=64, json_schema_extra={"pattern": _FREE_TABLE}),
        AfterValidator(_not_reserved),
    ] = Field(default="documents", description="the table, created when it is not there")
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
                "SQLite needs a disk: leave store out, or write files or jsonl",
            )
        return written

    @property
    def identity(self) -> str:
        return f"\n{self.table}"

    @property
    def takes_failures(self) -> bool:
        return self.failures

    @property
    def keeps_jobs_apart(self) -> bool:
        return True

    @property
    def part(self) -> str:
        return self.table.casefold()


BESIDE = (b"-journal", b"-wal", b"-shm")
"""What SQLite adds to the name of a database for the files that it makes beside it."""


def _open(at: Opening) -> Sink:
    from docbatch.sinks.rows.facts import RowFacts  # noqa: PLC0415 - only what is opened
    from docbatch.sinks.sqlite_rows import SqliteSink  # noqa: PLC0415 - judging specs needs no SQLite
    from docbatch.sinks.trash import Trash  # noqa: PLC0415 - only what is opened

    return SqliteSink(
        at.root, at.output, table=at.options.table, trash=Trash(at.trash), facts=RowFacts.of(at)
    )


KIND = SinkKind("sqlite", SqliteSinkSpec, _open, per_document=False, beside=BESIDE, rows=True)
