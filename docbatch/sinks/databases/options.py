"""What a spec says of a table in a database that is a file."""

from typing import ClassVar

from pydantic import Field, model_validator

from docbatch.fields import OnMissing, PathTemplate, refuse
from docbatch.sinks.kind import FileSinkSpec
from docbatch.sinks.rows.options import RowSinkSpec, SharedRowsSpec

TABLE = r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)"


def not_ours(table: str) -> str:
    """Return the name of a table that no notes of docbatch's are in."""
    if table.lower() in {"docbatch_tables", "docbatch_documents", "docbatch_jobs"}:
        refuse(f"a table cannot be called {table}", "docbatch keeps this name for what it notes of rows")
    return table


class DatabaseSinkSpec(SharedRowsSpec, RowSinkSpec, FileSinkSpec):
    """A table that several jobs may share. A kind says what a `table` may be called; `title` is what its databases are called."""

    title: ClassVar[str]

    type: str
    path: PathTemplate = Field(description="template of the database's path; `doc` cannot be used in it")
    table: str = Field(default="documents", description="the table, created when it is not there")
    on_missing: OnMissing = Field(
        default="rewrite",
        description="what happens when the database is gone: write it again, or `ignore` it because someone consumed it",
    )

    @model_validator(mode="before")
    @classmethod
    def _on_a_disk(cls, written: object) -> object:
        if isinstance(written, dict) and "store" in written:
            refuse(
                "a database cannot lie in a store",
                f"{cls.title} needs a disk: leave store out, or write files or jsonl",
            )
        return written

    @property
    def identity(self) -> str:
        return f"\n{self.table}"

    @property
    def part(self) -> str:
        return self.table.casefold()

    @property
    def shape(self) -> str:
        return self.form_of_rows
