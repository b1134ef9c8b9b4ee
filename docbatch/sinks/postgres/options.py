"""A table of a PostgreSQL server: what a spec says of it. The rows are written by `served_rows`."""

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from docbatch.fields import refuse
from docbatch.secret_references import KeyReference, Reference
from docbatch.sinks.base import Sink
from docbatch.sinks.kind import Opening, SinkKind
from docbatch.sinks.rows.options import RowSinkSpec, SharedRowsSpec
from docbatch.sinks.rows.row_form import RowForm

if TYPE_CHECKING:
    from docbatch.sinks.row_place import RowPlace

RECORD = "docbatch_delivered"
"""The table, in the same schema, that says what docbatch wrote to the others."""
LONGEST_NAME = 63
"""Bytes of a name: postgresql.org/docs/current/sql-syntax-lexical.html. The server would cut what is longer."""
_NAME = r"^[^\x00-\x1f\x7f]+$(?!\n)"

_FREE_NAME = _NAME.replace("^", rf"^(?!{RECORD}$)", 1)


def _fits(name: str) -> str:
    if len(name.encode(errors="replace")) > LONGEST_NAME:
        refuse(
            f"a name in PostgreSQL has at most {LONGEST_NAME} bytes",
            "give the table or the schema a shorter one",
        )
    return name


def _is_free(name: str) -> str:
    if name == RECORD:
        refuse(f"{RECORD} is the table of docbatch's own record", "give the rows another table")
    return name


ServedName = Annotated[str, Field(pattern=_NAME, max_length=LONGEST_NAME), AfterValidator(_fits)]


def place_digest(reference: Reference) -> str:
    """Return what stands for a reference to a database, and says nothing of what it holds."""
    written = json.dumps(reference.model_dump(), sort_keys=True).encode(errors="surrogatepass")
    return hashlib.blake2b(written, digest_size=8).hexdigest()


def named_place(identity: str) -> tuple[str, str, str] | None:
    """Return what stands for the reference, schema and table that a sink's identity names; None where it names none."""
    for line in identity.split("\n")[1:]:
        digest, _, written = line.partition(" ")
        try:
            schema, table = json.loads(written)
        except (ValueError, TypeError):
            continue
        return digest, str(schema), str(table)
    return None


class PostgresSinkSpec(SharedRowsSpec, RowSinkSpec):
    """One table of a PostgreSQL server, with rows for each document; several jobs may share it."""

    type: Literal["postgres"]
    dsn: KeyReference = Field(
        description="where the address of the database is found, such as `postgresql://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full`, never the address itself"
    )
    table: Annotated[
        ServedName, Field(json_schema_extra={"pattern": _FREE_NAME}), AfterValidator(_is_free)
    ] = Field(default="documents", description="the table, created when it is not there")
    namespace: ServedName = Field(
        default="public",
        alias="schema",
        description="the schema that the table lies in, which has to be there",
    )

    @property
    def identity(self) -> str:
        return f"\n{self.place}"

    @property
    def place(self) -> str:
        """Text that tells tables apart, as far as a reference to a database can; it says nothing of what the reference holds."""
        return f"{place_digest(self.dsn)} {json.dumps([self.namespace, self.table])}"

    @property
    def part(self) -> str:
        return self.place

    def form_in(self, at: Opening) -> RowForm:
        return self.rows_made_ahead(at, "copy")


def _row_place(at: Opening, identity: str, stamp: str | None) -> "RowPlace | None":
    if not isinstance(at.options, PostgresSinkSpec):
        return None
    from docbatch.sinks.postgres.served_place import ServedPlace  # noqa: PLC0415 - psycopg is an extra

    return ServedPlace.of(at, identity, stamp)


def _open(at: Opening) -> Sink:
    from docbatch.sinks.postgres.served_rows import PostgresSink  # noqa: PLC0415 - psycopg is an extra

    return PostgresSink(at)


KIND = SinkKind(
    "postgres",
    PostgresSinkSpec,
    _open,
    per_document=True,
    rows=True,
    is_served=True,
    row_place=_row_place,
    extra=("postgres", "psycopg"),
)
