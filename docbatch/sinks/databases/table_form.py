"""The form of a table: what its rows are and the columns it has, as declared and as it was noted when it was made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from docbatch.sinks.databases.row_database import RowDatabase, listed, quoted
from docbatch.sinks.rows.fields import KEYS, RowKind
from docbatch.sinks.rows.row_maker import Column

TABLES = "docbatch_tables"
"""A row for each table that docbatch made in a database: what its rows are, and its columns with their types."""

DOCUMENTS = "docbatch_documents"
"""A row for each document that is delivered to such a table: digests of its result and of its rows, and how many these are."""

NOTES = (TABLES, DOCUMENTS)
"""What every database has in which a table was declared."""

_VERSION = 1


@dataclass(frozen=True, slots=True)
class TableForm:
    """`columns` are names and types of ours, without those of the key."""

    rows: RowKind
    columns: Mapping[str, str]

    @classmethod
    def of(cls, rows: RowKind, columns: Sequence[Column]) -> Self:
        return cls(rows, {column.name: column.type for column in columns if not column.is_key})

    @property
    def keys(self) -> tuple[str, ...]:
        return KEYS[self.rows]

    @property
    def parts(self) -> tuple[str, ...]:
        """What tells the rows of a document apart."""
        return self.keys[2:]

    @property
    def types(self) -> dict[str, str]:
        """Names and types of all columns, the key's first."""
        keys = {name: "integer" if name == "row" else "text" for name in self.keys}
        return {**keys, **self.columns}

    def extended(self, former: "TableForm") -> "TableForm":
        """Return the form of a table that keeps the columns it had before beside those of this one."""
        return TableForm(self.rows, {**former.columns, **self.columns})

    def created(self, table: str, database: RowDatabase) -> str:
        """Return the statement that makes the table."""
        columns = [
            f"{quoted(name)} {database.types[kind]}{' NOT NULL' if name in self.keys else ''}"
            for name, kind in self.types.items()
        ]
        return f"CREATE TABLE {quoted(table)} ({', '.join(columns)}, PRIMARY KEY ({listed(self.keys)}))"


def note(database: RowDatabase, table: str, form: TableForm) -> None:
    """DeliveredNote which form a table of ours has, inside a transaction."""
    database.run(f"DELETE FROM {TABLES} WHERE name = ?", [table.lower()])  # noqa: S608
    database.run(
        f"INSERT INTO {TABLES} (name, row_kind, columns, version) VALUES (?, ?, ?, ?)",  # noqa: S608
        [table.lower(), form.rows, json.dumps(dict(form.columns)), _VERSION],
    )


def noted(database: RowDatabase, table: str) -> TableForm | None:
    """Return the form of a table of ours; None of any other. Raises ValueError where what was noted cannot be read."""
    if not database.columns(TABLES):
        return None
    found = database.run(f"SELECT row_kind, columns FROM {TABLES} WHERE name = ?", [table.lower()])  # noqa: S608
    if not found:
        return None
    ((rows, columns),) = found
    kind = next((each for each in KEYS if each == rows), None)
    named = _named(str(columns))
    if kind is None or named is None:
        raise ValueError(f"{TABLES} says nothing that this docbatch understands")
    return TableForm(kind, named)


def _named(text: str) -> dict[str, str] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    return {str(name): str(kind) for name, kind in found.items()}


def make_notes(database: RowDatabase) -> None:
    """Make the tables of ours that say what is delivered, inside a transaction."""
    database.run(
        f"CREATE TABLE IF NOT EXISTS {TABLES} (name TEXT PRIMARY KEY, row_kind TEXT, columns TEXT, version INTEGER)"
    )
    database.run(
        f"CREATE TABLE IF NOT EXISTS {DOCUMENTS} (table_name TEXT, job TEXT, path TEXT, result_digest TEXT,"
        " rows_digest TEXT, row_count INTEGER, PRIMARY KEY (table_name, job, path))"
    )
